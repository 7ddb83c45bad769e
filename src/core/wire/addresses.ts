/** BOLT 7, node_announcement: address descriptors. */
import { type Bytes, fromUtf8, Reader, utf8, Writer } from '../bytes/index.js';
import { asFault, type Codec, Fault } from './codec.js';
import { bytes16, fixed, mapped } from './primitives.js';

export type AddressDescriptor =
  /** 4 bytes. */
  | { readonly kind: 'ipv4'; readonly address: Bytes; readonly port: number }
  /** 16 bytes. */
  | { readonly kind: 'ipv6'; readonly address: Bytes; readonly port: number }
  /** 10 bytes; deprecated. */
  | { readonly kind: 'torV2'; readonly address: Bytes; readonly port: number }
  /** 35 bytes: ed25519 key, checksum, version. */
  | { readonly kind: 'torV3'; readonly address: Bytes; readonly port: number }
  | { readonly kind: 'dns'; readonly hostname: string; readonly port: number }
  /** The first descriptor of an unknown type and all bytes that follow it, its type first. */
  | { readonly kind: 'unknown'; readonly data: Bytes };

const BINARY = { ipv4: [1, 4], ipv6: [2, 16], torV2: [3, 10], torV3: [4, 35] } as const;
const BY_TYPE = new Map(
  (['ipv4', 'ipv6', 'torV2', 'torV3'] as const).map((kind) => [
    BINARY[kind][0] as number,
    { kind, length: BINARY[kind][1] },
  ]),
);
const DNS = 5;
// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what BOLT 7 asks for.
const ASCII = /^[\x00-\x7f]*$/;

function readDescriptor(reader: Reader): AddressDescriptor {
  const start = reader.offset;
  const type = reader.u8();
  const binary = BY_TYPE.get(type);
  if (binary !== undefined)
    return { kind: binary.kind, address: reader.take(binary.length), port: reader.u16() };
  if (type === DNS) {
    const hostname = fromUtf8(reader.take(reader.u8()));
    // BOLT 7, node_announcement: a hostname is ASCII.
    if (!ASCII.test(hostname)) throw new Fault('bad_address');
    return { kind: 'dns', hostname, port: reader.u16() };
  }
  reader.offset = start;
  return { kind: 'unknown', data: reader.rest() };
}

function writeDescriptor(writer: Writer, value: AddressDescriptor): void {
  if (value.kind === 'unknown') {
    writer.bytes(value.data);
    return;
  }
  if (value.kind === 'dns') {
    const hostname = utf8(value.hostname);
    if (hostname.length > 255 || !ASCII.test(value.hostname))
      throw new RangeError(`cannot announce the hostname ${value.hostname}`);
    writer.u8(DNS).u8(hostname.length).bytes(hostname).u16(value.port);
    return;
  }
  const [type, length] = BINARY[value.kind];
  writer.u8(type);
  fixed(length).encode(writer, value.address);
  writer.u16(value.port);
}

/** One descriptor and nothing else, as `remote_addr` of init holds it. */
export const addressDescriptor: Codec<AddressDescriptor> = {
  encode: writeDescriptor,
  decode: readDescriptor,
};

/** A u16 length in bytes and descriptors; the first one of an unknown type takes the rest. */
export const addressList: Codec<readonly AddressDescriptor[]> = mapped(
  bytes16,
  (data) => {
    const reader = new Reader(data);
    const out: AddressDescriptor[] = [];
    try {
      while (reader.left > 0) out.push(readDescriptor(reader));
    } catch (thrown) {
      asFault(thrown);
      // BOLT 7, node_announcement: addrlen must hold the descriptors of the known types.
      throw new Fault('bad_address');
    }
    return out;
  },
  (list) => {
    const writer = new Writer();
    for (const item of list) writeDescriptor(writer, item);
    return writer.finish();
  },
);
