/**
 * An amount in several parts: the flow of least cost. Each edge is a few arcs one after another,
 * each dearer than the one before (`flow-arcs.ts`). The cheapest way for one more bit is looked for
 * again and again, and may take back what an earlier way put on an edge; so no split of the amount
 * costs less, but for what the arcs round and for base fees, which are spread over a part of usual
 * size.
 *
 * A way is looked for from both ends, and what it cost is added to potentials of the nodes near
 * them, which keep all costs from sinking below zero: with those of the one end as they are up to
 * where the ends met, and those of the other from there on, each edge is counted once.
 */
import { DISABLED, type Graph, KNOWN, UNROUTABLE } from '../gossip/index.js';
import { type Flow, FlowArcs } from './flow-arcs.js';
import { FLOW_WORDS, FlowRows } from './flow-rows.js';
import { Side } from './frontier.js';
import type { Knowledge } from './knowledge.js';
import { EDGE, KEY, NODE, type ReadyRows } from './ready-rows.js';
import type { OverlayEdge, SearchRequest } from './search-request.js';

/** Ways at most; beyond, the amount is taken for not payable. */
const MOST_WAYS = 80;
const NONE: ReadonlySet<number> = new Set();

export class FlowSearch {
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #arcs: FlowArcs;
  readonly #allRows: FlowRows;
  #rows!: ReadyRows;
  readonly #from = new Side(true);
  readonly #to = new Side(false);
  /** The nodes that each end has settled, in their order. */
  readonly #settledFrom: number[] = [];
  readonly #settledTo: number[] = [];
  /** By node: what earlier ways added, the source's end above 0, the destination's below. */
  #potential = new Float64Array(0);
  #highest = 0;
  #lowest = 0;
  readonly #moved = new Set<number>();
  /** The cheapest way found, and a node on it that both ends know. */
  #best = 0;
  #meeting = -1;

  readonly #flow = new Map<number, number>();
  /** Edges that are tried whatever their place in a row, by the nodes where they start and end. */
  readonly #leaving = new Map<number, Set<number>>();
  readonly #entering = new Map<number, Set<number>>();
  #request!: SearchRequest;
  #excluded: ReadonlySet<number> = new Set();

  constructor(deps: { readonly graph: Graph; readonly knowledge: Knowledge }) {
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
    this.#arcs = new FlowArcs(deps);
    this.#allRows = new FlowRows(deps);
  }

