/**
 * Why there is no route: the way with the fewest obstacles, found by one look at each channel. An
 * exclusion by the request counts more than any number of learned constraints, since these can be
 * forgotten; what no wish changes (policies, capacities) is no obstacle but a wall.
 */
import type { Graph } from '../gossip/index.js';
import type { Hop } from './hop.js';
import type { OverlayEdge, SearchRequest } from './search-request.js';
import { Spread } from './spread.js';

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
  readonly #spread = new Spread();
  #request!: SearchRequest;
  /** Edges of the overlay that the request excludes. */
  #without: ReadonlySet<number> = new Set();

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
    const hop = this.#hop;
    const spread = this.#spread;
    this.#begin(request, without);
    spread.begin(this.#nodes(), destination, 0);
    const amounts = new Map<number, number>([[destination, amount]]);
    for (let n = spread.next(); n >= 0 && n !== source; n = spread.next()) {
      const before = spread.at(n);
      const arrives = amounts.get(n) as number;
      this.#edgesInto(n, (e) => {
        if (!hop.couldCarry(e, arrives) || spread.isDone(hop.from)) return;
        const [from, sent] = [hop.from, hop.amount];
        // Among ways with as many obstacles that of the least fees: less than one obstacle counts.
        const fees = (sent - arrives) / (sent + amount);
        const weight = before + this.#obstacle(e, arrives, lifted) + fees / 64;
        if (weight >= spread.at(from)) return;
        spread.reach(from, weight, e, n);
        amounts.set(from, sent);
      });
    }
    if (!Number.isFinite(spread.at(source))) return undefined;
    return this.#onWay(amounts, lifted);
  }

  /** The largest amount that one way carries, fees left aside, whoever excludes what. */
  widest(request: SearchRequest, without: ReadonlySet<number>): number {
    const { source, destination, amount, overlay } = request;
    const graph = this.#graph;
    const spread = this.#spread;
    this.#begin(request, without);
    spread.begin(this.#nodes(), destination, -Number.MAX_SAFE_INTEGER);
    for (let n = spread.next(); n >= 0; n = spread.next()) {
      const width = spread.at(n);
      if (n === source) return -width;
      this.#edgesInto(n, (e) => {
        const own = e < 0 ? (overlay[-1 - e] as OverlayEdge).maximum : this.#hop.width(e, amount);
        const from = e < 0 ? (overlay[-1 - e] as OverlayEdge).source : graph.source[e];
        if (own > 0) spread.reach(from as number, Math.max(width, -own), e, n);
      });
    }
    return 0;
  }

  #begin(request: SearchRequest, without: ReadonlySet<number>): void {
    this.#request = request;
    this.#without = without;
    this.#hop.begin(request, 0);
    this.entries = 0;
  }

  #nodes(): number {
    let nodes = this.#graph.nodeVersion.length;
    for (const { source, target } of this.#request.overlay)
      nodes = Math.max(nodes, source + 1, target + 1);
    return nodes;
  }

  #edgesInto(n: number, visit: (e: number) => void): void {
    const { overlay } = this.#request;
    for (let i = 0; i < overlay.length; i++)
      if ((overlay[i] as OverlayEdge).target === n) visit(-1 - i);
    if (n >= this.#graph.nodeLimit) return;
    const { pool } = this.#graph.incoming;
    const start = this.#graph.incoming.start(n);
    const end = start + this.#graph.incoming.length(n);
    this.entries += end - start;
    for (let at = start; at < end; at++) visit(pool[at] as number);
  }

  #isExcluded(e: number): boolean {
    return (e < 0 && this.#without.has(-1 - e)) || this.#hop.isExcluded(e);
  }

  #obstacle(e: number, amount: number, lifted: ReadonlySet<number>): number {
    if (this.#isExcluded(e)) return EXCLUSION;
    if (!this.#hop.isClosed(e, amount)) return 0;
    return lifted.has(e) ? EXCLUSION : 1;
  }

  #onWay(amounts: ReadonlyMap<number, number>, lifted: ReadonlySet<number>): Obstacles {
    const { source, overlay } = this.#request;
    let excluded = false;
    const closed: Closed[] = [];
    for (const edge of this.#spread.way(source)) {
      const target =
        edge < 0 ? (overlay[-1 - edge] as OverlayEdge).target : this.#graph.source[edge ^ 1];
      const amount = amounts.get(target as number) as number;
      if (this.#isExcluded(edge) || lifted.has(edge)) excluded = true;
      if (this.#hop.isClosed(edge, amount)) closed.push({ edge, amount });
    }
    return { excluded, closed };
  }
}
