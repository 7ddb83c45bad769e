/** Codecs of BOLT 1, "Fundamental Types". Numbers are big-endian. */
import {
  type Bytes,
  EMPTY,
  type Msat,
  type Reader,
  type Sat,
  type ShortChannelId,
  utf8,
  type Writer,
} from '../bytes/index.js';
import { isValidPublicKey } from '../crypto/index.js';
import { type Codec, Fault } from './codec.js';

/** Thrown where our own code hands an encoder a value that its field cannot hold. */
function bug(what: string, value: unknown): never {
  throw new RangeError(`cannot encode ${String(value)} as ${what}`);
}

function unsigned(name: 'u8' | 'u16' | 'u32', max: number): Codec<number> {
  return {
    encode(writer, value) {
      if (!Number.isInteger(value) || value < 0 || value > max) bug(name, value);
      writer[name](value);
    },
    decode: (reader) => reader[name](),
  };
}

export const u8 = unsigned('u8', 0xff);
export const u16 = unsigned('u16', 0xffff);
export const u32 = unsigned('u32', 0xffffffff);

const U64_MAX = 0xffffffffffffffffn;

function unsigned64<T extends bigint>(name: string): Codec<T> {
  return {
    encode(writer, value) {
      if (value < 0n || value > U64_MAX) bug(name, value);
      writer.u64(value);
    },
    decode: (reader) => reader.u64() as T,
  };
}

export const u64: Codec<bigint> = unsigned64('u64');
export const msat: Codec<Msat> = unsigned64('msat');
export const sat: Codec<Sat> = unsigned64('sat');
export const scid: Codec<ShortChannelId> = unsigned64('short_channel_id');

/** Two's complement. */
function signed(name: 's8' | 's16' | 's32', codec: Codec<number>, width: number): Codec<number> {
  const half = 2 ** (width - 1);
  return {
    encode(writer, value) {
      if (!Number.isInteger(value) || value < -half || value >= half) bug(name, value);
      codec.encode(writer, value < 0 ? value + 2 * half : value);
    },
    decode(reader) {
      const value = codec.decode(reader);
      return value < half ? value : value - 2 * half;
    },
  };
}

export const s8 = signed('s8', u8, 8);
export const s16 = signed('s16', u16, 16);
export const s32 = signed('s32', u32, 32);
export const s64: Codec<bigint> = {
  encode(writer, value) {
    if (BigInt.asIntN(64, value) !== value) bug('s64', value);
    writer.u64(BigInt.asUintN(64, value));
  },
  decode: (reader) => BigInt.asIntN(64, reader.u64()),
};

function readBigsize(reader: Reader): bigint {
  const first = reader.u8();
  if (first < 0xfd) return BigInt(first);
  const [value, least] =
    first === 0xfd
      ? [BigInt(reader.u16()), 0xfdn]
      : first === 0xfe
        ? [BigInt(reader.u32()), 0x10000n]
        : [reader.u64(), 0x100000000n];
  // BOLT 1, Appendix A: a bigsize has only its shortest encoding.
  if (value < least) throw new Fault('not_minimal');
  return value;
}

function writeBigsize(writer: Writer, value: bigint): void {
  if (value < 0n || value > U64_MAX) bug('bigsize', value);
  if (value < 0xfdn) writer.u8(Number(value));
  else if (value < 0x10000n) writer.u8(0xfd).u16(Number(value));
  else if (value < 0x100000000n) writer.u8(0xfe).u32(Number(value));
  else writer.u8(0xff).u64(value);
}

export const bigsize: Codec<bigint> = { encode: writeBigsize, decode: readBigsize };

/** A bigsize that a number holds exactly: counts and lengths. */
export const uint: Codec<number> = {
  encode(writer, value) {
    if (!Number.isSafeInteger(value) || value < 0) bug('uint', value);
    if (value < 0xfd) writer.u8(value);
    else writeBigsize(writer, BigInt(value));
  },
  decode(reader) {
    const value = readBigsize(reader);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Fault('out_of_range');
    return Number(value);
  },
};

