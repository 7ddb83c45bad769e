/**
 * The graph as a search sees it for amounts from `floor` up to the next view: of each node the
 * usable edges that end there and that start there, packed beside one another, cheapest first, with
 * what a lower bound of their cost at any such amount is made of. Rows are made when first asked
 * for, and again when the graph or the knowledge of them changed.
 */
import { DISABLED, type Graph, grown, KNOWN, type Rows, UNROUTABLE } from '../gossip/index.js';
import { chanceOf, LEAST_CHANCE, type PenaltyOptions, penaltyWeight } from './cost.js';
import { fuzzOf } from './hop.js';
import type { Belief, Knowledge } from './knowledge.js';
import type { SearchRequest } from './search-request.js';

export interface ViewOptions {
  readonly floor: number;
  readonly riskFactor: number;
  readonly penalty: PenaltyOptions;
}

/** Seconds for which a row with learned bounds stands: they fade meanwhile. */
const ROW_SECONDS = 60;
const RISK_DIVISOR = 5_259_600;
/** Of a channel that is believed to have less than the amount: the least chance there is. */
const MOST_DOUBT = -Math.log(LEAST_CHANCE) * (1 - 2 ** -20);
/** Float32 that is never above the number, or never below: bounds must stay bounds. */
const DOWN = 1 - 2 ** -22;
const UP = 1 + 2 ** -22;
/** Below this, the doubt at the least amount of a view stands for that at the others. */
const SLIGHT_DOUBT = 0.02;
/** Edges of a node that the order of a row can tell apart, and the largest key it can. */
const ORDERED = 65_536;
const LARGEST_KEY = 6e9;
/** Rows are in order to a sixteenth of a millisatoshi. */
const ORDER_SLACK = 0.07;
/** Whole numbers below this are exact in Float32. */
const EXACT = 2 ** 24;

export class View {
  readonly #options: ViewOptions;
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #weight: number;
  #fuzz = 0;
  #fuzzSeed = 0;
  #bias: SearchRequest['bias'];
  readonly #belief: Belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };

  /** Columns of entries: an edge, the node at its other end, and the parts of its bound. */
  edge = new Int32Array(1024);
  node = new Int32Array(1024);
  /** Cost whatever the amount, in millisatoshi, without the penalty. */
  fixed = new Float32Array(1024);
  /** The fee for each million of the amount: it is rounded down to whole millisatoshi. */
  millionths = new Float32Array(1024);
  /** The price of stuck funds for each millisatoshi of the amount. */
  risk = new Float32Array(1024);
  /** Minus the logarithm of the chance at `floor`. */
  doubt = new Float32Array(1024);
  /** What the chance follows from: the capacity, and between what bounds the funds lie. */
  room = new Float32Array(1024);
  lower = new Float32Array(1024);
  upper = new Float32Array(1024);
  least = new Float32Array(1024);
  most = new Float32Array(1024);
  #used = 0;
  /** Entries in rows that were made anew since. */
  #garbage = 0;

  readonly into: ViewRows;
  readonly outOf: ViewRows;

  constructor(
    options: ViewOptions,
    deps: { readonly graph: Graph; readonly knowledge: Knowledge },
  ) {
    this.#options = options;
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
    this.#weight = penaltyWeight(options.penalty, options.floor);
    this.into = new ViewRows();
    this.outOf = new ViewRows();
  }

  /** What the costs of a search have beside what the view holds. */
  aim({ fuzz, fuzzSeed, bias }: SearchRequest): void {
    this.#fuzz = fuzz;
    this.#fuzzSeed = fuzzSeed;
    this.#bias = bias;
  }

  /** No entry of the row from here on costs less than this at any amount of the view. */
  key(at: number): number {
    const key = Math.min(LARGEST_KEY, this.#cost(at)) - ORDER_SLACK;
    return this.#fuzz === 0 ? key : key * (1 - this.#fuzz) - 1;
  }

  #cost(at: number): number {
    const { floor } = this.#options;
    return this.#fee(at, floor) + (this.doubt[at] as number) * this.#weight;
  }

