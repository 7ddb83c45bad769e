/**
 * An amount in several parts: the flow of least cost. Each edge is a few arcs one after another,
 * each dearer than the one before, as the chance shrinks the more it is to carry. The cheapest way
 * for one more bit is looked for again and again, and may take back what an earlier way put on an
 * edge; so no split of the amount costs less, but for what the arcs round and for base fees, which
 * are spread over a part of usual size.
 */
import { DISABLED, type Graph, grown, KNOWN, UNROUTABLE } from '../gossip/index.js';
import { chanceOf } from './cost.js';
import { Heap } from './heap.js';
import type { Belief, Knowledge } from './knowledge.js';
import type { OverlayEdge, SearchRequest } from './search-request.js';

/** An edge of the graph, or `-1 - i` of the overlay, and how much goes over it. */
export type Flow = ReadonlyMap<number, number>;

/** The arcs of an edge, and where their shares of what it may carry end. */
const ARCS = 4;
const SHARES = [0.25, 0.5, 0.75, 0.95];
/** Of what an edge may carry, so much is kept back for the fees of the hops behind it. */
const MARGIN = 0.005;
/** No arc is used for less than this share of the amount: there would be no end of small ways. */
const LEAST_SHARE = 1 / 200;
/** Ways at most; beyond, the amount is taken for not payable. */
const MOST_WAYS = 80;
const RISK_DIVISOR = 5_259_600;

export class FlowSearch {
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #heap = new Heap();
  readonly #belief: Belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };

  /** Columns of nodes, valid where the stamp is this way's. */
  #generation = 0;
  #stamp = new Uint32Array(0);
  #done = new Uint32Array(0);
  #distance = new Float64Array(0);
  /** The edge by which a node is left, and whether that takes flow back. */
  #by = new Int32Array(0);
  #back = new Uint8Array(0);
  readonly #settled: number[] = [];
  /** What earlier ways added to distances, so that taking back costs nothing below zero. */
  #potential = new Float64Array(0);

  /** Columns of edges, valid where the stamp is this search's: slopes and sizes of their arcs. */
  #search = 0;
  #edgeStamp = new Uint32Array(0);
  #slope = new Float64Array(0);
  #size = new Float64Array(0);

  readonly #flow = new Map<number, number>();
  /** Edges with flow by the node they start from. */
  readonly #leaving = new Map<number, Set<number>>();
  #request!: SearchRequest;
  #weight = 0;
  #least = 0;
  #margin = MARGIN;
  #reserved: Flow = new Map();
  #excluded: ReadonlySet<number> = new Set();
  #overlayArcs = new Map<number, { slope: Float64Array; size: Float64Array }>();

