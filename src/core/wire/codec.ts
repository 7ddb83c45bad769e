/**
 * The codec kit's ground: what a codec is, how it refuses, and the two borders `encode` and
 * `decode`. Inside, a decoder refuses by throwing a `Fault`, which no border lets through.
 */
import { type Bytes, err, OutOfBytes, ok, Reader, type Result, Writer } from '../bytes/index.js';

/** One shape of data, both ways. Declared once; encoder, decoder and type come from it. */
export interface Codec<T> {
  /** Throws only where `value` is not a T: a bug of ours. */
  encode(writer: Writer, value: T): void;
  /** Throws `Fault` or `OutOfBytes` where the bytes are not a T. */
  decode(reader: Reader): T;
}

/** The type a codec stands for. */
export type Infer<C> = C extends Codec<infer T> ? T : never;

/** What was wrong with bytes that did not decode. */
export type WireErrorCode =
  /** The bytes end before the value does. */
  | 'truncated'
  /** The value ends before the bytes do. */
  | 'trailing_bytes'
  /** BOLT 1: a bigsize or a truncated integer that has a shorter encoding. */
  | 'not_minimal'
  /** BOLT 1: a TLV type that is not greater than the one before it. */
  | 'tlv_order'
  /** BOLT 1: a TLV type that is unknown and even. */
  | 'unknown_even_tlv'
  /** BOLT 1: a message type that is unknown and even. */
  | 'unknown_even_message'
  /** Not a compressed point of secp256k1. */
  | 'bad_point'
  /** BOLT 7: an address descriptor that does not fit, or a hostname that is not ASCII. */
  | 'bad_address'
  /** BOLT 7: an encoding of an array of short ids, timestamps or flags other than 0. */
  | 'unknown_encoding'
  /** A number, flag or tag outside the values its field may have. */
  | 'out_of_range'
  /** A stored record of a version this program does not know. */
  | 'unknown_version';

export interface WireError {
  readonly code: WireErrorCode;
  /** The message's type number, where a message was being read. */
  readonly messageType?: number;
  /** The field, with dots where it is nested: `tlvs.channelType`. */
  readonly field?: string;
  /** For errors in a TLV stream: the type that was being read, and where in the stream it began. */
  readonly tlvType?: bigint;
  readonly tlvOffset?: number;
}

/** A refusal on its way to the border. Carries no stack: hostile bytes must stay cheap. */
export class Fault {
  field = '';
  tlvType?: bigint;
  tlvOffset?: number;

  constructor(readonly code: WireErrorCode) {}

  /** The same refusal, seen from the structure that holds the field. */
  within(name: string): this {
    this.field = this.field === '' ? name : `${name}.${this.field}`;
    return this;
  }

  toError(): WireError {
    return {
      code: this.code,
      ...(this.field === '' ? {} : { field: this.field }),
      ...(this.tlvType === undefined ? {} : { tlvType: this.tlvType }),
      ...(this.tlvOffset === undefined ? {} : { tlvOffset: this.tlvOffset }),
    };
  }
}

/** Turns what a decoder threw into a Fault; what is neither goes on as the bug that it is. */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  if (thrown instanceof OutOfBytes) return new Fault('truncated');
  throw thrown;
}

export function encode<T>(codec: Codec<T>, value: T): Bytes {
  const writer = new Writer();
  codec.encode(writer, value);
  return writer.finish();
}

/** Total: every byte string answers a value or a coded error. All bytes must be used. */
export function decode<T>(codec: Codec<T>, bytes: Bytes): Result<T, WireError> {
  const reader = new Reader(bytes);
  try {
    const value = codec.decode(reader);
    return reader.left === 0 ? ok(value) : err({ code: 'trailing_bytes' });
  } catch (thrown) {
    return err(asFault(thrown).toError());
  }
}
