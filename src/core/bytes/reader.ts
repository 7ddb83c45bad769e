import type { Bytes } from './bytes.js';

/** Thrown by a `Reader` past its end; every decoder that uses one catches it at its border. */
export class OutOfBytes extends Error {
  constructor(readonly wanted: number) {
    super(`wanted ${wanted} more bytes`);
  }
}

/** A cursor over a byte string, big-endian unless the name says otherwise. Slices are copies. */
export class Reader {
  readonly #view: DataView;
  offset = 0;

  constructor(readonly bytes: Bytes) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.bytes.length - this.offset;
  }

  #take(n: number): number {
    if (n > this.left) throw new OutOfBytes(n - this.left);
    const at = this.offset;
    this.offset += n;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }
  u16le(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32le(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  i32le(): number {
    return this.#view.getInt32(this.#take(4), true);
  }
  u64le(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }
  take(n: number): Bytes {
    const at = this.#take(n);
    return this.bytes.slice(at, at + n);
  }
  rest(): Bytes {
    return this.take(this.left);
  }
}

interface Buffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

const bufferOf = (bytes: Uint8Array<ArrayBuffer>): Buffer => ({
  bytes,
  view: new DataView(bytes.buffer),
});

/** The buffer of the last writer that has finished: the next one writes into it. */
let spare: Buffer | undefined;
/** A larger one is not kept. */
const SPARE_BYTES = 1 << 18;

/** A growing byte string, big-endian unless the name says otherwise. */
export class Writer {
  #buffer: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor() {
    const { bytes, view } = spare ?? bufferOf(new Uint8Array(1024));
    spare = undefined;
    this.#buffer = bytes;
    this.#view = view;
  }

  get length(): number {
    return this.#length;
  }

  #grow(n: number): number {
    const at = this.#length;
    this.#length += n;
    if (this.#length > this.#buffer.length) {
      const bigger = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      bigger.set(this.#buffer.subarray(0, at));
      this.#buffer = bigger;
      this.#view = new DataView(bigger.buffer);
    }
    return at;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }
  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }
  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }
  u64(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value);
    return this;
  }
  u16le(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
    return this;
  }
  u32le(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }
  i32le(value: number): this {
    const at = this.#grow(4);
    this.#view.setInt32(at, value, true);
    return this;
  }
  u64le(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }
  bytes(value: Bytes): this {
    const at = this.#grow(value.length);
    this.#buffer.set(value, at);
    return this;
  }
  /** The bytes written so far, copied. */
  finish(): Bytes {
    const written = this.#buffer.slice(0, this.#length);
    // Given back once; whoever writes on writes elsewhere, since there is no room left in this one.
    if (this.#view.buffer === this.#buffer.buffer && this.#buffer.length <= SPARE_BYTES)
      spare = { bytes: this.#buffer, view: this.#view };
    this.#buffer = written;
    return written;
  }
}
