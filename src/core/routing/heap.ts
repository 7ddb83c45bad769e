import { grown } from '../gossip/index.js';

/** A heap of (key, value) pairs in typed arrays, four children a node; least key first. */
export class Heap {
  #keys = new Float64Array(1024);
  #values = new Int32Array(1024);
  size = 0;

  clear(): void {
    this.size = 0;
  }

  /** The least key; Infinity where the heap is empty. */
  get least(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.#keys[0] as number);
  }

  push(key: number, value: number): void {
    if (this.size === this.#keys.length) {
      this.#keys = grown(this.#keys, this.size * 2);
      this.#values = grown(this.#values, this.size * 2);
    }
    const keys = this.#keys;
    const values = this.#values;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const above = keys[parent] as number;
      if (above <= key) break;
      keys[at] = above;
      values[at] = values[parent] as number;
      at = parent;
    }
    keys[at] = key;
    values[at] = value;
  }

  /** Removes the least pair and answers its value. The heap must not be empty. */
  pop(): number {
    const keys = this.#keys;
    const values = this.#values;
    const result = values[0] as number;
    const size = --this.size;
    const key = keys[size] as number;
    const value = values[size] as number;
    let at = 0;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= size) break;
      const end = first + 4 < size ? first + 4 : size;
      let best = first;
      let bestKey = keys[first] as number;
      for (let child = first + 1; child < end; child++) {
        const childKey = keys[child] as number;
        if (childKey < bestKey) {
          best = child;
          bestKey = childKey;
        }
      }
      if (bestKey >= key) break;
      keys[at] = bestKey;
      values[at] = values[best] as number;
      at = best;
    }
    keys[at] = key;
    values[at] = value;
    return result;
  }
}
