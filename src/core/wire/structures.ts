/** Codecs made of codecs: for messages, for TLV records, and for what the store keeps. */
import { type Bytes, type ChannelId, hex, type NodeId, toHex } from '../bytes/index.js';
import { asFault, type Codec, encode, Fault, type Infer } from './codec.js';
import { bytes32, fixed, mapped, u8, u16, uint } from './primitives.js';

export interface OptionalCodec<T> extends Codec<T | undefined> {
  readonly optional: true;
}

export type Fields = Readonly<Record<string, Codec<unknown>>>;

type OptionalNames<F extends Fields> = {
  [K in keyof F]: F[K] extends OptionalCodec<unknown> ? K : never;
}[keyof F];

/** The object that a table of fields stands for; `optional` fields may be left out. */
export type RecordOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalNames<F>>]: Infer<F[K]>;
} & {
  readonly [K in OptionalNames<F>]?: Exclude<Infer<F[K]>, undefined>;
} extends infer R
  ? { [K in keyof R]: R[K] }
  : never;

/** The fields one after another, in the order in which they are declared. */
export function record<F extends Fields>(fields: F): Codec<RecordOf<F>> {
  const entries = Object.entries(fields);
  return {
    encode(writer, value) {
      const source = value as Record<string, unknown>;
      for (const [name, codec] of entries) codec.encode(writer, source[name]);
    },
    decode(reader) {
      const target: Record<string, unknown> = {};
      let current = '';
      try {
        for (const [name, codec] of entries) {
          current = name;
          const value = codec.decode(reader);
          if (value !== undefined) target[name] = value;
        }
      } catch (thrown) {
        throw asFault(thrown).within(current);
      }
      return target as RecordOf<F>;
    },
  };
}

/** A byte 0 (left out) or 1 and the value. */
export function optional<T>(codec: Codec<T>): OptionalCodec<T> {
  return {
    optional: true,
    encode(writer, value) {
      writer.u8(value === undefined ? 0 : 1);
      if (value !== undefined) codec.encode(writer, value);
    },
    decode(reader) {
      const present = reader.u8();
      if (present > 1) throw new Fault('out_of_range');
      return present === 1 ? codec.decode(reader) : undefined;
    },
  };
}

/** A last field that older senders leave out: absent where no bytes are left. */
export function trailing<T>(codec: Codec<T>): OptionalCodec<T> {
  return {
    optional: true,
    encode(writer, value) {
      if (value !== undefined) codec.encode(writer, value);
    },
    decode: (reader) => (reader.left === 0 ? undefined : codec.decode(reader)),
  };
}

/** Like `optional`, where the value is a `null` and not a gap. */
export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  const inner = optional(codec);
  return mapped(
    inner,
    (value) => (value === undefined ? null : value),
    (value) => (value === null ? undefined : value),
  );
}

function list<T>(count: Codec<number>, element: Codec<T>): Codec<readonly T[]> {
  return {
    encode(writer, value) {
      count.encode(writer, value.length);
      for (const item of value) element.encode(writer, item);
    },
    decode(reader) {
      const length = count.decode(reader);
      // Elements take at least a byte each, so that a lying count costs nothing.
      if (length > reader.left) throw new Fault('truncated');
      const out: T[] = [];
      for (let i = 0; i < length; i++) out.push(element.decode(reader));
      return out;
    },
  };
}

/** A u16 count and the elements: the messages' own form. */
export const array16 = <T>(element: Codec<T>): Codec<readonly T[]> => list(u16, element);
/** A bigsize count and the elements: the store's form. Elements must not be empty. */
export const array = <T>(element: Codec<T>): Codec<readonly T[]> => list(uint, element);

/** Elements up to the end of the message or TLV record. */
export function restOf<T>(element: Codec<T>): Codec<readonly T[]> {
  return {
    encode(writer, value) {
      for (const item of value) element.encode(writer, item);
    },
    decode(reader) {
      const out: T[] = [];
      while (reader.left > 0) out.push(element.decode(reader));
      return out;
    },
  };
}

/** A bigsize count and pairs, in the map's own order, which is kept. */
export function map<K, V>(key: Codec<K>, value: Codec<V>): Codec<ReadonlyMap<K, V>> {
  const pairs = array(tuple(key, value));
  return mapped(
    pairs,
    (entries) => new Map(entries),
    (entries) => [...entries],
  );
}

