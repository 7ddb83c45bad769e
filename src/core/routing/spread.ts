/**
 * What spreads over the graph in the order of one number: what must arrive at each node at least,
 * from the destination back; and the least hops or blocks from the source on. Each looks at an edge
 * once, so that it ends after a bounded time whatever the constraints, and tells for certain what a
 * search by cost would find out only after trying every way.
 */
import type { Graph } from '../gossip/index.js';
import { Frontier } from './frontier.js';
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

/** What must arrive at each node at least, fees included, for the amount to reach the destination. */
export class LeastAmounts {
  readonly #graph: Graph;
  readonly #reached = new Frontier();
  #rim = 0;

  constructor(deps: { readonly graph: Graph }) {
    this.#graph = deps.graph;
  }

  /** Answers whether the source can be reached at all, limits of hops and expiry left aside. */
  run({ request, hop, firstHops, reach, nodes }: SpreadRequest): boolean {
    const { source, destination, amount, overlay } = request;
    const reached = this.#reached;
    reached.resize(nodes);
    reached.begin(destination, amount);
    const hints = hintsOf(request);
    const graph = this.#graph;
    for (let n = reached.next(); n >= 0; n = reached.next()) {
      const arrives = reached.at(n);
      this.#rim = arrives;
      const most = Math.max(arrives, reach);
      if (n === source) return true;
      for (let i = firstHops.first(n); i >= 0; i = firstHops.next(i))
        if (hop.carries(firstHops.edge[i] as number, arrives, most))
          reached.reach(source, arrives, firstHops.edge[i] as number, n);
      for (const i of hints)
        if ((overlay[i] as OverlayEdge).target === n && hop.carries(-1 - i, arrives, most))
          reached.reach(hop.from, hop.amount, -1 - i, n);
      if (n >= graph.nodeLimit) continue;
      const { pool } = graph.incoming;
      const start = graph.incoming.start(n);
      const end = start + graph.incoming.length(n);
      for (let at = start; at < end; at++) {
        const e = pool[at] as number;
        const from = graph.source[e] as number;
        // The source's own edges are among the first hops.
        if (from === source || reached.isSettled(from)) continue;
        if (hop.carries(e, arrives, most)) reached.reach(from, hop.amount, e, n);
      }
    }
    this.#rim = Number.POSITIVE_INFINITY;
    return false;
  }

  /** Never more than what must arrive; Infinity where nothing can. */
  at(n: number): number {
    const known = this.#reached.at(n);
    return known < this.#rim ? known : this.#rim;
  }

  /** The path on which the least must be sent. */
  path(source: number): number[] {
    return this.#reached.way(source);
  }
}

/** The least hops, or blocks, that the way from the source to each node takes. */
export class LeastSteps {
  readonly #graph: Graph;
  readonly #reached = new Frontier();

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
    const reached = this.#reached;
    const graph = this.#graph;
    const hints = hintsOf(request);
    reached.resize(nodes);
    reached.begin(source);
    for (let n = reached.next(); n >= 0; n = reached.next()) {
      const steps = reached.at(n);
      if (n === source) {
        for (let i = 0; i < firstHops.count; i++)
          reached.reach(
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
          reached.reach(target, after, -1 - i, n);
      }
      if (n >= graph.nodeLimit || n === destination) continue;
      const { pool } = graph.incoming;
      const start = graph.incoming.start(n);
      const end = start + graph.incoming.length(n);
      for (let at = start; at < end; at++) {
        const e = (pool[at] as number) ^ 1;
        const target = graph.source[e ^ 1] as number;
        const after = steps + (count === 'hops' ? 1 : (graph.cltvDelta[e] as number));
        if (after > most || reached.at(target) <= after) continue;
        if (hop.carries(e, amount, reach)) reached.reach(target, after, e, n);
      }
    }
  }

  /** Infinity where the node cannot be reached with so few. */
  at(n: number): number {
    return this.#reached.at(n);
  }

  /** The path of the fewest to `n`. */
  path(n: number): number[] {
    return this.#reached.way(n).reverse();
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
