/** BOLT 1, "Type-Length-Value Format". */
import { type Bytes, Reader, Writer } from '../bytes/index.js';
import { asFault, type Codec, Fault, type Infer } from './codec.js';
import { bigsize } from './primitives.js';

/** A record whose type we do not know: kept, so that what was signed can be put together again. */
export interface TlvRecord {
  readonly type: bigint;
  readonly value: Bytes;
}

export type TlvTable = Readonly<
  Record<string, readonly [type: number | bigint, codec: Codec<unknown>]>
>;

/** Every known record may be absent. `unknown` is absent where there is none. */
export type TlvsOf<T extends TlvTable> = {
  readonly [K in keyof T]?: Infer<T[K][1]>;
} & { readonly unknown?: readonly TlvRecord[] } extends infer R
  ? { [K in keyof R]: R[K] }
  : never;

/** A stream's records as they lie, without a look at their values. Throws a Fault. */
export function readRecords(
  reader: Reader,
  each: (type: bigint, value: Bytes, offset: number) => void,
): void {
  const start = reader.offset;
  let last = -1n;
  while (reader.left > 0) {
    const offset = reader.offset - start;
    let type: bigint | undefined;
    try {
      type = bigsize.decode(reader);
      // BOLT 1, Type-Length-Value Format: types are strictly increasing.
      if (type <= last) throw new Fault('tlv_order');
      last = type;
      const length = bigsize.decode(reader);
      // BOLT 1, Type-Length-Value Format: a length does not exceed what is left.
      if (length > BigInt(reader.left)) throw new Fault('truncated');
      each(type, reader.take(Number(length)), offset);
    } catch (thrown) {
      const fault = asFault(thrown);
      if (type !== undefined) fault.tlvType ??= type;
      fault.tlvOffset ??= offset;
      throw fault;
    }
  }
}

function writeRecord(writer: Writer, type: bigint, value: Bytes): void {
  bigsize.encode(writer, type);
  bigsize.encode(writer, BigInt(value.length));
  writer.bytes(value);
}

/**
 * A stream up to the end of the message, as a table `name: [type, codec]`. An unknown even type
 * is refused (with its type and offset in the error), an unknown odd one kept in `unknown`.
 */
export function tlvStream<const T extends TlvTable>(table: T): Codec<TlvsOf<T>> {
  const known = Object.entries(table)
    .map(([name, [type, codec]]) => ({ name, type: BigInt(type), codec }))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
  const byType = new Map(known.map((entry) => [entry.type, entry]));

  return {
    encode(writer, value) {
      const source = value as Record<string, unknown>;
      const records: TlvRecord[] = [];
      for (const { name, type, codec } of known) {
        if (source[name] === undefined) continue;
        const inner = new Writer();
        codec.encode(inner, source[name]);
        records.push({ type, value: inner.finish() });
      }
      const unknown = source['unknown'] as readonly TlvRecord[] | undefined;
      if (unknown !== undefined) {
        records.push(...unknown);
        records.sort((a, b) => (a.type < b.type ? -1 : 1));
      }
      for (const record of records) writeRecord(writer, record.type, record.value);
    },

    decode(reader) {
      const target: Record<string, unknown> = {};
      const unknown: TlvRecord[] = [];
      readRecords(reader, (type, value) => {
        const entry = byType.get(type);
        if (entry === undefined) {
          // BOLT 1, Type-Length-Value Format: an unknown even type fails the stream.
          if (type % 2n === 0n) throw new Fault('unknown_even_tlv');
          unknown.push({ type, value });
          return;
        }
        target[entry.name] = decodeValue(entry.name, entry.codec, value);
      });
      if (unknown.length > 0) target['unknown'] = unknown;
      return target as TlvsOf<T>;
    },
  };
}

function decodeValue(name: string, codec: Codec<unknown>, bytes: Bytes): unknown {
  const reader = new Reader(bytes);
  try {
    const value = codec.decode(reader);
    // BOLT 1, Type-Length-Value Format: the length is exactly that of the known encoding.
    if (reader.left > 0) throw new Fault('trailing_bytes');
    return value;
  } catch (thrown) {
    throw asFault(thrown).within(name);
  }
}
