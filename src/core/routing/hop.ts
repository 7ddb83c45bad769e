/** One step of a route, exactly: whether an edge carries an amount, and what it costs. */
import { DISABLED, type Graph, grown, KNOWN, UNROUTABLE } from '../gossip/index.js';
import { chanceOf, feeOf, LEAST_CHANCE, riskOf } from './cost.js';
import type { Belief, Knowledge } from './knowledge.js';
import type { OverlayEdge, SearchRequest } from './search-request.js';

/** An edge beside the graph, as the bound sees it. */
export interface BoundEdge {
  readonly source: number;
  readonly target: number;
  /** As a path names it. */
  readonly edge: number;
  readonly cost: number;
}

export class Hop {
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #belief: Belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
  readonly #edges: { marks: Uint8Array } = { marks: new Uint8Array(0) };
  readonly #nodes: { marks: Uint8Array } = { marks: new Uint8Array(0) };
  #excludes = false;
  #request!: SearchRequest;
  #weight = 0;
  /** Nothing is known of the edge looked at last. */
  #blank = true;

  /** Of the edge taken last: where it starts, what it costs, what must arrive there, the blocks. */
  from = 0;
  cost = 0;
  amount = 0;
  delta = 0;

  constructor(deps: { readonly graph: Graph; readonly knowledge: Knowledge }) {
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
  }

  begin(request: SearchRequest, weight: number): void {
    this.#request = request;
    this.#weight = weight;
  }

