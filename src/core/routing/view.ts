/**
 * The graph as a search sees it for amounts from `floor` up to the next view: of each node the
 * usable edges that end there and that start there, cheapest first, with what a lower bound of their
 * cost at any such amount is made of. What was learned of an edge fades: its entry stands for a
 * while and is looked up again when it is met afterwards. Its place in the row is by its fee alone,
 * which no lesson changes.
 */
import { DISABLED, type Graph, KNOWN, UNROUTABLE } from '../gossip/index.js';
import { chanceOf, LEAST_CHANCE, type PenaltyOptions, penaltyWeight } from './cost.js';
import { fuzzOf } from './hop.js';
import type { Belief, Knowledge } from './knowledge.js';
import { EDGE, KEY, NODE, ReadyRows, type RowPlaces } from './ready-rows.js';
import type { SearchRequest } from './search-request.js';

export interface ViewOptions {
  readonly floor: number;
  readonly riskFactor: number;
  readonly penalty: PenaltyOptions;
}

/** Words of an entry, after edge, node and key: the amounts it takes, at most and at least. */
const MOST = 3;
const LEAST = 4;
/** Cost whatever the amount, in millisatoshi, without the penalty. */
const FIXED = 5;
/** The fee for each million of the amount: it is rounded down to whole millisatoshi. */
const MILLIONTHS = 6;
/** The price of stuck funds for each millisatoshi of the amount. */
const RISK = 7;
/** Minus the logarithm of the chance at `floor`; 1 where something was learned. */
const DOUBT = 8;
/** Between what bounds the funds lie. */
const LOWER = 9;
const UPPER = 10;
/** When what was learned is to be looked up again, in seconds since the view was made. */
const UNTIL = 11;
const WORDS = 12;

/** Nothing was learned of the edge. */
const FOR_EVER = 0x7fffffff;
/** Before an entry's time is over it is looked up, so that it holds what held just before. */
const A_MOMENT = 1e-3;
const RISK_DIVISOR = 5_259_600;
/** Of a channel that is believed to have less than the amount: the least chance there is. */
const MOST_DOUBT = -Math.log(LEAST_CHANCE) * (1 - 2 ** -20);
/** Float32 that is never above the number, or never below: bounds must stay bounds. */
const DOWN = 1 - 2 ** -22;
const UP = 1 + 2 ** -22;
/** Below this, the doubt at the least amount of a view stands for that at the others. */
const SLIGHT_DOUBT = 0.02;
/** Whole numbers below this are exact in Float32. */
const EXACT = 2 ** 24;

export class View {
  readonly #options: ViewOptions;
  readonly #graph: Graph;
  readonly #knowledge: Knowledge;
  readonly #rows: ReadyRows;
  readonly #weight: number;
  #fuzz = 0;
  #fuzzSeed = 0;
  #bias: SearchRequest['bias'];
  /** When the view was made, and what the time is, in seconds; and what is over by then. */
  #epoch = Number.NaN;
  #now = 0;
  #due = 0;
  readonly #belief: Belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };

  constructor(
    options: ViewOptions,
    deps: { readonly graph: Graph; readonly knowledge: Knowledge },
  ) {
    this.#options = options;
    this.#graph = deps.graph;
    this.#knowledge = deps.knowledge;
    this.#weight = penaltyWeight(options.penalty, options.floor);
    this.#rows = new ReadyRows({ words: WORDS, write: (e, at) => this.#write(e, at) }, deps);
  }