/** BOLT 1: the last value of a TLV record, without leading zeros; reads all that is left. */
function truncated<T extends bigint>(width: number): Codec<T> {
  return {
    encode(writer, value) {
      if (value < 0n || value >> BigInt(8 * width) !== 0n) bug(`tu${8 * width}`, value);
      let shift = 0;
      while (value >> BigInt(8 * shift) !== 0n) shift++;
      while (shift-- > 0) writer.u8(Number((value >> BigInt(8 * shift)) & 0xffn));
    },
    decode(reader) {
      const bytes = reader.rest();
      if (bytes.length > width) throw new Fault('trailing_bytes');
      if (bytes[0] === 0) throw new Fault('not_minimal');
      let value = 0n;
      for (const byte of bytes) value = (value << 8n) | BigInt(byte);
      return value as T;
    },
  };
}

const toNumber = (codec: Codec<bigint>): Codec<number> =>
  mapped(
    codec,
    (value) => Number(value),
    (value) => BigInt(value),
  );

export const tu16: Codec<number> = toNumber(truncated(2));
export const tu32: Codec<number> = toNumber(truncated(4));
export const tu64: Codec<bigint> = truncated(8);
export const tmsat: Codec<Msat> = truncated(8);

/** Another view of the same bytes. `from` may throw a Fault. */
export function mapped<A, B>(
  codec: Codec<A>,
  from: (value: A) => B,
  to: (value: B) => A,
): Codec<B> {
  return {
    encode(writer, value) {
      codec.encode(writer, to(value));
    },
    decode: (reader) => from(codec.decode(reader)),
  };
}

/** Exactly `length` bytes. */
export function fixed(length: number): Codec<Bytes> {
  return {
    encode(writer, value) {
      if (value.length !== length) bug(`${length} bytes`, `${value.length} bytes`);
      writer.bytes(value);
    },
    decode: (reader) => reader.take(length),
  };
}

export const bytes32 = fixed(32);
/** BOLT 0: the hash of a chain's genesis block, in internal byte order. */
export const chainHash = bytes32;
export const channelId = bytes32;
export const sha256 = bytes32;
/** Compact (r, s); verified where it is used. */
export const signature = fixed(64);

/** A compressed point, checked to lie on the curve. */
export const point: Codec<Bytes> = {
  encode(writer, value) {
    if (value.length !== 33) bug('point', `${value.length} bytes`);
    writer.bytes(value);
  },
  decode(reader) {
    const value = reader.take(33);
    if (!isValidPublicKey(value)) throw new Fault('bad_point');
    return value;
  },
};

/**
 * A point in gossip: its first byte is checked, the curve is not, since every signature by such a
 * key fails, and gossip comes by the hundred thousand.
 */
export const gossipPoint: Codec<Bytes> = {
  encode: point.encode,
  decode(reader) {
    const value = reader.take(33);
    if (value[0] !== 2 && value[0] !== 3) throw new Fault('bad_point');
    return value;
  },
};

function counted(length: Codec<number>): Codec<Bytes> {
  return {
    encode(writer, value) {
      length.encode(writer, value.length);
      writer.bytes(value);
    },
    decode: (reader) => reader.take(length.decode(reader)),
  };
}

/** A u16 count and as many bytes: the messages' own form. */
export const bytes16 = counted(u16);
/** A bigsize count and as many bytes: the store's form. */
export const bytes = counted(uint);
/** All bytes that are left in the message or the TLV record. */
export const rest: Codec<Bytes> = {
  encode(writer, value) {
    writer.bytes(value);
  },
  decode: (reader) => (reader.left === 0 ? EMPTY : reader.rest()),
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A bigsize count and UTF-8. */
export const string: Codec<string> = mapped(
  bytes,
  (value) => {
    try {
      return strictUtf8.decode(value);
    } catch {
      throw new Fault('out_of_range');
    }
  },
  utf8,
);

/** One byte, 0 or 1. */
export const bool: Codec<boolean> = {
  encode(writer, value) {
    writer.u8(value ? 1 : 0);
  },
  decode(reader) {
    const value = reader.u8();
    if (value > 1) throw new Fault('out_of_range');
    return value === 1;
  },
};

/** No bytes at all: a TLV record that says what it says by being there. */
export const flag: Codec<true> = {
  encode() {},
  decode: () => true,
};
