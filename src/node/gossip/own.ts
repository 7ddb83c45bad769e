/** Our node_announcement. */
import { type Bytes, equal, hex, utf8 } from '../../core/bytes/index.js';
import { sha256d } from '../../core/crypto/index.js';
import {
  type AddressDescriptor,
  featuresFor,
  type MessageOf,
  signedPart,
} from '../../core/wire/index.js';
import type { NetAddress, Signer } from '../../ports/index.js';
import type { GossipServiceOptions } from './types.js';

type NodeAnnouncement = MessageOf<'nodeAnnouncement'>;

const ALIAS_BYTES = 32;

/** A fresh announcement, or nothing where `previous` says the same. */
export function ownNodeAnnouncement(
  options: GossipServiceOptions,
  signer: Pick<Signer, 'sign' | 'nodeId'>,
  previous: NodeAnnouncement | undefined,
  now: number,
): NodeAnnouncement | undefined {
  const content = {
    features: featuresFor(options.features, 'node'),
    nodeId: signer.nodeId,
    rgbColor: hex(options.color),
    alias: aliasBytes(options.alias),
    addresses: descriptors(options.announced),
  };
  // BOLT 7, node_announcement: each timestamp is greater than the one before.
  const timestamp = Math.max(now, (previous?.timestamp ?? 0) + 1);
  const unsigned: NodeAnnouncement = {
    kind: 'nodeAnnouncement',
    signature: new Uint8Array(64),
    timestamp,
    ...content,
  };
  if (previous !== undefined) {
    const same = { ...unsigned, timestamp: previous.timestamp };
    if (equal(signedPart(same), signedPart(previous))) return undefined;
  }
  return { ...unsigned, signature: signer.sign({ kind: 'node' }, sha256d(signedPart(unsigned))) };
}

/** BOLT 7, node_announcement: UTF-8, cut between characters, zeros behind it. */
function aliasBytes(alias: string): Bytes {
  const out = new Uint8Array(ALIAS_BYTES);
  let cut = alias;
  while (utf8(cut).length > ALIAS_BYTES) cut = [...cut].slice(0, -1).join('');
  out.set(utf8(cut));
  return out;
}

const TYPES = ['ipv4', 'ipv6', 'torV2', 'torV3', 'dns', 'unknown'];

/** BOLT 7, node_announcement: in ascending order of type, ports not zero, one hostname at most. */
function descriptors(addresses: readonly NetAddress[]): AddressDescriptor[] {
  const all = addresses.flatMap((address) => {
    const descriptor = address.port === 0 ? undefined : descriptorOf(address);
    return descriptor === undefined ? [] : [descriptor];
  });
  const firstDns = all.findIndex((d) => d.kind === 'dns');
  return all
    .filter((d, i) => d.kind !== 'dns' || i === firstDns)
    .sort((a, b) => TYPES.indexOf(a.kind) - TYPES.indexOf(b.kind));
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

function descriptorOf({ host, port }: NetAddress): AddressDescriptor | undefined {
  const v4 = IPV4.exec(host);
  if (v4 !== null) {
    const address = Uint8Array.from(v4.slice(1).map(Number));
    return { kind: 'ipv4', address, port };
  }
  if (host.includes(':')) {
    const address = ipv6Bytes(host);
    return address === undefined ? undefined : { kind: 'ipv6', address, port };
  }
  if (host.endsWith('.onion')) {
    const address = base32(host.slice(0, -'.onion'.length));
    return address?.length === 35 ? { kind: 'torV3', address, port } : undefined;
  }
  return /^[\x21-\x7e]{1,255}$/.test(host) ? { kind: 'dns', hostname: host, port } : undefined;
}

function ipv6Bytes(host: string): Bytes | undefined {
  const [head = '', tail] = host.replace(/^\[|\]$/g, '').split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((w) => Number.parseInt(w, 16));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 0) return undefined;
  const all = [...before, ...new Array<number>(missing).fill(0), ...after];
  if (!all.every((w) => w >= 0 && w <= 0xffff)) return undefined;
  return Uint8Array.from(all.flatMap((w) => [w >> 8, w & 0xff]));
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

function base32(text: string): Bytes | undefined {
  const out: number[] = [];
  let bits = 0;
  let value = 0;
  for (const char of text.toLowerCase()) {
    const digit = BASE32.indexOf(char);
    if (digit < 0) return undefined;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push((value >> bits) & 0xff);
  }
  return Uint8Array.from(out);
}

/** A descriptor as people write it and as it is called. */
export function addressOf(
  descriptor: AddressDescriptor,
): { readonly type: 'ipv4' | 'ipv6' | 'torv3' | 'dns'; readonly address: NetAddress } | undefined {
  if (descriptor.kind === 'unknown' || descriptor.kind === 'torV2') return undefined;
  const { port } = descriptor;
  // BOLT 7, node_announcement: an address with port 0 is ignored.
  if (port === 0) return undefined;
  switch (descriptor.kind) {
    case 'ipv4':
      return { type: 'ipv4', address: { host: descriptor.address.join('.'), port } };
    case 'ipv6': {
      const view = new DataView(descriptor.address.buffer, descriptor.address.byteOffset, 16);
      const words = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
      return { type: 'ipv6', address: { host: words.join(':'), port } };
    }
    case 'torV3':
      return { type: 'torv3', address: { host: `${toBase32(descriptor.address)}.onion`, port } };
    case 'dns':
      return { type: 'dns', address: { host: descriptor.hostname, port } };
  }
}

function toBase32(bytes: Bytes): string {
  let out = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0x1fff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += BASE32[(value >> bits) & 31];
    }
  }
  return out;
}
