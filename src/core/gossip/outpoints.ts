/** Which channel an output funds, by a 64-bit print of the outpoint: 8 bytes a channel. */
import type { Bytes } from '../bytes/index.js';
import { gathered, type Run } from './graph-parts.js';
import { grown, HashIndex, mix } from './tables.js';

interface Print {
  high: number;
  low: number;
}

export class Outpoints {
  #high = new Uint32Array(0);
  #low = new Uint32Array(0);
  #present = new Uint8Array(0);
  readonly #print: Print = { high: 0, low: 0 };
  readonly #index = new HashIndex<Print>({
    hash: ({ high, low }) => mix(high, low),
    hashAt: (c) => mix(this.#high[c] as number, this.#low[c] as number),
    equals: (c, { high, low }) => this.#high[c] === high && this.#low[c] === low,
  });

  /** Notes that channel `c` is funded by this output. */
  add(c: number, txid: Bytes, vout: number): void {
    const { high, low } = this.#printOf(txid, vout);
    if (c >= this.#high.length)
      this.#resize(Math.max(c + 1, 64, Math.ceil(this.#high.length * 1.25)));
    this.remove(c);
    this.#high[c] = high;
    this.#low[c] = low;
    this.#present[c] = 1;
    this.#index.add(c);
  }

  #resize(size: number): void {
    this.#high = grown(this.#high, size);
    this.#low = grown(this.#low, size);
    this.#present = grown(this.#present, size);
  }

  remove(c: number): void {
    if (this.#present[c] !== 1) return;
    this.#index.remove(c);
    this.#present[c] = 0;
  }

  /** The channel that this output funds, or -1. */
  find(txid: Bytes, vout: number): number {
    return this.#index.find(this.#printOf(txid, vout));
  }

  /** A copy for these channels, which are numbered from 0 in it. */
  compact(channels: readonly Run[]): Outpoints {
    const out = new Outpoints();
    // They may be fewer than the channels: the last ones may have none.
    const last = channels.at(-1)?.[1] ?? 0;
    if (last > this.#high.length) this.#resize(last);
    out.#high = gathered(this.#high, channels);
    out.#low = gathered(this.#low, channels);
    out.#present = gathered(this.#present, channels);
    out.#index.reserve(out.#present.length);
    out.#present.forEach((present, c) => {
      if (present === 1) out.#index.add(c);
    });
    return out;
  }

  /** Its columns and its table, for `adopt`. */
  get columns(): [
    ...[high: Uint32Array<ArrayBuffer>, low: Uint32Array<ArrayBuffer>],
    ...[present: Uint8Array<ArrayBuffer>, slots: Int32Array<ArrayBuffer>],
  ] {
    return [this.#high, this.#low, this.#present, this.#index.slots];
  }

  /** Takes over the columns of another for so many channels; false: they cannot be such. */
  adopt([high, low, present, slots]: Outpoints['columns'], channels: number): boolean {
    if ([high, low, present].some(({ length }) => length !== channels)) return false;
    const count = present.reduce((sum, one) => sum + one, 0);
    if (!HashIndex.fits(slots, count)) return false;
    this.#index.adopt(slots, count);
    [this.#high, this.#low, this.#present] = [high, low, present];
    return true;
  }

  get bytes(): number {
    return (
      this.#high.byteLength + this.#low.byteLength + this.#present.byteLength + this.#index.bytes
    );
  }

  #printOf(txid: Bytes, vout: number): Print {
    const word = (i: number): number =>
      (((txid[i] as number) << 24) |
        ((txid[i + 1] as number) << 16) |
        ((txid[i + 2] as number) << 8) |
        (txid[i + 3] as number)) >>>
      0;
    this.#print.high = word(8);
    this.#print.low = (word(16) ^ Math.imul(vout + 1, 0x9e3779b1)) >>> 0;
    return this.#print;
  }
}