  /** What the costs of a search have beside what the view holds. */
  aim({ fuzz, fuzzSeed, bias, now }: SearchRequest): void {
    this.#fuzz = fuzz;
    this.#fuzzSeed = fuzzSeed;
    this.#bias = bias;
    // What holds from some time on need not hold before.
    if (!(now >= this.#now) || Number.isNaN(this.#epoch)) {
      this.#rows.clear();
      this.#epoch = Math.floor(now);
    }
    this.#now = now;
    this.#due = now - this.#epoch + A_MOMENT;
  }

  /** The row of the edges that end at `n`: its places are from `start` to `end`, by `next`. */
  into(n: number): RowPlaces {
    this.#rows.prepareInto(n);
    return this.#rows.into;
  }
  /** The same of the edges that start at `n`. */
  outOf(n: number): RowPlaces {
    this.#rows.prepareOutOf(n);
    return this.#rows.outOf;
  }
  /** From one place of a row to the next. */
  static readonly STEP = WORDS;

  edge(at: number): number {
    return this.#rows.ints[at + EDGE] as number;
  }
  /** The node at the other end. */
  node(at: number): number {
    return this.#rows.ints[at + NODE] as number;
  }

  /** No entry of the row from here on costs less than this at any amount of the view. */
  key(at: number): number {
    const key = this.#rows.floats[at + KEY] as number;
    return this.#fuzz === 0 ? key : key * (1 - this.#fuzz) - 1;
  }

  /** Whether the entry may carry the amount; `reach` stands for the amount at the minimum. */
  fits(at: number, amount: number, reach: number): boolean {
    const { ints, floats } = this.#rows;
    if ((ints[at + UNTIL] as number) <= this.#due) this.#believe(ints[at + EDGE] as number, at);
    return amount <= (floats[at + MOST] as number) && reach >= (floats[at + LEAST] as number);
  }

  /** No more than fee and risk of the entry for an amount. */
  #fee(at: number, amount: number): number {
    const { floats } = this.#rows;
    return (
      (floats[at + FIXED] as number) +
      Math.floor(((floats[at + MILLIONTHS] as number) * amount) / 1e6) +
      (floats[at + RISK] as number) * amount
    );
  }

  /**
   * No more than the cost of the entry for an amount of the view that it `fits`, and mostly close to
   * it.
   */
  cost(at: number, amount: number, weight: number): number {
    let doubt = this.#rows.floats[at + DOUBT] as number;
    // Where it is slight it hardly changes within the view; near a bound it does.
    if (doubt > SLIGHT_DOUBT) doubt = this.#doubt(at, amount);
    let cost = this.#fee(at, amount) + doubt * weight;
    if (this.#fuzz !== 0) cost += this.#fuzzed(this.edge(at), amount);
    if (cost < 0) return 0;
    return this.#bias === undefined ? cost : cost * this.#bias(this.edge(at));
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
    const { ints, floats } = this.#rows;
    const upper = floats[at + UPPER] as number;
    if (amount > upper) return MOST_DOUBT;
    const isLearned = ints[at + UNTIL] !== FOR_EVER;
    const room = isLearned ? this.#capacity(ints[at + EDGE] as number) * UP : upper;
    const { onesided } = this.#options.penalty;
    const chance = chanceOf(amount, room, floats[at + LOWER] as number, upper, onesided);
    return chance === 1 ? 0 : -Math.log(chance) * DOWN;
  }

  get bytes(): number {
    return this.#rows.bytes;
  }

  /** What the channel holds, or where that is not known, what its maximum lets through. */
  #capacity(e: number): number {
    return (this.#graph.capacity[e >> 1] as number) || (this.#graph.htlcMaximum[e] as number);
  }

  /** The entry of an edge that may carry an amount of this view, whatever was learned; its key. */
  #write(e: number, at: number): number {
    const graph = this.#graph;
    const { floor, riskFactor } = this.#options;
    if (((graph.flags[e] as number) & (KNOWN | DISABLED | UNROUTABLE)) !== KNOWN) return -1;
    if ((graph.nodeUnroutable[graph.source[e] as number] as number) !== 0) return -1;
    const capacity = this.#capacity(e);
    const most = Math.min(graph.htlcMaximum[e] as number, capacity);
    if (most < floor) return -1;
    const { ints, floats } = this.#rows;
    const rate = graph.feeRate[e] as number;
    floats[at + MOST] = most * UP;
    floats[at + LEAST] = (graph.htlcMinimum[e] as number) * DOWN;
    floats[at + FIXED] = (graph.feeBase[e] as number) * DOWN;
    floats[at + MILLIONTHS] = rate < EXACT ? rate : rate * DOWN;
    floats[at + RISK] = (((graph.cltvDelta[e] as number) * riskFactor) / RISK_DIVISOR) * DOWN;
    floats[at + DOUBT] = 0;
    floats[at + LOWER] = 0;
    floats[at + UPPER] = capacity * UP;
    ints[at + UNTIL] = FOR_EVER;
    const fee = this.#fee(at, floor);
    if (this.#knowledge.isAbout(e, graph.source[e] as number)) {
      this.#believe(e, at);
      return Math.max(0, fee * DOWN);
    }
    if (this.#weight !== 0) floats[at + DOUBT] = this.#doubt(at, floor) * DOWN;
    return Math.max(0, (fee + (floats[at + DOUBT] as number) * this.#weight) * DOWN);
  }

  /** What was learned of an edge, as it bounds its costs from now on until the entry's time is over. */
  #believe(e: number, at: number): void {
    const graph = this.#graph;
    const knowledge = this.#knowledge;
    const { ints, floats } = this.#rows;
    const from = graph.source[e] as number;
    const until = Math.floor(knowledge.steadyUntil(e, from, this.#now) - this.#epoch);
    ints[at + UNTIL] = Math.min(until, FOR_EVER - 1);
    const then = Math.max(this.#now, (ints[at + UNTIL] as number) + this.#epoch - A_MOMENT);
    const capacity = this.#capacity(e);
    const belief = this.#belief;
    knowledge.lookThrough(e, capacity, this.#now, then, belief);
    const usable = belief.usable && knowledge.nodeUsable(from, then);
    const most = Math.min(graph.htlcMaximum[e] as number, capacity, belief.limit);
    floats[at + MOST] = usable ? most * UP : -1;
    floats[at + LOWER] = Math.min(belief.lower, belief.upper) * UP;
    floats[at + UPPER] = belief.upper * UP;
    const suspicion = belief.blame === 0 ? 0 : -Math.log(1 - belief.blame) * this.#weight;
    floats[at + FIXED] = ((graph.feeBase[e] as number) + suspicion) * DOWN;
    // Near a bound it changes much with the amount: it is found anew for each.
    floats[at + DOUBT] = this.#weight === 0 ? 0 : 1;
  }
}