  constructor(deps: { readonly graph: Graph; readonly knowledge: Knowledge }) {
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
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
    this.#margin = toTheBrim ? 0 : MARGIN;
    this.#begin(request, weight, reserved, excluded);
    let left = request.amount;
    for (let ways = 0; left > 0; ways++) {
      if (ways === MOST_WAYS || !this.#findWay()) return undefined;
      left -= this.#push(left);
      this.#addPotentials();
    }
    return new Map(this.#flow);
  }

  #begin(request: SearchRequest, weight: number, reserved: Flow, excluded: ReadonlySet<number>) {
    this.#request = request;
    this.#weight = weight;
    this.#reserved = reserved;
    this.#excluded = excluded;
    this.#least = Math.max(1, request.amount * LEAST_SHARE);
    this.#search++;
    this.#flow.clear();
    this.#leaving.clear();
    this.#overlayArcs.clear();
    let nodes = this.#graph.nodeVersion.length;
    for (const { source, target } of request.overlay)
      nodes = Math.max(nodes, source + 1, target + 1);
    if (nodes > this.#stamp.length) {
      this.#stamp = grown(this.#stamp, nodes);
      this.#done = grown(this.#done, nodes);
      this.#distance = grown(this.#distance, nodes);
      this.#by = grown(this.#by, nodes);
      this.#back = grown(this.#back, nodes);
      this.#potential = grown(this.#potential, nodes);
    }
    this.#potential.fill(0);
    const edges = this.#graph.flags.length;
    if (edges <= this.#edgeStamp.length) return;
    this.#edgeStamp = grown(this.#edgeStamp, edges);
    this.#slope = grown(this.#slope, edges * ARCS);
    this.#size = grown(this.#size, edges * ARCS);
  }

  /** The cheapest way for one more bit, from the destination back; answers whether there is one. */
  #findWay(): boolean {
    const { source, destination, overlay } = this.#request;
    const graph = this.#graph;
    this.#generation++;
    this.#settled.length = 0;
    const heap = this.#heap;
    heap.clear();
    this.#reach(destination, 0, 0, false);
    while (heap.size > 0) {
      const n = heap.pop();
      if (this.#done[n] === this.#generation) continue;
      this.#done[n] = this.#generation;
      this.#settled.push(n);
      if (n === source) return true;
      const distance = this.#distance[n] as number;
      for (let i = 0; i < overlay.length; i++)
        if ((overlay[i] as OverlayEdge).target === n) this.#tryForward(-1 - i, n, distance);
      if (n < graph.nodeLimit) {
        const { pool } = graph.incoming;
        const start = graph.incoming.start(n);
        const end = start + graph.incoming.length(n);
        for (let at = start; at < end; at++) this.#tryForward(pool[at] as number, n, distance);
      }
      for (const e of this.#leaving.get(n) ?? []) this.#tryBack(e, n, distance);
    }
    return false;
  }

  #from(e: number): number {
    return e < 0
      ? (this.#request.overlay[-1 - e] as OverlayEdge).source
      : (this.#graph.source[e] as number);
  }
  #to(e: number): number {
    return e < 0
      ? (this.#request.overlay[-1 - e] as OverlayEdge).target
      : (this.#graph.source[e ^ 1] as number);
  }

  #tryForward(e: number, n: number, distance: number): void {
    const from = this.#from(e);
    if (this.#done[from] === this.#generation) return;
    if (e >= 0 && !this.#usable(e, from)) return;
    const slope = this.#slopeAt(e, this.#flow.get(e) ?? 0);
    if (slope === Number.POSITIVE_INFINITY) return;
    const cost = slope + (this.#potential[n] as number) - (this.#potential[from] as number);
    this.#reach(from, distance + Math.max(0, cost), e, false);
  }

  /** Goes on along an edge's own direction, by taking flow off it. */
  #tryBack(e: number, n: number, distance: number): void {
    const to = this.#to(e);
    if (this.#done[to] === this.#generation) return;
    const slope = this.#lastSlope(e, this.#flow.get(e) ?? 0);
    const cost = -slope + (this.#potential[n] as number) - (this.#potential[to] as number);
    this.#reach(to, distance + Math.max(0, cost), e, true);
  }

  #reach(n: number, distance: number, e: number, back: boolean): void {
    if (this.#stamp[n] === this.#generation && (this.#distance[n] as number) <= distance) return;
    this.#stamp[n] = this.#generation;
    this.#distance[n] = distance;
    this.#by[n] = e;
    this.#back[n] = back ? 1 : 0;
    this.#heap.push(distance, n);
  }

  /** Sends as much as the way takes, at most `left`; answers how much. */
  #push(left: number): number {
    const { source, destination } = this.#request;
    let amount = left;
    for (let n = source; n !== destination; n = this.#next(n)) {
      const e = this.#by[n] as number;
      const flow = this.#flow.get(e) ?? 0;
      const room = this.#back[n] === 1 ? this.#lastPart(e, flow) : this.#room(e, flow);
      amount = Math.min(amount, room);
    }
    amount = Math.max(1, Math.floor(amount));
    for (let n = source; n !== destination; n = this.#next(n)) {
      const e = this.#by[n] as number;
      this.#add(e, this.#back[n] === 1 ? -amount : amount);
    }
    return amount;
  }

  #next(n: number): number {
    const e = this.#by[n] as number;
    return this.#back[n] === 1 ? this.#from(e) : this.#to(e);
  }

  #add(e: number, amount: number): void {
    const flow = (this.#flow.get(e) ?? 0) + amount;
    const from = this.#from(e);
    let leaving = this.#leaving.get(from);
    if (leaving === undefined) {
      leaving = new Set();
      this.#leaving.set(from, leaving);
    }
    if (flow > 0) {
      this.#flow.set(e, flow);
      leaving.add(e);
    } else {
      this.#flow.delete(e);
      leaving.delete(e);
    }
  }

  #addPotentials(): void {
    const rim = this.#distance[this.#request.source] as number;
    for (const n of this.#settled)
      this.#potential[n] =
        (this.#potential[n] as number) - (rim - Math.min(rim, this.#distance[n] as number));
  }

  #usable(e: number, from: number): boolean {
    const graph = this.#graph;
    const { source, ownChannelsOnly, now, ignoreKnowledge } = this.#request;
    if (((graph.flags[e] as number) & (KNOWN | DISABLED | UNROUTABLE)) !== KNOWN) return false;
    if (from === source) return !ownChannelsOnly && !this.#excluded.has(e);
    if ((graph.nodeUnroutable[from] as number) !== 0 || this.#excluded.has(e)) return false;
    return ignoreKnowledge || this.#knowledge.size === 0 || this.#knowledge.nodeUsable(from, now);
  }

  /** Cost of one more millisatoshi on an edge with this flow; Infinity: it takes no more. */
  #slopeAt(e: number, flow: number): number {
    const arcs = this.#arcs(e);
    let left = flow;
    for (let i = arcs.at; i < arcs.at + ARCS; i++) {
      const size = arcs.size[i] as number;
      if (left < size) return arcs.slope[i] as number;
      left -= size;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** How much more it takes at that cost. */
  #room(e: number, flow: number): number {
    const arcs = this.#arcs(e);
    let left = flow;
    for (let i = arcs.at; i < arcs.at + ARCS; i++) {
      const size = arcs.size[i] as number;
      if (left < size) return size - left;
      left -= size;
    }
    return 0;
  }

  /** Cost of the last millisatoshi of the flow on an edge, and how much of it costs the same. */
  #lastSlope(e: number, flow: number): number {
    return this.#lastArc(e, flow).slope;
  }
  #lastPart(e: number, flow: number): number {
    return this.#lastArc(e, flow).part;
  }
  #lastArc(e: number, flow: number): { readonly slope: number; readonly part: number } {
    const arcs = this.#arcs(e);
    let left = flow;
    for (let i = arcs.at; i < arcs.at + ARCS; i++) {
      const size = arcs.size[i] as number;
      if (left <= size) return { slope: arcs.slope[i] as number, part: left };
      left -= size;
    }
    return { slope: 0, part: Math.max(0, left) };
  }

  #arcs(e: number): { slope: Float64Array; size: Float64Array; at: number } {
    if (e < 0) {
      let arcs = this.#overlayArcs.get(e);
      if (arcs === undefined) {
        arcs = { slope: new Float64Array(ARCS), size: new Float64Array(ARCS) };
        this.#makeOverlayArc(-1 - e, arcs.slope, arcs.size);
        this.#overlayArcs.set(e, arcs);
      }
      return { ...arcs, at: 0 };
    }
    if (this.#edgeStamp[e] !== this.#search) {
      this.#edgeStamp[e] = this.#search;
      this.#makeArcs(e);
    }
    return { slope: this.#slope, size: this.#size, at: e * ARCS };
  }

  #makeOverlayArc(i: number, slope: Float64Array, size: Float64Array): void {
    const edge = this.#request.overlay[i] as OverlayEdge;
    const taken = this.#reserved.get(-1 - i) ?? 0;
    const most = Math.min(edge.maximum, edge.limit, Number.MAX_SAFE_INTEGER) - taken;
    const room = this.#excluded.has(-1 - i) ? 0 : Math.floor(most * (1 - this.#margin));
    size[0] = room >= this.#least ? room : 0;
    slope[0] =
      edge.source === this.#request.source
        ? 0
        : this.#fees(edge.feeBase, edge.feeRate, edge.cltvDelta) * this.#bias(-1 - i);
  }

  #bias(e: number): number {
    return this.#request.bias?.(e) ?? 1;
  }

  #fees(base: number, rate: number, delta: number): number {
    const { amount, riskFactor } = this.#request;
    // Base fees as for a part of an eighth: their true share is known only once the parts are.
    return (8 * base) / amount + rate / 1e6 + (delta * riskFactor) / RISK_DIVISOR;
  }

  #makeArcs(e: number): void {
    const graph = this.#graph;
    const { source, now, penalty, ignoreKnowledge } = this.#request;
    const at = e * ARCS;
    this.#size.fill(0, at, at + ARCS);
    const maximum = graph.htlcMaximum[e] as number;
    const capacity = (graph.capacity[e >> 1] as number) || maximum;
    const belief = this.#belief;
    if (ignoreKnowledge) {
      belief.lower = 0;
      belief.limit = capacity;
      belief.upper = capacity;
      belief.blame = 0;
      belief.usable = true;
    } else this.#knowledge.look(e, capacity, now, belief);
    if (!belief.usable) return;
    const taken = this.#reserved.get(e) ?? 0;
    const upper = Math.min(belief.upper, belief.limit);
    const most = Math.floor(upper * (1 - this.#margin)) - taken;
    if (most < this.#least || (graph.htlcMinimum[e] as number) > this.#request.amount) return;
    const own = graph.source[e] === source;
    const fees = own
      ? 0
      : this.#fees(
          graph.feeBase[e] as number,
          graph.feeRate[e] as number,
          graph.cltvDelta[e] as number,
        );
    const doubt = (x: number): number =>
      -this.#weight *
      Math.log(chanceOf(taken + x, capacity, belief.lower, upper, penalty.onesided));
    const bias = this.#bias(e);
    // The first arc ends where it is sure, if that is worth an arc; the others share the rest.
    const sure = Math.max(0, Math.min(most, belief.lower - taken));
    let before = 0;
    let cost = doubt(0);
    let steepest = 0;
    let arc = at;
    const close = (end: number): void => {
      const part = end - before;
      if (part < this.#least && !(before === 0 && end === most)) return;
      const next = doubt(end);
      // A slope never sinks, or the arcs could not be taken one after another.
      steepest = Math.max(steepest, (next - cost) / part);
      this.#slope[arc] = (fees + steepest) * bias;
      this.#size[arc] = part;
      arc++;
      before = end;
      cost = next;
    };
    if (sure >= this.#least) close(sure);
    const rest = most - before;
    for (const share of sure >= this.#least ? SHARES.slice(1) : SHARES)
      if (arc < at + ARCS) close(Math.floor(before === 0 ? rest * share : sure + rest * share));
  }
}
