/**
 * Open-addressing hash tables over typed arrays: a key's place is an index into somebody else's
 * columns, so that the tables hold no keys themselves. Linear probing, at most 2/3 full; removal
 * shifts back what follows, so that no tombstones gather.
 */
import type { Bytes } from '../bytes/index.js';

type I32 = Int32Array<ArrayBuffer>;

/** What a table asks of the columns it indexes. */
interface Keys<K> {
  hash(key: K): number;
  hashAt(index: number): number;
  equals(index: number, key: K): boolean;
}

export class HashIndex<K> {
  #slots = new Int32Array(16).fill(-1);
  #mask = 15;
  #size = 0;
  readonly #keys: Keys<K>;

  constructor(keys: Keys<K>) {
    this.#keys = keys;
  }

  /** The index of `key`, or -1. */
  find(key: K): number {
    let slot = this.#keys.hash(key) & this.#mask;
    for (;;) {
      const index = this.#slots[slot] as number;
      if (index < 0 || this.#keys.equals(index, key)) return index;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Adds `index`, whose key stands in the columns and is not in the table yet. */
  add(index: number): void {
    if ((this.#size + 1) * 3 > this.#slots.length * 2) this.#resize(this.#slots.length * 2);
    this.#place(index);
    this.#size++;
  }

  /** Removes `index`, whose key still stands in the columns. */
  remove(index: number): void {
    let slot = this.#keys.hashAt(index) & this.#mask;
    while (this.#slots[slot] !== index) {
      if ((this.#slots[slot] as number) < 0) return;
      slot = (slot + 1) & this.#mask;
    }
    this.#size--;
    for (let hole = slot; ; ) {
      slot = (slot + 1) & this.#mask;
      const next = this.#slots[slot] as number;
      if (next < 0) {
        this.#slots[hole] = -1;
        return;
      }
      const home = this.#keys.hashAt(next) & this.#mask;
      // It may move into the hole unless its home lies after the hole on the way to its slot.
      if (((slot - home) & this.#mask) >= ((slot - hole) & this.#mask)) {
        this.#slots[hole] = next;
        hole = slot;
      }
    }
  }

  /** Makes room for `count` keys at once. */
  reserve(count: number): void {
    let size = this.#slots.length;
    while (count * 3 > size * 2) size *= 2;
    if (size > this.#slots.length) this.#resize(size);
  }

  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** The table itself, for `adopt`. */
  get slots(): I32 {
    return this.#slots;
  }

  /** Whether these may be the slots of a table with so many keys. */
  static fits(slots: I32, size: number): boolean {
    const power = (slots.length & (slots.length - 1)) === 0;
    return power && slots.length >= 16 && size * 3 <= slots.length * 2;
  }

  /** Takes over the slots of a table with so many keys. */
  adopt(slots: I32, size: number): void {
    this.#slots = slots;
    this.#mask = slots.length - 1;
    this.#size = size;
  }

  #place(index: number): void {
    let slot = this.#keys.hashAt(index) & this.#mask;
    while ((this.#slots[slot] as number) >= 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = index;
  }

  #resize(size: number): void {
    const old = this.#slots;
    this.#slots = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
    for (const index of old) if (index >= 0) this.#place(index);
  }
}

/** Mixes two words into a hash whose low bits are good. */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b ^ (b >>> 15), 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x27d4eb2f);
  return h ^ (h >>> 15);
}

/** Public keys are spread evenly by themselves; byte 0 is only the parity. */
export function idHash(bytes: Bytes, at: number): number {
  const word = (i: number): number =>
    ((bytes[at + i] as number) << 24) |
    ((bytes[at + i + 1] as number) << 16) |
    ((bytes[at + i + 2] as number) << 8) |
    (bytes[at + i + 3] as number);
  return mix(word(1), word(29) ^ (bytes[at] as number));
}

/**
 * Lists of small integers, one a row, packed in one array. A row lives in a block of a power of
 * two; blocks given up are kept by size for the next row that grows.
 */
export class Rows {
  #pool = new Int32Array(1024);
  #used = 0;
  #start = new Int32Array(0);
  #length = new Int32Array(0);
  /** Log2 of the block's size, or -1 where the row has no block. */
  #size = new Int8Array(0);
  readonly #free: number[][] = [];

  /** The array all rows lie in; it is replaced when it grows, so do not keep it over changes. */
  get pool(): Int32Array {
    return this.#pool;
  }
  start(row: number): number {
    return this.#start[row] as number;
  }
  length(row: number): number {
    return this.#length[row] as number;
  }

  /** Makes rows 0 to count-1 exist. */
  resize(count: number): void {
    if (count <= this.#start.length) return;
    this.#start = grown(this.#start, count);
    this.#length = grown(this.#length, count);
    const old = this.#size.length;
    this.#size = grown(this.#size, count);
    this.#size.fill(-1, old);
  }

  /** Makes empty rows that take so many values each, in an empty table. */
  allot(lengths: Int32Array): void {
    this.resize(lengths.length);
    for (let row = 0; row < lengths.length; row++) {
      const length = lengths[row] as number;
      if (length === 0) continue;
      const size = 32 - Math.clz32(length - 1);
      this.#start[row] = this.#used;
      this.#size[row] = size;
      this.#used += 1 << size;
    }
    this.#pool = new Int32Array(this.#used);
  }

  /** The table itself, for `adopt`; only of one where no row was moved. */
  get columns(): [pool: I32, start: I32, length: I32, size: Int8Array<ArrayBuffer>] {
    return [this.#pool, this.#start, this.#length, this.#size];
  }

  /** Whether these may be the columns of a table with so many rows. */
  static fits([pool, ...columns]: Rows['columns'], rows: number): boolean {
    return pool !== undefined && columns.every(({ length }) => length === rows);
  }

  /** Takes over the columns of another table. */
  adopt(columns: Rows['columns']): void {
    [this.#pool, this.#start, this.#length, this.#size] = columns;
    this.#used = this.#pool.length;
  }

  push(row: number, value: number): void {
    const length = this.#length[row] as number;
    const size = this.#size[row] as number;
    if (size < 0 || length === 1 << size) this.#move(row, size + 1);
    this.#pool[(this.#start[row] as number) + length] = value;
    this.#length[row] = length + 1;
  }

  remove(row: number, value: number): void {
    const start = this.#start[row] as number;
    const last = start + (this.#length[row] as number) - 1;
    for (let at = start; at <= last; at++) {
      if (this.#pool[at] !== value) continue;
      this.#pool[at] = this.#pool[last] as number;
      this.#length[row] = last - start;
      if (last === start) this.#release(row);
      return;
    }
  }

  get bytes(): number {
    return (
      this.#pool.byteLength +
      this.#start.byteLength +
      this.#length.byteLength +
      this.#size.byteLength
    );
  }

  #release(row: number): void {
    const size = this.#size[row] as number;
    if (size < 0) return;
    let blocks = this.#free[size];
    if (blocks === undefined) {
      blocks = [];
      this.#free[size] = blocks;
    }
    blocks.push(this.#start[row] as number);
    this.#size[row] = -1;
  }

  #move(row: number, size: number): void {
    let start = this.#free[size]?.pop();
    if (start === undefined) {
      start = this.#used;
      this.#used += 1 << size;
      if (this.#used > this.#pool.length)
        this.#pool = grown(this.#pool, Math.max(this.#used, Math.ceil(this.#pool.length * 1.5)));
    }
    const from = this.#start[row] as number;
    this.#pool.copyWithin(start, from, from + (this.#length[row] as number));
    this.#release(row);
    this.#start[row] = start;
    this.#size[row] = size;
  }
}

type Column =
  | Int8Array
  | Uint8Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** The column in a larger array, the new places zero. */
export function grown<T extends Column>(column: T, length: number): T {
  const bigger = new (column.constructor as new (length: number) => T)(length);
  bigger.set(column as never);
  return bigger;
}
