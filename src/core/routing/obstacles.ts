/**
 * Why there is no route: the way with the fewest obstacles, found by one look at each channel. An
 * exclusion by the request counts more than any number of learned constraints, since these can be
 * forgotten; what no wish changes (policies, capacities) is no obstacle but a wall.
 */
import type { Graph } from '../gossip/index.js';
import { Frontier } from './frontier.js';
import type { Hop } from './hop.js';
import type { OverlayEdge, SearchRequest } from './search-request.js';

/** How many constraints an exclusion outweighs. */
const EXCLUSION = 1_000;

/** An edge, as a path names it, and the amount that what was learned does not let it carry. */
export interface Closed {
  readonly edge: number;
  readonly amount: number;
}

export interface Obstacles {
  /** The request excludes an edge of every way. */
  readonly excluded: boolean;
  readonly closed: readonly Closed[];
}

export class ObstacleSearch {
  readonly #graph: Graph;
  readonly #hop: Hop;
  readonly #reached = new Frontier();
  #request!: SearchRequest;
  /** Edges of the overlay that the request excludes. */
  #without: ReadonlySet<number> = new Set();
  #lifted: ReadonlySet<number> = new Set();
  /** What arrives at each node on the way found to it. */
  #amounts = new Float64Array(0);

  constructor(deps: { readonly graph: Graph; readonly hop: Hop }) {
    this.#graph = deps.graph;
    this.#hop = deps.hop;
  }

  /** Edges looked at by the last call. */
  entries = 0;

  /**
   * What stands on the way that has the least of it; nothing where there is no way at all. `lifted`:
   * constraints that count as exclusions, so that the next way is found.
   */
  find(
    request: SearchRequest,
    without: ReadonlySet<number>,
    lifted: ReadonlySet<number>,
  ): Obstacles | undefined {
    const { source, destination, amount } = request;
    const reached = this.#reached;
    this.#begin(request, without, lifted);
    reached.begin(destination);
    this.#amounts[destination] = amount;
    for (let n = reached.next(); n >= 0; n = reached.next()) {
      if (n === source) return this.#onWay();
      for (const e of this.#edgesInto(n)) this.#reach(n, e);
    }
    return undefined;
  }

  /** Goes on over edge `e`, which ends at `n`. */
  #reach(n: number, e: number): void {
    const reached = this.#reached;
    const hop = this.#hop;
    const arrives = this.#amounts[n] as number;
    const before = reached.at(n);
    // Whatever stands on it, the way gets no better.
    if (before >= reached.at(this.#from(e)) || !hop.couldCarry(e, arrives)) return;
    const { from, amount: sent } = hop;
    // Among ways with as many obstacles that of the least fees: all of them less than an obstacle.
    const fees = (sent - arrives) / (sent + this.#request.amount) / 64;
    const weight = before + this.#obstacle(e, arrives) + fees;
    if (weight >= reached.at(from)) return;
    reached.reach(from, weight, e, n);
    this.#amounts[from] = sent;
  }

  /** The largest amount that one way carries, fees left aside, whoever excludes what. */
  widest(request: SearchRequest, without: ReadonlySet<number>): number {
    const { source, destination, amount, overlay } = request;
    const reached = this.#reached;
    this.#begin(request, without, new Set());
    reached.begin(destination, -Number.MAX_SAFE_INTEGER);
    for (let n = reached.next(); n >= 0; n = reached.next()) {
      const width = reached.at(n);
      if (n === source) return -width;
      for (const e of this.#edgesInto(n)) {
        const own = e < 0 ? (overlay[-1 - e] as OverlayEdge).maximum : this.#hop.width(e, amount);
        if (own > 0) reached.reach(this.#from(e), Math.max(width, -own), e, n);
      }
    }
    return 0;
  }

  #begin(request: SearchRequest, without: ReadonlySet<number>, lifted: ReadonlySet<number>): void {
    this.#request = request;
    this.#without = without;
    this.#lifted = lifted;
    this.#hop.begin(request, 0);
    this.entries = 0;
    let nodes = this.#graph.nodeVersion.length;
    for (const { source, target } of request.overlay)
      nodes = Math.max(nodes, source + 1, target + 1);
    if (nodes > this.#amounts.length) this.#amounts = new Float64Array(nodes);
    this.#reached.resize(nodes);
  }

  #from(e: number): number {
    if (e >= 0) return this.#graph.source[e] as number;
    return (this.#request.overlay[-1 - e] as OverlayEdge).source;
  }

  #edgesInto(n: number): Iterable<number> {
    const { overlay } = this.#request;
    const beside: number[] = [];
    for (let i = 0; i < overlay.length; i++)
      if ((overlay[i] as OverlayEdge).target === n) beside.push(-1 - i);
    if (n >= this.#graph.nodeLimit) return beside;
    const { incoming } = this.#graph;
    const start = incoming.start(n);
    const row = incoming.pool.subarray(start, start + incoming.length(n));
    this.entries += row.length;
    return beside.length === 0 ? row : [...beside, ...row];
  }

  #isExcluded(e: number): boolean {
    return (e < 0 && this.#without.has(-1 - e)) || this.#hop.isExcluded(e);
  }

  #obstacle(e: number, amount: number): number {
    if (this.#isExcluded(e)) return EXCLUSION;
    if (!this.#hop.isClosed(e, amount)) return 0;
    return this.#lifted.has(e) ? EXCLUSION : 1;
  }

  #onWay(): Obstacles {
    const { source, overlay } = this.#request;
    let excluded = false;
    const closed: Closed[] = [];
    for (const edge of this.#reached.way(source)) {
      const target =
        edge < 0 ? (overlay[-1 - edge] as OverlayEdge).target : this.#graph.source[edge ^ 1];
      const amount = this.#amounts[target as number] as number;
      if (this.#isExcluded(edge) || this.#lifted.has(edge)) excluded = true;
      if (this.#hop.isClosed(edge, amount)) closed.push({ edge, amount });
    }
    return { excluded, closed };
  }
}
