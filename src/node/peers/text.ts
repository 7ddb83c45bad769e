import { type Bytes, fromUtf8, type NodeId, toHex } from '../../core/bytes/index.js';
import type { WireError } from '../../core/wire/index.js';
import type { NetAddress } from '../../ports/index.js';

/** BOLT 1, error and warning: what is not printable ASCII is not printed as it came. */
export function printable(data: Bytes): string {
  const shown = data.subarray(0, 1000);
  const plain = shown.every((byte) => byte >= 32 && byte <= 126);
  return `${plain ? fromUtf8(shown) : toHex(shown)}${shown.length < data.length ? '…' : ''}`;
}

export const printedAddress = ({ host, port }: NetAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const ADDRESS = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/;

export function parsedAddress(text: string): NetAddress | undefined {
  const match = ADDRESS.exec(text);
  if (match === null) return undefined;
  return { host: (match[1] ?? match[2]) as string, port: Number(match[3]) };
}

/** `peer-` and enough of the id to tell peers apart in a log. */
export const peerName = (nodeId: NodeId): string => `peer-${nodeId.slice(0, 16)}`;

/** What a warning to the peer says of bytes that did not decode. */
export function describeWireError(error: WireError): string {
  const where = [
    error.messageType === undefined ? '' : `message ${error.messageType}`,
    error.field === undefined ? '' : `field ${error.field}`,
    error.tlvType === undefined ? '' : `tlv ${error.tlvType}`,
  ].filter((part) => part !== '');
  return [error.code.replaceAll('_', ' '), ...where].join(', ');
}
