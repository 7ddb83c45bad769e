import { grown } from '../gossip/index.js';
import { Heap } from './heap.js';

/**
 * What a search by Dijkstra's rule has reached from one end: of each node the least distance so
 * far, and the edge and the node that it came by. The nearest node is settled next, and its distance
 * is final. The columns are valid where the stamp is this search's, so that a new one clears nothing.
 */
export class Frontier {
  readonly #heap = new Heap();
  #generation = 0;
  #stamp = new Uint32Array(0);
  #settled = new Uint32Array(0);
  #distance = new Float64Array(0);
  #edge = new Int32Array(0);
  #by = new Int32Array(0);
  /** The least that was left out when it could not be part of a better way. */
  #pruned = 0;

  resize(nodes: number): void {
    if (nodes <= this.#stamp.length) return;
    this.#stamp = grown(this.#stamp, nodes);
    this.#settled = grown(this.#settled, nodes);
    this.#distance = grown(this.#distance, nodes);
    this.#edge = grown(this.#edge, nodes);
    this.#by = grown(this.#by, nodes);
  }

  /** Begins anew at a node. */
  begin(at: number, distance = 0): void {
    if (++this.#generation === 0xffffffff) {
      this.#stamp.fill(0);
      this.#settled.fill(0);
      this.#generation = 1;
    }
    this.#heap.clear();
    this.#pruned = Number.POSITIVE_INFINITY;
    this.reach(at, distance, 0, -1);
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

  /** Settles the nearest node and answers it, or -1 where that was done already. */
  settle(): number {
    const n = this.#heap.pop();
    if (this.#settled[n] === this.#generation) return -1;
    this.#settled[n] = this.#generation;
    return n;
  }
  /** Settles nodes until one is new, and answers it, or -1 at the end. */
  next(): number {
    while (this.#heap.size > 0) {
      const n = this.settle();
      if (n >= 0) return n;
    }
    return -1;
  }
  isSettled(n: number): boolean {
    return this.#settled[n] === this.#generation;
  }

  /** A way to `n`; answers whether it is shorter than those before. */
  reach(n: number, distance: number, edge: number, by: number): boolean {
    const generation = this.#generation;
    if (this.#stamp[n] === generation && (this.#distance[n] as number) <= distance) return false;
    if (this.#settled[n] === generation) return false;
    this.#stamp[n] = generation;
    this.#distance[n] = distance;
    this.#edge[n] = edge;
    this.#by[n] = by;
    this.#heap.push(distance, n);
    return true;
  }

  /** Infinity where there is no way to `n` yet. */
  at(n: number): number {
    return this.#stamp[n] === this.#generation
      ? (this.#distance[n] as number)
      : Number.POSITIVE_INFINITY;
  }

  /** The edges between `n` and where it began, the ones at `n` first. */
  way(n: number): number[] {
    const edges: number[] = [];
    for (let at = n; (this.#by[at] as number) >= 0; at = this.#by[at] as number)
      edges.push(this.#edge[at] as number);
    return edges;
  }
}

/** One end of a search from both: forward from the source, or back from the destination. */
export class Side {
  readonly forward: boolean;
  readonly frontier = new Frontier();
  /** Entries of rows looked at. */
  entries = 0;

  constructor(forward: boolean) {
    this.forward = forward;
  }

  begin(at: number): void {
    this.frontier.begin(at);
    this.entries = 0;
  }
}
