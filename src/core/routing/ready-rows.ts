/**
 * Rows of edges made ready for a search: of each node the edges that end there and those that start
 * there, side by side, least key first. A row is made when first asked for. What changes afterwards
 * in the graph, or in what is known of it, is mended entry by entry, and the others stay.
 *
 * Entries are groups of words in one buffer, read as whole numbers or as Float32, so that all of an
 * entry lies in one or two lines of the processor's cache.
 */
import { type Graph, grown } from '../gossip/index.js';

/** The words that every entry begins with: the edge, the node at its other end, the key. */
export const EDGE = 0;
export const NODE = 1;
export const KEY = 2;

export interface EntryWriter {
  /** Words an entry has. */
  readonly words: number;
  /**
   * Writes the entry of edge `e` at word `at`, edge, node and key excepted. Answers its key, 0 or
   * more, or -1 where the edge has no place in the rows.
   */
  write(e: number, at: number): number;
}

/** Beyond so many changes, and a share of the row, a row is made anew. */
const MENDED = 16;
const MENDED_SHARE = 1 / 8;
/** Entries that a row may grow by where it is moved. */
const SPARE = 4;
/** Edges of a node that the order of a row can tell apart at once. */
const ORDERED = 65_536;
/** Words that may lie idle before all rows move together. */
const MOST_IDLE = 1 << 18;
const FIRST_WORDS = 16_384;

export class ReadyRows {
  readonly #graph: Graph;
  readonly #writer: EntryWriter;
  readonly #words: number;
  /** All entries, twice over the same bytes. Both are replaced as they grow. */
  ints = new Int32Array(FIRST_WORDS);
  floats = new Float32Array(this.ints.buffer);
  /** The first entry's place is for one that is being written. */
  #used: number;
  #idle = 0;
  readonly into = new RowPlaces();
  readonly outOf = new RowPlaces();

  constructor(writer: EntryWriter, deps: { readonly graph: Graph }) {
    this.#writer = writer;
    this.#words = writer.words;
    this.#used = writer.words;
    this.#graph = deps.graph;
  }

