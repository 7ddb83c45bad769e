/**
 * What spreads over the graph in the order of one number: what must arrive at each node at least,
 * from the destination back; and the least hops or blocks from the source on. Each looks at an edge
 * once, so that it ends after a bounded time whatever the constraints, and tells for certain what a
 * search by cost would find out only after trying every way.
 */
import { type Graph, grown } from '../gossip/index.js';
import { Heap } from './heap.js';
import type { FirstHops, Hop } from './hop.js';
import type { OverlayEdge, SearchRequest } from './search-request.js';

export interface SpreadRequest {
  readonly request: SearchRequest;
  /** Begun for this request. */
  readonly hop: Hop;
  readonly firstHops: FirstHops;
  /** What may arrive at most, for edges that have a minimum. */
  readonly reach: number;
  /** Nodes are below this. */
  readonly nodes: number;
}

/** One number a node, taken in ascending order. */
export class Spread {
  readonly #heap = new Heap();
  #generation = 0;
  #stamp = new Uint32Array(0);
  #done = new Uint32Array(0);
  #value = new Float64Array(0);
  #edge = new Int32Array(0);
  #by = new Int32Array(0);

  begin(nodes: number, at: number, value: number): void {
    if (nodes > this.#stamp.length) {
      this.#stamp = grown(this.#stamp, nodes);
      this.#done = grown(this.#done, nodes);
      this.#value = grown(this.#value, nodes);
      this.#edge = grown(this.#edge, nodes);
      this.#by = grown(this.#by, nodes);
    }
    if (++this.#generation === 0xffffffff) {
      this.#stamp.fill(0);
      this.#done.fill(0);
      this.#generation = 1;
    }
    this.#heap.clear();
    this.reach(at, value, 0, -1);
  }

  /** The next node, or -1 at the end. */
  next(): number {
    while (this.#heap.size > 0) {
      const n = this.#heap.pop();
      if (this.#done[n] === this.#generation) continue;
      this.#done[n] = this.#generation;
      return n;
    }
    return -1;
  }

  isDone(n: number): boolean {
    return this.#done[n] === this.#generation;
  }

  reach(n: number, value: number, edge: number, by: number): void {
    if (this.#stamp[n] === this.#generation && (this.#value[n] as number) <= value) return;
    this.#stamp[n] = this.#generation;
    this.#value[n] = value;
    this.#edge[n] = edge;
    this.#by[n] = by;
    this.#heap.push(value, n);
  }

  /** The node's number; Infinity where it was not reached. */
  at(n: number): number {
    return this.#stamp[n] === this.#generation
      ? (this.#value[n] as number)
      : Number.POSITIVE_INFINITY;
  }

  /** The edges from `n` to where it began. */
  way(n: number): number[] {
    const edges: number[] = [];
    for (let at = n; (this.#by[at] as number) >= 0; at = this.#by[at] as number)
      edges.push(this.#edge[at] as number);
    return edges;
  }
}

/** What must arrive at each node at least, fees included, for the amount to reach the destination. */
export class LeastAmounts {
  readonly #graph: Graph;
  readonly #spread = new Spread();
  #rim = 0;

  constructor(deps: { readonly graph: Graph }) {
    this.#graph = deps.graph;
  }

  /** Answers whether the source can be reached at all, limits of hops and expiry left aside. */
  run({ request, hop, firstHops, reach, nodes }: SpreadRequest): boolean {
    const { source, destination, amount, overlay } = request;
    const spread = this.#spread;
    spread.begin(nodes, destination, amount);
    const hints = hintsOf(request);
    const graph = this.#graph;
    for (let n = spread.next(); n >= 0; n = spread.next()) {
      const arrives = spread.at(n);
      this.#rim = arrives;
      const most = Math.max(arrives, reach);
      if (n === source) return true;
      for (let i = firstHops.first(n); i >= 0; i = firstHops.next(i))
        if (hop.carries(firstHops.edge[i] as number, arrives, most))
          spread.reach(source, arrives, firstHops.edge[i] as number, n);
      for (const i of hints)
        if ((overlay[i] as OverlayEdge).target === n && hop.carries(-1 - i, arrives, most))
          spread.reach(hop.from, hop.amount, -1 - i, n);
      if (n >= graph.nodeLimit) continue;
      const { pool } = graph.incoming;
      const start = graph.incoming.start(n);
      const end = start + graph.incoming.length(n);
      for (let at = start; at < end; at++) {
        const e = pool[at] as number;
        const from = graph.source[e] as number;
        // The source's own edges are among the first hops.
        if (from === source || spread.isDone(from)) continue;
        if (hop.carries(e, arrives, most)) spread.reach(from, hop.amount, e, n);
      }
    }
    this.#rim = Number.POSITIVE_INFINITY;
    return false;
  }

  /** Never more than what must arrive; Infinity where nothing can. */
  at(n: number): number {
    const known = this.#spread.at(n);
    return known < this.#rim ? known : this.#rim;
  }

  /** The path on which the least must be sent. */
  path(source: number): number[] {
    return this.#spread.way(source);
  }
}

/** The least hops, or blocks, that the way from the source to each node takes. */
export class LeastSteps {
  readonly #graph: Graph;
  readonly #spread = new Spread();

  constructor(deps: { readonly graph: Graph }) {
    this.#graph = deps.graph;
  }

  /** No node beyond `most` is looked at. */
  run(
    { request, hop, firstHops, reach, nodes }: SpreadRequest,
    count: 'hops' | 'blocks',
    most: number,
  ): void {
    const { source, destination, amount, overlay } = request;
    const spread = this.#spread;
    const graph = this.#graph;
    const hints = hintsOf(request);
    spread.begin(nodes, source, 0);
    for (let n = spread.next(); n >= 0; n = spread.next()) {
      const steps = spread.at(n);
      if (n === source) {
        for (let i = 0; i < firstHops.count; i++)
          spread.reach(
            firstHops.target[i] as number,
            count === 'hops' ? 1 : 0,
            firstHops.edge[i] as number,
            n,
          );
        continue;
      }
      for (const i of hints) {
        const { source: start, target, cltvDelta } = overlay[i] as OverlayEdge;
        const after = steps + (count === 'hops' ? 1 : cltvDelta);
        if (start === n && after <= most && hop.carries(-1 - i, amount, reach))
          spread.reach(target, after, -1 - i, n);
      }
      if (n >= graph.nodeLimit || n === destination) continue;
      const { pool } = graph.incoming;
      const start = graph.incoming.start(n);
      const end = start + graph.incoming.length(n);
      for (let at = start; at < end; at++) {
        const e = (pool[at] as number) ^ 1;
        const target = graph.source[e ^ 1] as number;
        const after = steps + (count === 'hops' ? 1 : (graph.cltvDelta[e] as number));
        if (after > most || spread.at(target) <= after) continue;
        if (hop.carries(e, amount, reach)) spread.reach(target, after, e, n);
      }
    }
  }

  /** Infinity where the node cannot be reached with so few. */
  at(n: number): number {
    return this.#spread.at(n);
  }

  /** The path of the fewest to `n`. */
  path(n: number): number[] {
    return this.#spread.way(n).reverse();
  }
}

/** The overlay's edges that do not start at the source. */
function hintsOf({ overlay, source }: SearchRequest): readonly number[] {
  const hints: number[] = [];
  overlay.forEach((edge, i) => {
    if (edge.source !== source) hints.push(i);
  });
  return hints;
}
