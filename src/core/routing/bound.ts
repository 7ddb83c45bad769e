/**
 * The first half of a search: what a way costs at least. Amounts are taken as if they did not grow
 * on the way back, or as what must arrive at each node at least where that is known, so that every
 * node has one least cost and Dijkstra's rule holds from both ends. It meets in the middle, and
 * leaves a path that is most often the cheapest, and for every node a bound of the cost from the
 * source, by which the second half is led.
 */
import { Side } from './frontier.js';
import type { BoundEdge, FirstHops, Hop } from './hop.js';
import { View } from './view.js';

export interface BoundRequest {
  readonly view: View;
  readonly source: number;
  readonly destination: number;
  readonly amount: number;
  /** What must arrive at a node at least, where that is known; Infinity: it cannot be reached. */
  readonly least: ((n: number) => number) | undefined;
  /** What may arrive at most, for edges that have a minimum. */
  readonly reach: number;
  /** Millisatoshi for each factor e of chance. */
  readonly weight: number;
  /** Nothing that costs as much is of use. */
  readonly ceiling: number;
  /**
   * `meet`: until the ends have met. `across`: from the source alone, until the destination is
   * reached or the ceiling: more to do, and exact bounds for all nodes on the way. `all`: up to the
   * ceiling, whatever has been reached.
   */
  readonly span: 'meet' | 'across' | 'all';
  readonly firstHops: FirstHops;
  readonly hints: readonly BoundEdge[];
  /** Nodes of the graph are below this. */
  readonly nodeLimit: number;
  readonly hop: Hop;
}

export class Bound {
  readonly #from = new Side(true);
  readonly #to = new Side(false);
  /** Nothing that costs as much is looked at. */
  #limit = 0;
  /** The cheapest path found, and a node on it that both ends know. */
  #best = 0;
  #meeting = -1;
  #rim = 0;
  #request!: BoundRequest;

  resize(nodes: number): void {
    this.#from.frontier.resize(nodes);
    this.#to.frontier.resize(nodes);
  }

  /** Entries the last run looked at, for measurements. */
  get entries(): number {
    return this.#from.entries + this.#to.entries;
  }

  /** Answers whether there is any path at all below the ceiling. */
  run(request: BoundRequest): boolean {
    const { source, destination, firstHops, ceiling, span } = request;
    const [from, to] = [this.#from, this.#to];
    this.#request = request;
    this.#limit = ceiling;
    this.#best = ceiling;
    this.#meeting = -1;
    to.begin(destination);
    from.begin(source);
    // The source's own channels cost no fee: they are all taken before anything else.
    from.frontier.settle();
    for (let i = 0; i < firstHops.count; i++)
      this.#reach(
        from,
        firstHops.target[i] as number,
        firstHops.cost[i] as number,
        firstHops.edge[i] as number,
        source,
      );
    if (span !== 'meet') while (from.frontier.least < this.#limit) this.#expand(from, 0);
    else
      while (from.frontier.least + to.frontier.least < this.#limit)
        if (from.entries <= to.entries) this.#expand(from, to.frontier.least);
        else this.#expand(to, from.frontier.least);
    this.#rim = from.frontier.rim;
    return this.#meeting >= 0;
  }

  /** At least this much is the way from the source to `n`. */
  from(n: number): number {
    const { frontier } = this.#from;
    return frontier.isSettled(n) ? frontier.at(n) : this.#rim;
  }

  /** The edges of the path that was found, from the source to the destination. */
  path(): number[] {
    const [from, to] = [this.#from.frontier, this.#to.frontier];
    return [...from.way(this.#meeting).reverse(), ...to.way(this.#meeting)];
  }

  /** `rest`: what the other end's part costs at least. */
  #expand(side: Side, rest: number): void {
    const key = side.frontier.least;
    const n = side.frontier.settle();
    if (n < 0) return;
    const request = this.#request;
    const { forward } = side;
    for (const { source, target, edge, cost } of request.hints)
      if ((forward ? source : target) === n)
        this.#reach(side, forward ? target : source, key + cost, edge, n);
    side.entries++;
    // Beyond the other end there is no way; a node of hints has no row.
    const { destination, source, nodeLimit } = request;
    if (n >= nodeLimit || n === (forward ? destination : source)) return;
    const { view } = request;
    const rows = forward ? view.outOf(n) : view.into(n);
    const [start, end] = [rows.start[n] as number, rows.end[n] as number];
    side.entries += this.#expandRow(side, n, key, rest, start, end);
  }

  /** Answers how many entries it looked at: the dearest ones can be left out. */
  #expandRow(side: Side, n: number, key: number, rest: number, start: number, end: number): number {
    const { forward, frontier } = side;
    const { least: arrivesAt, view, amount, reach, weight, hop, source } = this.#request;
    const { excludes } = hop;
    for (let at = start; at < end; at += View.STEP) {
      const floor = key + view.key(at);
      if (floor + rest >= this.#limit) {
        frontier.prune(floor);
        return (at - start) / View.STEP;
      }
      const other = view.node(at);
      // The source's channels were taken from its own side.
      if (frontier.isSettled(other) || (!forward && other === source)) continue;
      const arrives = arrivesAt === undefined ? amount : arrivesAt(forward ? other : n);
      if (!view.fits(at, arrives, reach)) continue;
      const e = view.edge(at);
      if (excludes && hop.isExcluded(e)) continue;
      const cost = key + view.cost(at, arrives, weight);
      if (cost + rest >= this.#limit) frontier.prune(cost);
      else this.#reach(side, other, cost, e, n);
    }
    return (end - start) / View.STEP;
  }

  #reach(side: Side, n: number, cost: number, edge: number, by: number): void {
    if (!side.frontier.reach(n, cost, edge, by)) return;
    const both = cost + (side.forward ? this.#to : this.#from).frontier.at(n);
    if (both >= this.#best) return;
    this.#best = both;
    this.#meeting = n;
    if (this.#request.span !== 'all') this.#limit = both;
  }
}