  /** No more than fee and risk of the entry for an amount. */
  #fee(at: number, amount: number): number {
    return (
      (this.fixed[at] as number) +
      Math.floor(((this.millionths[at] as number) * amount) / 1e6) +
      (this.risk[at] as number) * amount
    );
  }

  /** No more than the cost of the entry for an amount of the view, and mostly close to it. */
  cost(at: number, amount: number, weight: number): number {
    let doubt = this.doubt[at] as number;
    // Where it is slight it hardly changes within the view; near a bound it does.
    if (doubt > SLIGHT_DOUBT) doubt = this.#doubt(at, amount);
    let cost = this.#fee(at, amount) + doubt * weight;
    if (this.#fuzz !== 0) cost += this.#fuzzed(this.edge[at] as number, amount);
    if (cost < 0) return 0;
    return this.#bias === undefined ? cost : cost * this.#bias(this.edge[at] as number);
  }

  /** No more than the fuzz adds to the fee of an edge. */
  #fuzzed(e: number, amount: number): number {
    const { feeBase, feeRate } = this.#graph;
    const fee = (feeBase[e] as number) + (feeRate[e] as number) * (amount / 1e6);
    const factor = this.#fuzz * fuzzOf(e, this.#fuzzSeed);
    // Of a fee that is rounded down by up to one.
    return factor * fee - Math.abs(factor);
  }

  /** No more than the exact doubt of the entry for an amount. */
  #doubt(at: number, amount: number): number {
    const upper = this.upper[at] as number;
    if (amount > upper) return MOST_DOUBT;
    const { onesided } = this.#options.penalty;
    const chance = chanceOf(
      amount,
      this.room[at] as number,
      this.lower[at] as number,
      upper,
      onesided,
    );
    return chance === 1 ? 0 : -Math.log(chance) * DOWN;
  }

  /** Makes sure that the row of the edges that end at `n` is as things stand. */
  prepareInto(n: number, now: number): void {
    this.#prepare(this.into, n, now, 0);
  }
  /** The same of the edges that start at `n`. */
  prepareOutOf(n: number, now: number): void {
    this.#prepare(this.outOf, n, now, 1);
  }

  get bytes(): number {
    return this.edge.length * 44 + this.into.bytes + this.outOf.bytes;
  }

  #prepare(rows: ViewRows, n: number, now: number, flip: 0 | 1): void {
    const version = (this.#graph.nodeVersion[n] as number) + 1;
    if (rows.version[n] === version && now < (rows.expiry[n] as number)) return;
    this.#build(rows, n, now, flip);
    rows.version[n] = version;
  }

  #build(rows: ViewRows, n: number, now: number, flip: 0 | 1): void {
    const graph = this.#graph;
    rows.resize(graph.nodeVersion.length);
    this.#garbage += rows.length[n] as number;
    if (this.#garbage > 65_536 && this.#garbage * 2 > this.#used) this.#clear();
    const incoming: Rows = graph.incoming;
    const first = incoming.start(n);
    const degree = incoming.length(n);
    const start = this.#used;
    this.#reserve(start + degree);
    let expiry = Number.POSITIVE_INFINITY;
    for (let i = 0; i < degree; i++) {
      const e = (incoming.pool[first + i] as number) ^ flip;
      if (this.#learned(e)) expiry = now + ROW_SECONDS;
      this.#append(e, flip, now);
    }
    rows.start[n] = start;
    rows.length[n] = this.#used - start;
    rows.expiry[n] = expiry;
    this.#sort(start, this.#used);
  }

  #learned(e: number): boolean {
    const { edgeSlot, nodeSlot, size } = this.#knowledge;
    if (size === 0) return false;
    const from = this.#graph.source[e] as number;
    return (edgeSlot[e] ?? 0) !== 0 || (edgeSlot[e ^ 1] ?? 0) !== 0 || (nodeSlot[from] ?? 0) !== 0;
  }

  /** Adds the edge where it may carry an amount of this view. */
  #append(e: number, flip: 0 | 1, now: number): void {
    const graph = this.#graph;
    const { floor, riskFactor } = this.#options;
    if (((graph.flags[e] as number) & (KNOWN | DISABLED | UNROUTABLE)) !== KNOWN) return;
    const from = graph.source[e] as number;
    if ((graph.nodeUnroutable[from] as number) !== 0) return;
    let most = graph.htlcMaximum[e] as number;
    const capacity = (graph.capacity[e >> 1] as number) || most;
    most = Math.min(most, capacity);
    let lower = 0;
    let upper = capacity;
    let blame = 0;
    if (this.#learned(e)) {
      const knowledge = this.#knowledge;
      // As things will stand when the row ends: bounds only relax, and so must a bound on them.
      const then = now + ROW_SECONDS;
      if (!knowledge.nodeUsable(from, then)) return;
      const belief = this.#belief;
      knowledge.look(e, capacity, then, belief);
      if (!belief.usable) return;
      most = Math.min(most, belief.limit);
      upper = belief.upper;
      blame = belief.blame;
      knowledge.look(e, capacity, now, belief);
      lower = Math.min(belief.lower, upper);
    }
    if (most < floor) return;
    const at = this.#used++;
    this.edge[at] = e;
    this.node[at] = flip === 0 ? from : (graph.source[e ^ 1] as number);
    const suspicion = blame === 0 ? 0 : -Math.log(1 - blame) * this.#weight;
    this.fixed[at] = ((graph.feeBase[e] as number) + suspicion) * DOWN;
    const rate = graph.feeRate[e] as number;
    this.millionths[at] = rate < EXACT ? rate : rate * DOWN;
    this.risk[at] = (((graph.cltvDelta[e] as number) * riskFactor) / RISK_DIVISOR) * DOWN;
    this.room[at] = capacity * UP;
    this.lower[at] = lower * UP;
    this.upper[at] = upper * UP;
    this.doubt[at] = this.#weight === 0 ? 0 : this.#doubt(at, floor);
    this.least[at] = (graph.htlcMinimum[e] as number) * DOWN;
    this.most[at] = most * UP;
  }

  /** Orders entries by `key`: sorted as numbers that hold both the key and the place. */
  #sort(start: number, end: number): void {
    const count = end - start;
    if (count < 2) return;
    let order: number[];
    if (count <= ORDERED) {
      const keys = new Float64Array(count);
      for (let i = 0; i < count; i++) {
        const key = Math.max(0, Math.min(LARGEST_KEY, this.#cost(start + i)));
        keys[i] = Math.ceil(key * 16) * ORDERED + i;
      }
      order = Array.from(keys.sort(), (key) => start + (key % ORDERED));
    } else {
      order = Array.from({ length: count }, (_, i) => start + i);
      order.sort((a, b) => this.#cost(a) - this.#cost(b));
    }
    for (const column of [
      this.edge,
      this.node,
      this.fixed,
      this.millionths,
      this.risk,
      this.doubt,
      this.room,
      this.lower,
      this.upper,
      this.least,
      this.most,
    ]) {
      const sorted = order.map((at) => column[at] as number);
      for (let i = 0; i < count; i++) column[start + i] = sorted[i] as number;
    }
  }

  #reserve(size: number): void {
    if (size <= this.edge.length) return;
    const bigger = Math.max(size, Math.ceil(this.edge.length * 1.5));
    this.edge = grown(this.edge, bigger);
    this.node = grown(this.node, bigger);
    this.fixed = grown(this.fixed, bigger);
    this.millionths = grown(this.millionths, bigger);
    this.risk = grown(this.risk, bigger);
    this.doubt = grown(this.doubt, bigger);
    this.room = grown(this.room, bigger);
    this.lower = grown(this.lower, bigger);
    this.upper = grown(this.upper, bigger);
    this.least = grown(this.least, bigger);
    this.most = grown(this.most, bigger);
  }

  #clear(): void {
    this.#used = 0;
    this.#garbage = 0;
    this.into.clear();
    this.outOf.clear();
  }
}

/** Where each node's entries stand. */
export class ViewRows {
  start = new Int32Array(0);
  length = new Int32Array(0);
  /** The node's version that the row was made of, plus one; 0: there is no row. */
  version = new Uint32Array(0);
  expiry = new Float64Array(0);

  resize(nodes: number): void {
    if (nodes <= this.start.length) return;
    this.start = grown(this.start, nodes);
    this.length = grown(this.length, nodes);
    this.version = grown(this.version, nodes);
    this.expiry = grown(this.expiry, nodes);
  }

  clear(): void {
    this.version.fill(0);
    this.length.fill(0);
  }

  get bytes(): number {
    return this.start.length * 20;
  }
}