export function tuple<A, B>(first: Codec<A>, second: Codec<B>): Codec<readonly [A, B]> {
  return {
    encode(writer, [a, b]) {
      first.encode(writer, a);
      second.encode(writer, b);
    },
    decode: (reader) => [first.decode(reader), second.decode(reader)],
  };
}

/** One of a fixed list of strings, as a byte: its place in the list, which must never change. */
export function choice<const T extends string>(...names: readonly T[]): Codec<T> {
  return {
    encode(writer, value) {
      const index = names.indexOf(value);
      if (index < 0) throw new RangeError(`cannot encode ${value} as one of ${names.join(', ')}`);
      writer.u8(index);
    },
    decode(reader) {
      const value = names[reader.u8()];
      if (value === undefined) throw new Fault('out_of_range');
      return value;
    },
  };
}

type Cases = Readonly<Record<string, readonly [tag: number, fields: Fields]>>;

/** The union, discriminated by `kind`, that a table of cases stands for. */
export type VariantOf<C extends Cases> = {
  [K in keyof C & string]: { readonly kind: K } & RecordOf<C[K][1]> extends infer R
    ? { readonly [P in keyof R]: R[P] }
    : never;
}[keyof C & string];

/** A tag byte, which must never change its meaning, and the fields of the case it names. */
export function variant<C extends Cases>(cases: C): Codec<VariantOf<C>> {
  const byKind = new Map<string, { tag: number; codec: Codec<object> }>();
  const byTag = new Map<number, { kind: string; codec: Codec<object> }>();
  for (const [kind, [tag, fields]] of Object.entries(cases)) {
    const codec = record(fields) as Codec<object>;
    if (byTag.has(tag)) throw new Error(`variant: tag ${tag} is used twice`);
    byKind.set(kind, { tag, codec });
    byTag.set(tag, { kind, codec });
  }
  return {
    encode(writer, value) {
      const { kind } = value as unknown as { kind: string };
      const found = byKind.get(kind);
      if (found === undefined) throw new RangeError(`cannot encode the case ${kind}`);
      u8.encode(writer, found.tag);
      found.codec.encode(writer, value as object);
    },
    decode(reader) {
      const found = byTag.get(reader.u8());
      if (found === undefined) throw new Fault('out_of_range');
      try {
        return { kind: found.kind, ...found.codec.decode(reader) } as unknown as VariantOf<C>;
      } catch (thrown) {
        throw asFault(thrown).within(found.kind);
      }
    },
  };
}

/**
 * What the store keeps: a u16 version and the value. Old versions are read by `older`, each of
 * which gives the present type (`mapped(oldCodec, upgrade, …)`); only `version` is written.
 */
export function versioned<T>(
  version: number,
  codec: Codec<T>,
  older: Readonly<Record<number, Pick<Codec<T>, 'decode'>>> = {},
): Codec<T> {
  return {
    encode(writer, value) {
      writer.u16(version);
      codec.encode(writer, value);
    },
    decode(reader) {
      const found = reader.u16();
      const reads = found === version ? codec : older[found];
      if (reads === undefined) throw new Fault('unknown_version');
      return reads.decode(reader);
    },
  };
}

/** Objects that never change and are encoded again and again: their bytes are kept with them. */
export function kept<T extends object>(codec: Codec<T>): Codec<T> {
  const known = new WeakMap<T, Bytes>();
  return {
    encode(writer, value) {
      let bytes = known.get(value);
      if (bytes === undefined) {
        bytes = encode(codec, value);
        known.set(value, bytes);
      }
      writer.bytes(bytes);
    },
    decode: (reader) => codec.decode(reader),
  };
}

/** A codec that is declared later than it is used: for data that holds itself. */
export function lazy<T>(get: () => Codec<T>): Codec<T> {
  return {
    encode(writer, value) {
      get().encode(writer, value);
    },
    decode: (reader) => get().decode(reader),
  };
}

/** A fixed number of bytes on disk, lower-case hex in memory: keys of maps. */
export const hexOf = <T extends string>(length: number): Codec<T> =>
  mapped(fixed(length), (value) => toHex(value) as T, hex);
export const nodeIdHex = hexOf<NodeId>(33);
export const channelIdHex: Codec<ChannelId> = mapped(bytes32, (v) => toHex(v) as ChannelId, hex);
