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

  /** Marks of what is not to be used, where there are any. */
  get excludedEdge(): Uint8Array | undefined {
    return this.#excludes ? this.#edges.marks : undefined;
  }
  get excludedNode(): Uint8Array | undefined {
    return this.#excludes ? this.#nodes.marks : undefined;
  }

  /** Takes edge `e` for `amount` to arrive at its end; answers whether it may. */
  take(e: number, amount: number): boolean {
    return e < 0 ? this.#takeOverlay(-1 - e, amount) : this.#takeEdge(e, amount, amount);
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

  #takeEdge(e: number, amount: number, reach: number): boolean {
    const graph = this.#graph;
    const request = this.#request;
    if (((graph.flags[e] as number) & (KNOWN | DISABLED | UNROUTABLE)) !== KNOWN) return false;
    const from = graph.source[e] as number;
    const isSource = from === request.source;
    if (isSource && request.ownChannelsOnly) return false;
    const maximum = graph.htlcMaximum[e] as number;
    const capacity = (graph.capacity[e >> 1] as number) || maximum;
    if (amount > maximum || amount > capacity || reach < (graph.htlcMinimum[e] as number))
      return false;
    if (this.#excludes && (this.#edges.marks[e] === 1 || this.#nodes.marks[from] === 1))
      return false;
    if (!isSource && (graph.nodeUnroutable[from] as number) !== 0) return false;
    const chance = this.#chance(e, from, isSource, amount, capacity);
    if (chance === 0) return false;
    this.from = from;
    this.cost = chance === 1 ? 0 : -this.#weight * Math.log(chance);
    this.amount = amount;
    this.delta = 0;
    // BOLT 7, "HTLC Fees": the sender pays itself nothing.
    if (isSource) return this.#biased(e);
    const fee = feeOf(graph.feeBase[e] as number, graph.feeRate[e] as number, amount);
    this.delta = graph.cltvDelta[e] as number;
    this.amount = amount + fee;
    this.cost +=
      (request.fuzz === 0 ? fee : fee * (1 + request.fuzz * fuzzOf(e, request.fuzzSeed))) +
      riskOf(this.amount, this.delta, request.riskFactor);
    return this.#biased(e);
  }

  #biased(e: number): true {
    const { bias } = this.#request;
    if (bias !== undefined) this.cost *= bias(e);
    return true;
  }

  /** The chance that an edge carries the amount; 0: it must not be used. */
  #chance(e: number, from: number, isSource: boolean, amount: number, capacity: number): number {
    const { now, penalty, ignoreKnowledge } = this.#request;
    const knowledge = this.#knowledge;
    const plain = this.#weight === 0;
    const blank = (): number =>
      plain ? 1 : chanceOf(amount, capacity, 0, capacity, penalty.onesided);
    if (ignoreKnowledge || knowledge.size === 0) return blank();
    if (!isSource && !knowledge.nodeUsable(from, now)) return 0;
    const { edgeSlot } = knowledge;
    if (((edgeSlot[e] as number) | (edgeSlot[e ^ 1] as number)) === 0) return blank();
    const belief = this.#belief;
    knowledge.look(e, capacity, now, belief);
    if (!belief.usable || amount > belief.limit) return 0;
    if (plain) return 1;
    const { lower, upper, blame } = belief;
    const chance =
      amount > upper ? LEAST_CHANCE : chanceOf(amount, capacity, lower, upper, penalty.onesided);
    return chance * (1 - blame);
  }

  #takeOverlay(i: number, amount: number): boolean {
    const request = this.#request;
    const edge = request.overlay[i] as OverlayEdge;
    if (amount > edge.maximum || amount < edge.minimum) return false;
    if (amount > edge.limit && !request.ignoreKnowledge) return false;
    if (this.#excludes && this.#nodes.marks[edge.source] === 1) return false;
    this.from = edge.source;
    this.amount = amount;
    this.cost = 0;
    this.delta = 0;
    if (edge.source === request.source) return true;
    const fee = feeOf(edge.feeBase, edge.feeRate, amount);
    this.amount = amount + fee;
    this.delta = edge.cltvDelta;
    this.cost = fee + riskOf(this.amount, this.delta, request.riskFactor);
    return this.#biased(-1 - i);
  }

  /** The overlay's edges that do not start at the source, for the bound. */
  hints(reach: number): readonly BoundEdge[] {
    const { overlay, source, amount, ignoreKnowledge, riskFactor } = this.#request;
    const edges: BoundEdge[] = [];
    overlay.forEach((edge, i) => {
      if (edge.source === source || amount > edge.maximum || reach < edge.minimum) return;
      if (amount > edge.limit && !ignoreKnowledge) return;
      if (this.#excludes && this.#nodes.marks[edge.source] === 1) return;
      const fee = feeOf(edge.feeBase, edge.feeRate, amount);
      const cost = fee + riskOf(amount + fee, edge.cltvDelta, riskFactor);
      edges.push({ source: edge.source, target: edge.target, edge: -1 - i, cost });
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
function fuzzOf(e: number, seed: number): number {
  let h = Math.imul(e ^ seed ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) | 0) / 0x80000000;
}