  /** Runs something without these edges and nodes of the graph. */
  without<T>(edges: readonly number[], nodes: readonly number[], run: () => T): T {
    const marked = (column: { marks: Uint8Array }, places: readonly number[]): void => {
      const size = Math.max(0, ...places) + 1;
      if (size > column.marks.length) column.marks = grown(column.marks, size);
      for (const place of places) column.marks[place] = 1;
    };
    marked(this.#edges, edges);
    marked(this.#nodes, nodes);
    this.#excludes = edges.length + nodes.length > 0;
    try {
      return run();
    } finally {
      for (const e of edges) this.#edges.marks[e] = 0;
      for (const n of nodes) this.#nodes.marks[n] = 0;
      this.#excludes = false;
    }
  }

  /** Whether the request excludes anything of the graph. */
  get excludes(): boolean {
    return this.#excludes;
  }

  /** Takes edge `e` for `amount` to arrive at its end; answers whether it may. */
  take(e: number, amount: number): boolean {
    return e < 0 ? this.#takeOverlay(-1 - e, amount, amount) : this.#takeEdge(e, amount, amount);
  }

  /** What an edge carries at most, by its capacity and what was learned. */
  limit(e: number): number {
    const { now, ignoreKnowledge } = this.#request;
    const capacity = (this.#graph.capacity[e >> 1] as number) || Number.MAX_SAFE_INTEGER;
    if (ignoreKnowledge || this.#knowledge.size === 0) return capacity;
    this.#knowledge.look(e, capacity, now, this.#belief);
    return this.#belief.usable ? Math.min(capacity, this.#belief.limit) : 0;
  }

  /** The penalty of the source's own edge, or -1; `reach` stands for the amount at the minimum. */
  firstHop(e: number, amount: number, reach: number): number {
    return this.#takeEdge(e, amount, reach) ? this.cost : -1;
  }

  /**
   * Whether edge `e` carries the amount, whatever that costs; `from`, `amount` and `delta` are set.
   * `reach`: what stands for the amount at the minimum.
   */
  carries(e: number, amount: number, reach = amount): boolean {
    if (e < 0) return this.#takeOverlay(-1 - e, amount, reach);
    const usable = this.#fits(e, amount, reach) && !this.isExcluded(e) && !this.isClosed(e, amount);
    if (usable) this.#forward(e, amount);
    return usable;
  }

  /**
   * As `carries`, had nobody excluded anything and were nothing known. `from` and `amount` are set;
   * `isExcluded` and `isClosed` then tell of the edge.
   */
  couldCarry(e: number, amount: number): boolean {
    if (e < 0) {
      const edge = this.#request.overlay[-1 - e] as OverlayEdge;
      if (amount > edge.maximum || amount < edge.minimum) return false;
      this.#forwardOverlay(edge, amount);
      return true;
    }
    const could = this.#fits(e, amount, amount);
    if (could) this.#forward(e, amount);
    return could;
  }

  /** What edge `e` of the graph carries at most, whatever is known; 0: its minimum is more. */
  width(e: number, amount: number): number {
    if (!this.#fits(e, 0, amount)) return 0;
    return Math.min(this.#graph.htlcMaximum[e] as number, this.#capacity(e));
  }

  /** Whether the request excludes an edge, or the node where it starts. */
  isExcluded(e: number): boolean {
    if (!this.#excludes) return false;
    if (e >= 0 && this.#edges.marks[e] === 1) return true;
    const { overlay } = this.#request;
    const from = e < 0 ? (overlay[-1 - e] as OverlayEdge).source : this.#graph.source[e];
    return this.#nodes.marks[from as number] === 1;
  }

  /** Whether what was learned says that an edge does not carry the amount; leaves the belief. */
  isClosed(e: number, amount: number): boolean {
    const { now, source, overlay, ignoreKnowledge } = this.#request;
    this.#blank = true;
    if (ignoreKnowledge) return false;
    if (e < 0) return amount > (overlay[-1 - e] as OverlayEdge).limit;
    const knowledge = this.#knowledge;
    if (knowledge.size === 0) return false;
    const from = this.#graph.source[e] as number;
    if (from !== source && !knowledge.nodeUsable(from, now)) return true;
    const { edgeSlot } = knowledge;
    if (((edgeSlot[e] as number) | (edgeSlot[e ^ 1] as number)) === 0) return false;
    this.#blank = false;
    const belief = this.#belief;
    knowledge.look(e, this.#capacity(e), now, belief);
    return !belief.usable || amount > belief.limit;
  }

  /** What the channel holds, or where that is not known, what its maximum lets through. */
  #capacity(e: number): number {
    return (this.#graph.capacity[e >> 1] as number) || (this.#graph.htlcMaximum[e] as number);
  }

  /** Whether the edge is there, and large enough by its policy and its capacity. */
  #fits(e: number, amount: number, reach: number): boolean {
    const graph = this.#graph;
    if (((graph.flags[e] as number) & (KNOWN | DISABLED | UNROUTABLE)) !== KNOWN) return false;
    if (amount > (graph.htlcMaximum[e] as number) || amount > this.#capacity(e)) return false;
    if (reach < (graph.htlcMinimum[e] as number)) return false;
    const from = graph.source[e] as number;
    if (from === this.#request.source) return !this.#request.ownChannelsOnly;
    return (graph.nodeUnroutable[from] as number) === 0;
  }

  /** What the edge's start must have to send the amount over it, and the blocks it wants. */
  #forward(e: number, amount: number): void {
    const graph = this.#graph;
    this.from = graph.source[e] as number;
    this.amount = amount;
    this.delta = 0;
    // BOLT 7, "HTLC Fees": the sender pays itself nothing.
    if (this.from === this.#request.source) return;
    this.amount += feeOf(graph.feeBase[e] as number, graph.feeRate[e] as number, amount);
    this.delta = graph.cltvDelta[e] as number;
  }

  #takeEdge(e: number, amount: number, reach: number): boolean {
    if (!this.carries(e, amount, reach)) return false;
    const { fuzz, fuzzSeed, riskFactor } = this.#request;
    const chance = this.#chance(e, amount);
    const fee = this.amount - amount;
    this.cost =
      (chance === 1 ? 0 : -this.#weight * Math.log(chance)) +
      (fuzz === 0 ? fee : fee * (1 + fuzz * fuzzOf(e, fuzzSeed))) +
      riskOf(this.amount, this.delta, riskFactor);
    return this.#biased(e);
  }

  #biased(e: number): true {
    const { bias } = this.#request;
    if (bias !== undefined) this.cost *= bias(e);
    return true;
  }

  /** The chance that an edge carries the amount, by the belief that `isClosed` left. */
  #chance(e: number, amount: number): number {
    if (this.#weight === 0) return 1;
    const { onesided } = this.#request.penalty;
    const capacity = this.#capacity(e);
    if (this.#blank) return chanceOf(amount, capacity, 0, capacity, onesided);
    const { lower, upper, blame } = this.#belief;
    const chance =
      amount > upper ? LEAST_CHANCE : chanceOf(amount, capacity, lower, upper, onesided);
    return chance * (1 - blame);
  }

  #takeOverlay(i: number, amount: number, reach: number): boolean {
    const { overlay, source, riskFactor } = this.#request;
    const edge = overlay[i] as OverlayEdge;
    if (amount > edge.maximum || reach < edge.minimum) return false;
    if (this.isExcluded(-1 - i) || this.isClosed(-1 - i, amount)) return false;
    this.#forwardOverlay(edge, amount);
    this.cost = 0;
    if (edge.source === source) return true;
    this.cost = this.amount - amount + riskOf(this.amount, this.delta, riskFactor);
    return this.#biased(-1 - i);
  }

  #forwardOverlay(edge: OverlayEdge, amount: number): void {
    this.from = edge.source;
    const own = edge.source === this.#request.source;
    this.amount = amount + (own ? 0 : feeOf(edge.feeBase, edge.feeRate, amount));
    this.delta = own ? 0 : edge.cltvDelta;
  }

  /** The overlay's edges that do not start at the source, as the bound sees them. */
  hints(reach: number): readonly BoundEdge[] {
    const { overlay, source, amount, riskFactor } = this.#request;
    const edges: BoundEdge[] = [];
    overlay.forEach((hint, i) => {
      const edge = -1 - i;
      if (hint.source === source || amount > hint.maximum || reach < hint.minimum) return;
      if (this.isExcluded(edge) || this.isClosed(edge, amount)) return;
      const fee = feeOf(hint.feeBase, hint.feeRate, amount);
      const cost = fee + riskOf(amount + fee, hint.cltvDelta, riskFactor);
      edges.push({ source: hint.source, target: hint.target, edge, cost });
    });
    return edges;
  }
}

/** The edges from the source that may carry the amount, by the node where they end. */
export class FirstHops {
  count = 0;
  target = new Int32Array(64);
  edge = new Int32Array(64);
  /** The penalty: there is no fee. */
  cost = new Float64Array(64);
  #next = new Int32Array(64);
  #head = new Int32Array(0);
  #stamp = new Uint32Array(0);
  #generation = 0;

  resize(nodes: number): void {
    if (nodes <= this.#head.length) return;
    this.#head = grown(this.#head, nodes);
    this.#stamp = grown(this.#stamp, nodes);
  }

  /** `least`: what must arrive at a node at least, where more is known than the amount itself. */
  fill(
    graph: Graph,
    request: SearchRequest,
    hop: Hop,
    reach: number,
    least: (n: number) => number = () => request.amount,
  ): void {
    this.count = 0;
    this.#generation = (this.#generation + 1) >>> 0;
    const { source, overlay, ignoreKnowledge, ownChannelsOnly } = request;
    for (let i = 0; i < overlay.length; i++) {
      const edge = overlay[i] as OverlayEdge;
      if (edge.source !== source || reach < edge.minimum) continue;
      const amount = least(edge.target);
      if (amount > edge.maximum || (amount > edge.limit && !ignoreKnowledge)) continue;
      this.#add(edge.target, -1 - i, 0);
    }
    if (ownChannelsOnly || source >= graph.nodeLimit) return;
    const { pool } = graph.incoming;
    const start = graph.incoming.start(source);
    const end = start + graph.incoming.length(source);
    for (let at = start; at < end; at++) {
      const e = (pool[at] as number) ^ 1;
      const target = graph.source[e ^ 1] as number;
      const cost = hop.firstHop(e, least(target), reach);
      if (cost >= 0) this.#add(target, e, cost);
    }
  }

  /** The first of those that end at `n`, and the next; -1: there is none. */
  first(n: number): number {
    return this.#stamp[n] === this.#generation ? (this.#head[n] as number) : -1;
  }
  next(i: number): number {
    return this.#next[i] as number;
  }

  #add(target: number, edge: number, cost: number): void {
    const i = this.count++;
    if (i === this.target.length) {
      this.target = grown(this.target, 2 * i);
      this.edge = grown(this.edge, 2 * i);
      this.cost = grown(this.cost, 2 * i);
      this.#next = grown(this.#next, 2 * i);
    }
    this.target[i] = target;
    this.edge[i] = edge;
    this.cost[i] = cost;
    this.#next[i] = this.first(target);
    this.#head[target] = i;
    this.#stamp[target] = this.#generation;
  }
}

/** A number between -1 and 1, the same for an edge and seed each time. */
export function fuzzOf(e: number, seed: number): number {
  let h = Math.imul(e ^ seed ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) | 0) / 0x80000000;
}
