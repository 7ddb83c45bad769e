import { grown } from './tables.js';

/** Changes remembered, of all nodes together: a power of two. */
const REMEMBERED = 16_384;
/** Stands for a channel that is gone: rows with it are to be made anew. */
const GONE = -1;

/**
 * Which channels of a node changed last, so that whoever keeps a copy of its row may mend it. A ring
 * of the latest changes, each of which knows the one before of the same node.
 */
export class ChangeLog {
  readonly #channel = new Int32Array(REMEMBERED);
  readonly #before = new Uint32Array(REMEMBERED);
  #count = 0;
  /** By node: the number of its latest change. */
  #latest = new Uint32Array(0);

  resize(nodes: number): void {
    if (nodes > this.#latest.length) this.#latest = grown(this.#latest, nodes);
  }

  add(n: number, c: number): void {
    const number = (this.#count + 1) >>> 0;
    this.#count = number;
    this.#channel[number % REMEMBERED] = c;
    this.#before[number % REMEMBERED] = this.#latest[n] as number;
    this.#latest[n] = number;
  }

  addGone(n: number): void {
    this.add(n, GONE);
  }

  /** The channels of the node's last `count` changes; nothing where a channel left or it was long ago. */
  last(n: number, count: number): readonly number[] | undefined {
    const channels: number[] = [];
    let number = this.#latest[n] as number;
    for (let i = 0; i < count; i++) {
      if ((this.#count - number) >>> 0 >= REMEMBERED) return undefined;
      const c = this.#channel[number % REMEMBERED] as number;
      if (c === GONE) return undefined;
      if (!channels.includes(c)) channels.push(c);
      number = this.#before[number % REMEMBERED] as number;
    }
    return channels;
  }

  get bytes(): number {
    return 8 * REMEMBERED + this.#latest.byteLength;
  }
}