  /**
   * How the request's amount is to flow, or nothing where it cannot. `weight`: millisatoshi for
   * each factor e of chance; `reserved`: what edges carry already; `excluded`: edges not to use;
   * `toTheBrim`: nothing is kept back for fees.
   */
  find(
    request: SearchRequest,
    weight: number,
    reserved: Flow,
    excluded: ReadonlySet<number>,
    toTheBrim = false,
  ): Flow | undefined {
    this.#arcs.begin({ request, weight, reserved, excluded, toTheBrim });
    this.#rows = this.#allRows.for(request, weight);
    this.#begin(request, reserved, excluded);
    let left = request.amount;
    for (let ways = 0; left > 0; ways++) {
      if (ways === MOST_WAYS || !this.#findWay()) return undefined;
      left -= this.#push(left);
      this.#addPotentials();
    }
    return new Map(this.#flow);
  }

  #begin(request: SearchRequest, reserved: Flow, excluded: ReadonlySet<number>): void {
    this.#request = request;
    this.#excluded = excluded;
    this.#flow.clear();
    this.#leaving.clear();
    this.#entering.clear();
    let nodes = this.#graph.nodeVersion.length;
    for (const { source, target } of request.overlay)
      nodes = Math.max(nodes, source + 1, target + 1);
    this.#from.frontier.resize(nodes);
    this.#to.frontier.resize(nodes);
    if (nodes > this.#potential.length) this.#potential = new Float64Array(nodes);
    for (const n of this.#moved) this.#potential[n] = 0;
    this.#moved.clear();
    this.#highest = 0;
    this.#lowest = 0;
    // What rows say of costs holds for edges that carry nothing yet.
    for (const e of reserved.keys()) this.#note(e);
    for (let i = 0; i < request.overlay.length; i++) this.#note(-1 - i);
  }

  /** The edge is tried from both its ends. */
  #note(e: number): void {
    for (const [map, n] of [
      [this.#leaving, this.#start(e)],
      [this.#entering, this.#end(e)],
    ] as const) {
      const edges = map.get(n);
      if (edges === undefined) map.set(n, new Set([e]));
      else edges.add(e);
    }
  }

  /** The cheapest way for one more bit; answers whether there is one. */
  #findWay(): boolean {
    const { source, destination } = this.#request;
    const [from, to] = [this.#from, this.#to];
    from.begin(source);
    to.begin(destination);
    this.#settledFrom.length = 0;
    this.#settledTo.length = 0;
    this.#best = Number.POSITIVE_INFINITY;
    this.#meeting = -1;
    this.#settle(from);
    this.#leaveSource();
    while (from.frontier.least + to.frontier.least < this.#best)
      if (from.entries <= to.entries) this.#expand(from, to.frontier.least);
      else this.#expand(to, from.frontier.least);
    return this.#meeting >= 0;
  }

  /** The source's own edges have no order: they cost no fee. */
  #leaveSource(): void {
    const { source, ownChannelsOnly } = this.#request;
    const { incoming, nodeLimit } = this.#graph;
    this.#tryNoted(this.#from, source, 0);
    if (ownChannelsOnly || source >= nodeLimit) return;
    const start = incoming.start(source);
    for (let i = 0; i < incoming.length(source); i++)
      this.#try(this.#from, (incoming.pool[start + i] as number) ^ 1, source, 0);
  }

  #settle({ forward, frontier }: Side): number {
    const n = frontier.settle();
    if (n >= 0) (forward ? this.#settledFrom : this.#settledTo).push(n);
    return n;
  }

  /** `rest`: what the other end's part costs at least. */
  #expand(side: Side, rest: number): void {
    const { forward, frontier } = side;
    const distance = frontier.least;
    const n = this.#settle(side);
    if (n < 0) return;
    const { source, destination } = this.#request;
    side.entries++;
    this.#tryNoted(side, n, distance);
    if (n >= this.#graph.nodeLimit || n === (forward ? destination : source)) return;
    const rows = this.#rows;
    if (forward) rows.prepareOutOf(n);
    else rows.prepareInto(n);
    const { ints, floats } = rows;
    const places = forward ? rows.outOf : rows.into;
    const end = places.end[n] as number;
    const potential = this.#potential[n] as number;
    const more = forward ? this.#lowest - potential : potential - this.#highest;
    for (let at = places.start[n] as number; at < end; at += FLOW_WORDS) {
      const floor = distance + Math.max(0, (floats[at + KEY] as number) + more);
      if (floor + rest >= this.#best) {
        frontier.prune(floor);
        return;
      }
      side.entries++;
      const other = ints[at + NODE] as number;
      if (other === source || frontier.isSettled(other)) continue;
      this.#try(side, ints[at + EDGE] as number, n, distance);
    }
  }

  /** Edges beside the rows, and flow that may be taken back. */
  #tryNoted(side: Side, n: number, distance: number): void {
    const { forward } = side;
    const [ahead, back] = forward
      ? [this.#leaving, this.#entering]
      : [this.#entering, this.#leaving];
    for (const e of ahead.get(n) ?? NONE) this.#try(side, e, n, distance);
    for (const e of back.get(n) ?? NONE) {
      const flow = this.#flow.get(e) ?? 0;
      if (flow === 0) continue;
      const other = forward ? this.#start(e) : this.#end(e);
      this.#reach(side, other, n, distance, -this.#arcs.lastArc(e, flow).slope, e, true);
    }
  }

  /** One more bit over an edge, in its own direction. */
  #try(side: Side, e: number, n: number, distance: number): void {
    const { forward, frontier } = side;
    const start = this.#start(e);
    const other = forward ? this.#end(e) : start;
    if (frontier.isSettled(other) || (e >= 0 && !this.#usable(e, start))) return;
    const slope = this.#arcs.slopeAt(e, this.#flow.get(e) ?? 0);
    if (slope === Number.POSITIVE_INFINITY) return;
    this.#reach(side, other, n, distance, slope, e, false);
  }

  #reach(
    { forward, frontier }: Side,
    other: number,
    n: number,
    before: number,
    slope: number,
    e: number,
    back: boolean,
  ): void {
    const [there, here] = [this.#potential[other] as number, this.#potential[n] as number];
    const distance = before + Math.max(0, slope + (forward ? there - here : here - there));
    if (!frontier.reach(other, distance, stepOf(e, back), n)) return;
    const both = distance + (forward ? this.#to : this.#from).frontier.at(other);
    if (both >= this.#best) return;
    this.#best = both;
    this.#meeting = other;
  }

  #start(e: number): number {
    return e < 0
      ? (this.#request.overlay[-1 - e] as OverlayEdge).source
      : (this.#graph.source[e] as number);
  }
  #end(e: number): number {
    return e < 0
      ? (this.#request.overlay[-1 - e] as OverlayEdge).target
      : (this.#graph.source[e ^ 1] as number);
  }

  /** Sends as much as the way takes, at most `left`; answers how much. */
  #push(left: number): number {
    let amount = left;
    const way = this.#way();
    for (const { edge, back } of way) {
      const flow = this.#flow.get(edge) ?? 0;
      const room = back ? this.#arcs.lastArc(edge, flow).part : this.#arcs.room(edge, flow);
      amount = Math.min(amount, room);
    }
    amount = Math.max(1, Math.floor(amount));
    for (const { edge, back } of way) this.#add(edge, back ? -amount : amount);
    return amount;
  }

  /** The steps from the source to the destination, without rounds that cost nothing. */
  #way(): readonly { readonly edge: number; readonly back: boolean; readonly to: number }[] {
    const way: { edge: number; back: boolean; to: number }[] = [];
    const places = new Map([[this.#request.source, 0]]);
    const [from, to] = [this.#from.frontier, this.#to.frontier];
    for (const step of [...from.way(this.#meeting).reverse(), ...to.way(this.#meeting)]) {
      const { edge, back } = ofStep(step);
      const end = back ? this.#start(edge) : this.#end(edge);
      const again = places.get(end);
      if (again !== undefined) {
        for (const left of way.splice(again)) places.delete(left.to);
        places.set(end, again);
        continue;
      }
      way.push({ edge, back, to: end });
      places.set(end, way.length);
    }
    return way;
  }

  #add(e: number, amount: number): void {
    const flow = (this.#flow.get(e) ?? 0) + amount;
    if (flow > 0) {
      this.#flow.set(e, flow);
      this.#note(e);
    } else this.#flow.delete(e);
  }

  #addPotentials(): void {
    const [from, to] = [this.#from.frontier, this.#to.frontier];
    const behind = Math.min(to.rim, this.#best);
    const ahead = this.#best - behind;
    const move = (n: number, by: number): void => {
      const potential = (this.#potential[n] as number) + by;
      this.#potential[n] = potential;
      this.#moved.add(n);
      if (potential > this.#highest) this.#highest = potential;
      if (potential < this.#lowest) this.#lowest = potential;
    };
    for (const n of this.#settledTo) {
      const by = to.at(n) - behind;
      if (by < 0) move(n, by);
    }
    for (const n of this.#settledFrom) {
      const by = ahead - from.at(n);
      if (by > 0) move(n, by);
    }
  }

  #usable(e: number, from: number): boolean {
    const graph = this.#graph;
    const { source, ownChannelsOnly, now, ignoreKnowledge } = this.#request;
    if (((graph.flags[e] as number) & (KNOWN | DISABLED | UNROUTABLE)) !== KNOWN) return false;
    if (from === source) return !ownChannelsOnly && !this.#excluded.has(e);
    if ((graph.nodeUnroutable[from] as number) !== 0 || this.#excluded.has(e)) return false;
    return ignoreKnowledge || this.#knowledge.size === 0 || this.#knowledge.nodeUsable(from, now);
  }
}

/** An edge and whether it is taken against its direction, as the one number that a frontier keeps. */
const stepOf = (edge: number, back: boolean): number => 2 * edge + (back ? 1 : 0);
const ofStep = (step: number): { readonly edge: number; readonly back: boolean } => ({
  edge: step >> 1,
  back: (step & 1) === 1,
});
