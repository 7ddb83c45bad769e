/** How often a channel's direction or a node may speak: a bucket each, refilled over the day. */
import { grown } from './tables.js';
import type { GossipLimits } from './types.js';

const DAY = 86_400;

class Buckets {
  readonly #burst: number;
  readonly #perDay: number;
  #level = new Float32Array(0);
  #at = new Uint32Array(0);

  constructor(burst: number, perDay: number) {
    this.#burst = burst;
    this.#perDay = perDay;
  }

  take(i: number, now: number): boolean {
    if (i >= this.#at.length) {
      const size = Math.max(i + 1, 64, Math.ceil(this.#at.length * 1.25));
      this.#level = grown(this.#level, size);
      this.#at = grown(this.#at, size);
    }
    const at = this.#at[i] as number;
    const refilled =
      at === 0
        ? this.#burst
        : (this.#level[i] as number) + (Math.max(0, now - at) * this.#perDay) / DAY;
    const level = Math.min(this.#burst, refilled);
    if (level < 1) return false;
    this.#level[i] = level - 1;
    this.#at[i] = now;
    return true;
  }

  /** What was taken was not used. */
  giveBack(i: number): void {
    if (i < this.#at.length && this.#at[i] !== 0)
      this.#level[i] = Math.min(this.#burst, (this.#level[i] as number) + 1);
  }

  reset(i: number): void {
    if (i < this.#at.length) this.#at[i] = 0;
  }
}

export class RateLimits {
  readonly #updates: Buckets;
  readonly #nodes: Buckets;

  constructor(limits: GossipLimits) {
    this.#updates = new Buckets(limits.updateBurst, limits.updatesPerDay);
    this.#nodes = new Buckets(limits.updateBurst, limits.nodesPerDay);
  }

  /** Whether one more channel_update of edge `e` may come in. */
  takeUpdate(e: number, now: number): boolean {
    return this.#updates.take(e, now);
  }
  takeNode(n: number, now: number): boolean {
    return this.#nodes.take(n, now);
  }
  returnUpdate(e: number): void {
    this.#updates.giveBack(e);
  }
  returnNode(n: number): void {
    this.#nodes.giveBack(n);
  }
  /** The edges of a channel index begin anew with another channel. */
  forget(c: number): void {
    this.#updates.reset(2 * c);
    this.#updates.reset(2 * c + 1);
  }
}