  /** Makes sure that the row of the edges that end at `n` is as things stand. */
  prepareInto(n: number): void {
    if (this.into.version[n] !== (this.#graph.nodeVersion[n] as number) + 1)
      this.#prepare(this.into, n, 0);
  }
  /** The same of the edges that start at `n`. */
  prepareOutOf(n: number): void {
    if (this.outOf.version[n] !== (this.#graph.nodeVersion[n] as number) + 1)
      this.#prepare(this.outOf, n, 1);
  }

  get bytes(): number {
    return this.ints.byteLength + this.into.bytes + this.outOf.bytes;
  }

  /** Forgets all rows. */
  clear(): void {
    this.#used = this.#words;
    this.#idle = 0;
    this.into.clear();
    this.outOf.clear();
  }

  #prepare(rows: RowPlaces, n: number, flip: 0 | 1): void {
    const version = (this.#graph.nodeVersion[n] as number) + 1;
    rows.resize(this.#graph.nodeVersion.length);
    if (!this.#mend(rows, n, flip, version)) this.#make(rows, n, flip);
    rows.version[n] = version;
  }

  /** Mends the row where little of it changed; answers whether it did. */
  #mend(rows: RowPlaces, n: number, flip: 0 | 1, version: number): boolean {
    const before = rows.version[n] as number;
    if (before === 0) return false;
    const entries = ((rows.end[n] as number) - (rows.start[n] as number)) / this.#words;
    const count = version - before;
    if (count < 0 || count > MENDED + entries * MENDED_SHARE) return false;
    const changed = this.#graph.changes.last(n, count);
    if (changed === undefined) return false;
    const { source } = this.#graph;
    for (const c of changed)
      for (let e = 2 * c; e <= 2 * c + 1; e++)
        if ((source[flip === 0 ? e ^ 1 : e] as number) === n) this.#replace(rows, n, flip, e);
    return true;
  }

  /** Puts the entry of an edge, as it now is, where it now belongs. */
  #replace(rows: RowPlaces, n: number, flip: 0 | 1, e: number): void {
    const words = this.#words;
    const { ints, floats } = this;
    const isThere = this.#write(e, flip, 0);
    const key = isThere ? (floats[KEY] as number) : 0;
    const start = rows.start[n] as number;
    const end = rows.end[n] as number;
    const place = isThere ? this.#placeOf(start, end, key) : start;
    if (isThere)
      for (let at = place; at < end && floats[at + KEY] === key; at += words)
        if (ints[at + EDGE] === e) {
          ints.copyWithin(at, 0, words);
          return;
        }
    for (let at = start; at < end; at += words)
      if (ints[at + EDGE] === e) {
        if (isThere) this.#shift(at, key < (floats[at + KEY] as number) ? place : place - words);
        else {
          ints.copyWithin(at, at + words, end);
          rows.end[n] = end - words;
        }
        return;
      }
    if (isThere) this.#insert(rows, n, place);
  }

  /** Moves an entry within its row, and puts the one that was written in its place. */
  #shift(from: number, to: number): void {
    const words = this.#words;
    if (to < from) this.ints.copyWithin(to + words, to, from);
    else this.ints.copyWithin(from, from + words, to + words);
    this.ints.copyWithin(to, 0, words);
  }

  #insert(rows: RowPlaces, n: number, place: number): void {
    const words = this.#words;
    const start = rows.start[n] as number;
    const end = rows.end[n] as number;
    let to = place;
    if (end - start === rows.room[n]) {
      const length = end - start;
      const moved = this.#allot(rows, n, length + SPARE * words + ((length / words) >> 4) * words);
      // Where all rows moved, the old one has moved too.
      const old = rows.start[n] as number;
      this.ints.copyWithin(moved, old, old + length);
      to = moved + (place - start);
      rows.start[n] = moved;
      rows.end[n] = moved + length;
    }
    this.ints.copyWithin(to + words, to, rows.end[n]);
    this.ints.copyWithin(to, 0, words);
    rows.end[n] = (rows.end[n] as number) + words;
  }

  /** The first place whose key is not below this one. */
  #placeOf(start: number, end: number, key: number): number {
    const words = this.#words;
    let [low, high] = [0, (end - start) / words];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.floats[start + middle * words + KEY] as number) < key) low = middle + 1;
      else high = middle;
    }
    return start + low * words;
  }

  #make(rows: RowPlaces, n: number, flip: 0 | 1): void {
    const { incoming } = this.#graph;
    const degree = incoming.length(n);
    const wanted = degree * this.#words;
    if (rows.version[n] === 0 || wanted > (rows.room[n] as number)) {
      // Nothing of the old row is kept.
      rows.end[n] = rows.start[n] as number;
      const start = this.#allot(rows, n, wanted);
      rows.start[n] = start;
    }
    const start = rows.start[n] as number;
    const first = incoming.start(n);
    let at = start;
    for (let i = 0; i < degree; i++)
      if (this.#write((incoming.pool[first + i] as number) ^ flip, flip, at)) at += this.#words;
    rows.end[n] = at;
    // What a row has not used at the end of the buffer is free for the next.
    if (start + (rows.room[n] as number) === this.#used) {
      this.#used = at;
      rows.room[n] = at - start;
    }
    this.#sort(start, (at - start) / this.#words);
  }

  #write(e: number, flip: 0 | 1, at: number): boolean {
    const key = this.#writer.write(e, at);
    if (key < 0) return false;
    this.ints[at + EDGE] = e;
    this.ints[at + NODE] = this.#graph.source[flip === 0 ? e : e ^ 1] as number;
    this.floats[at + KEY] = key;
    return true;
  }

  /** Room for a row at the end of the buffer; answers where. What it had lies idle. */
  #allot(rows: RowPlaces, n: number, wanted: number): number {
    if (rows.version[n] !== 0) this.#idle += rows.room[n] as number;
    if (this.#used + wanted > this.ints.length) {
      if (this.#idle > MOST_IDLE && this.#idle * 2 > this.#used) this.#gather();
      const size = this.#used + wanted;
      if (size > this.ints.length) this.#grow(Math.max(size, Math.ceil(this.ints.length * 1.5)));
    }
    const start = this.#used;
    this.#used += wanted;
    rows.room[n] = wanted;
    return start;
  }

  #grow(size: number): void {
    this.ints = grown(this.ints, size);
    this.floats = new Float32Array(this.ints.buffer);
  }

  /** Moves all rows together, so that nothing lies idle between them. */
  #gather(): void {
    const old = this.ints;
    this.ints = new Int32Array(old.length);
    this.floats = new Float32Array(this.ints.buffer);
    this.#used = this.#words;
    this.#idle = 0;
    this.ints.set(old.subarray(0, this.#words));
    for (const rows of [this.into, this.outOf])
      for (let n = 0; n < rows.version.length; n++) {
        if (rows.version[n] === 0) continue;
        const [start, end] = [rows.start[n] as number, rows.end[n] as number];
        this.ints.set(old.subarray(start, end), this.#used);
        rows.start[n] = this.#used;
        rows.end[n] = this.#used + end - start;
        rows.room[n] = end - start;
        this.#used += end - start;
      }
  }

  /** Orders entries by key: sorted as numbers that hold both the bits of the key and the place. */
  #sort(start: number, count: number): void {
    if (count < 2) return;
    const words = this.#words;
    const { ints } = this;
    const keyAt = (i: number): number => ints[start + i * words + KEY] as number;
    let order: number[];
    if (count <= ORDERED) {
      const keys = new Float64Array(count);
      // The bits of floats that are not negative are in the order of the floats.
      for (let i = 0; i < count; i++) keys[i] = keyAt(i) * ORDERED + i;
      order = Array.from(keys.sort(), (key) => key % ORDERED);
    } else order = Array.from({ length: count }, (_, i) => i).sort((a, b) => keyAt(a) - keyAt(b));
    const unsorted = ints.slice(start, start + count * words);
    for (let i = 0; i < count; i++) {
      const from = (order[i] as number) * words;
      const to = start + i * words;
      for (let w = 0; w < words; w++) ints[to + w] = unsorted[from + w] as number;
    }
  }
}

/** Where each node's entries stand, in words. */
export class RowPlaces {
  start = new Int32Array(0);
  end = new Int32Array(0);
  /** Words the row may take without moving. */
  room = new Int32Array(0);
  /** The node's version that the row stands for, plus one; 0: there is no row. */
  version = new Uint32Array(0);

  resize(nodes: number): void {
    if (nodes <= this.start.length) return;
    this.start = grown(this.start, nodes);
    this.end = grown(this.end, nodes);
    this.room = grown(this.room, nodes);
    this.version = grown(this.version, nodes);
  }

  clear(): void {
    this.version.fill(0);
  }

  get bytes(): number {
    return this.start.length * 16;
  }
}
