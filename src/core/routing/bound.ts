/**
 * The first half of a search: what a way costs at least. Amounts are taken as if they did not grow
 * on the way back, or as what must arrive at each node at least where that is known, so that every
 * node has one least cost and Dijkstra's rule holds from both ends. It meets in the middle, and
 * leaves a path that is most often the cheapest, and for every node a bound of the cost from the
 * source, by which the second half is led.
 */
import { grown } from '../gossip/index.js';
import { Heap } from './heap.js';
import type { BoundEdge, FirstHops, Hop } from './hop.js';
import { View } from './view.js';

/** Stands for no edge. */
const NO_EDGE = 0x7fffffff;

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

/** What one end has found: columns of nodes, valid where the stamp is this search's. */
class Side {
  readonly #heap = new Heap();
  readonly forward: boolean;
  #generation = 0;
  #stamp = new Uint32Array(0);
  #done = new Uint32Array(0);
  #cost = new Float64Array(0);
  #edge = new Int32Array(0);
  #by = new Int32Array(0);
  /** The least that was left out when it could not be part of a better path. */
  #pruned = 0;
  /** Entries looked at. */
  entries = 0;

  constructor(forward: boolean) {
    this.forward = forward;
  }

  resize(nodes: number): void {
    if (nodes <= this.#stamp.length) return;
    this.#stamp = grown(this.#stamp, nodes);
    this.#done = grown(this.#done, nodes);
    this.#cost = grown(this.#cost, nodes);
    this.#edge = grown(this.#edge, nodes);
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
    this.entries = 0;
    this.reach(at, 0, NO_EDGE, -1);
  }

  /** The least cost among those that are not settled. */
  get least(): number {
    return this.#heap.least;
  }
  /** Whatever was not settled costs at least this. */
  get rim(): number {
    return Math.min(this.#heap.least, this.#pruned);
  }
  prune(cost: number): void {
    if (cost < this.#pruned) this.#pruned = cost;
  }

  /** Settles the next node and answers it, or -1 where that was done already. */
  settle(): number {
    const n = this.#heap.pop();
    if (this.#done[n] === this.#generation) return -1;
    this.#done[n] = this.#generation;
    return n;
  }
  isSettled(n: number): boolean {
    return this.#done[n] === this.#generation;
  }

  /** A way to `n`; answers whether it is better than those before. */
  reach(n: number, cost: number, edge: number, by: number): boolean {
    const generation = this.#generation;
    if (this.#stamp[n] === generation && (this.#cost[n] as number) <= cost) return false;
    if (this.#done[n] === generation) return false;
    this.#stamp[n] = generation;
    this.#cost[n] = cost;
    this.#edge[n] = edge;
    this.#by[n] = by;
    this.#heap.push(cost, n);
    return true;
  }

  /** What the way to `n` costs; Infinity where there is none yet. */
  costOf(n: number): number {
    return this.#stamp[n] === this.#generation
      ? (this.#cost[n] as number)
      : Number.POSITIVE_INFINITY;
  }

  /** The edges between `n` and this end, the ones at `n` first. */
  way(n: number): number[] {
    const edges: number[] = [];
    for (let at = n; (this.#by[at] as number) >= 0; at = this.#by[at] as number)
      edges.push(this.#edge[at] as number);
    return edges;
  }
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
    this.#from.resize(nodes);
    this.#to.resize(nodes);
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
    from.settle();
    for (let i = 0; i < firstHops.count; i++)
      this.#reach(
        from,
        firstHops.target[i] as number,
        firstHops.cost[i] as number,
        firstHops.edge[i] as number,
        source,
      );
    if (span !== 'meet') while (from.least < this.#limit) this.#expand(from, 0);
    else
      while (from.least + to.least < this.#limit)
        if (from.entries <= to.entries) this.#expand(from, to.least);
        else this.#expand(to, from.least);
    this.#rim = from.rim;
    return this.#meeting >= 0;
  }

  /** At least this much is the way from the source to `n`. */
  from(n: number): number {
    return this.#from.isSettled(n) ? this.#from.costOf(n) : this.#rim;
  }

  /** The edges of the path that was found, from the source to the destination. */
  path(): number[] {
    return [...this.#from.way(this.#meeting).reverse(), ...this.#to.way(this.#meeting)];
  }

  /** `rest`: what the other end's part costs at least. */
  #expand(side: Side, rest: number): void {
    const key = side.least;
    const n = side.settle();
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
    const { forward } = side;
    const { least: arrivesAt, view, amount, reach, weight, hop, source } = this.#request;
    const { excludes } = hop;
    for (let at = start; at < end; at += View.STEP) {
      const floor = key + view.key(at);
      if (floor + rest >= this.#limit) {
        side.prune(floor);
        return (at - start) / View.STEP;
      }
      const other = view.node(at);
      // The source's channels were taken from its own side.
      if (side.isSettled(other) || (!forward && other === source)) continue;
      const arrives = arrivesAt === undefined ? amount : arrivesAt(forward ? other : n);
      if (!view.fits(at, arrives, reach)) continue;
      const e = view.edge(at);
      if (excludes && hop.isExcluded(e)) continue;
      const cost = key + view.cost(at, arrives, weight);
      if (cost + rest >= this.#limit) side.prune(cost);
      else this.#reach(side, other, cost, e, n);
    }
    return (end - start) / View.STEP;
  }

  #reach(side: Side, n: number, cost: number, edge: number, by: number): void {
    if (!side.reach(n, cost, edge, by)) return;
    const both = cost + (side.forward ? this.#to : this.#from).costOf(n);
    if (both >= this.#best) return;
    this.#best = both;
    this.#meeting = n;
    if (this.#request.span !== 'all') this.#limit = both;
  }
}
