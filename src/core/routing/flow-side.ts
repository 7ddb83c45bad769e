import { grown } from '../gossip/index.js';
import { Heap } from './heap.js';

/** What one end of a search for a way has found: columns of nodes, valid where the stamp is its. */
export class FlowSide {
  readonly #heap = new Heap();
  #generation = 0;
  #stamp = new Uint32Array(0);
  #done = new Uint32Array(0);
  #distance = new Float64Array(0);
  /** The edge by which a node was reached, whether against its direction, and from which node. */
  #edge = new Int32Array(0);
  #back = new Uint8Array(0);
  #by = new Int32Array(0);
  #pruned = 0;
  /** Nodes settled, in their order. */
  readonly settled: number[] = [];
  /** Edges looked at. */
  entries = 0;

  resize(nodes: number): void {
    if (nodes <= this.#stamp.length) return;
    this.#stamp = grown(this.#stamp, nodes);
    this.#done = grown(this.#done, nodes);
    this.#distance = grown(this.#distance, nodes);
    this.#edge = grown(this.#edge, nodes);
    this.#back = grown(this.#back, nodes);
    this.#by = grown(this.#by, nodes);
  }

  begin(at: number): void {
    if (++this.#generation === 0xffffffff) {
      this.#stamp.fill(0);
      this.#done.fill(0);
      this.#generation = 1;
    }
    this.#heap.clear();
    this.#pruned = Number.POSITIVE_INFINITY;
    this.settled.length = 0;
    this.entries = 0;
    this.reach(at, 0, 0, -1, false);
  }

  /** The least distance among nodes that are not settled. */
  get least(): number {
    return this.#heap.least;
  }
  /** Whatever was not settled is at least as far. */
  get rim(): number {
    return Math.min(this.#heap.least, this.#pruned);
  }
  prune(distance: number): void {
    if (distance < this.#pruned) this.#pruned = distance;
  }

  /** Settles the next node and answers it, or -1 where that was done already. */
  settle(): number {
    const n = this.#heap.pop();
    if (this.#done[n] === this.#generation) return -1;
    this.#done[n] = this.#generation;
    this.settled.push(n);
    return n;
  }
  isSettled(n: number): boolean {
    return this.#done[n] === this.#generation;
  }

  /** A way to `n`; answers whether it is better than those before. */
  reach(n: number, distance: number, edge: number, by: number, back: boolean): boolean {
    const generation = this.#generation;
    if (this.#done[n] === generation) return false;
    if (this.#stamp[n] === generation && (this.#distance[n] as number) <= distance) return false;
    this.#stamp[n] = generation;
    this.#distance[n] = distance;
    this.#edge[n] = edge;
    this.#back[n] = back ? 1 : 0;
    this.#by[n] = by;
    this.#heap.push(distance, n);
    return true;
  }

  /** Infinity where there is no way to `n` yet. */
  distanceOf(n: number): number {
    return this.#stamp[n] === this.#generation
      ? (this.#distance[n] as number)
      : Number.POSITIVE_INFINITY;
  }

  /** The steps between `n` and this end, the ones at `n` first. */
  way(n: number): { readonly edge: number; readonly back: boolean }[] {
    const steps: { readonly edge: number; readonly back: boolean }[] = [];
    for (let at = n; (this.#by[at] as number) >= 0; at = this.#by[at] as number)
      steps.push({ edge: this.#edge[at] as number, back: this.#back[at] === 1 });
    return steps;
  }
}
