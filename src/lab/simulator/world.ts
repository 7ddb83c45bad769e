/**
 * The hidden side of a graph: how the funds of each channel really lie. A payment along a route
 * succeeds or fails by it, and moves it; and so do the payments of others, all the time.
 *
 * What others do to a channel depends on the seed, the channel and the time only, so that senders
 * of all sorts meet the same network; a channel is brought up to date when it is looked at.
 */
import type { Graph } from '../../core/gossip/index.js';
import { type BalanceModel, densityOf, drawShare } from './balances.js';
import { admits, incomingOf, outgoingOf } from './edges.js';
import { numberAt, randomFrom } from './random.js';

export interface AttemptHop {
  readonly edge: number;
  readonly amount: number;
}

export interface WorldOptions {
  readonly model: BalanceModel;
  readonly seed: number;
  /** Payments of others that each channel forwards a day; 0: it lies still. */
  readonly forwardsPerDay: number;
  /** Others pay back the other way what the sender moves: it drains no channel for good. */
  readonly counterflow?: boolean;
}

/** Payments of others are as often of 1,000 sat as of 1,000,000, and of all between by its logarithm. */
const LEAST_FORWARD = 1e6;
const FORWARD_FACTOR = 1000;
/** One in so many times the channel is rebalanced or made anew instead. */
const ANEW = 1 / 200;
const DAY = 86_400;

export class World {
  readonly graph: Graph;
  readonly #options: WorldOptions;
  /** Of each channel: what its first node has, in whole millisatoshi. */
  readonly #balance: Float64Array;
  /** Of each edge: what is on its way over it. */
  readonly #held: Float64Array;
  /** How many payments of others each channel has seen. */
  readonly #forwards: Int32Array;
  /** Channels that others do not use: the sender's own. */
  readonly #still: Uint8Array;
  #days = 0;

  constructor(options: WorldOptions, deps: { readonly graph: Graph }) {
    this.graph = deps.graph;
    this.#options = options;
    const channels = deps.graph.channelLimit;
    this.#balance = new Float64Array(channels);
    this.#held = new Float64Array(2 * channels);
    this.#forwards = new Int32Array(channels);
    this.#still = new Uint8Array(channels);
    const random = randomFrom(options.seed);
    for (let c = 0; c < channels; c++)
      this.#balance[c] = Math.floor(
        (this.graph.capacity[c] as number) * drawShare(options.model, random),
      );
  }

  /** Time goes on; `seconds` since the beginning. Nothing may be on its way. */
  moveTo(seconds: number): void {
    this.#days = seconds / DAY;
  }

  /** From now on nobody else moves the funds of a node's channels. */
  keepStill(node: number): void {
    for (const e of this.outgoing(node)) this.#still[e >> 1] = 1;
  }

  /** What the edge can carry now. */
  liquidity(e: number): number {
    return this.side(e) - (this.#held[e] as number);
  }

  /** What the node that an edge starts from has in the channel, what is on its way included. */
  side(e: number): number {
    const c = e >> 1;
    this.#catchUp(c);
    const balance = this.#balance[c] as number;
    return (e & 1) === 0 ? balance : (this.graph.capacity[c] as number) - balance;
  }

  /** The first hop that cannot carry its amount, or -1 where all can. */
  failingHop(hops: readonly AttemptHop[]): number {
    return hops.findIndex(({ edge, amount }) => amount > this.liquidity(edge));
  }

  /** The amounts are on their way. */
  hold(hops: readonly AttemptHop[]): void {
    for (const { edge, amount } of hops) this.#held[edge] = (this.#held[edge] as number) + amount;
  }

  /** What was held is back with its owners. */
  release(hops: readonly AttemptHop[]): void {
    for (const { edge, amount } of hops) this.#held[edge] = (this.#held[edge] as number) - amount;
  }

  /** What was held now lies on the other sides. */
  settle(hops: readonly AttemptHop[]): void {
    this.release(hops);
    for (const { edge, amount } of hops) this.move(edge, amount);
  }

  /**
   * The sender earns again what it paid, and the payee spends it: their own channels lie as before,
   * and with a counterflow those between them too.
   */
  refill(hops: readonly AttemptHop[]): void {
    hops.forEach(({ edge, amount }, i) => {
      const isEnd = i === 0 || i === hops.length - 1;
      if (isEnd || this.#options.counterflow === true) this.move(edge, -amount);
    });
  }

  /** The amount goes over to the edge's end. */
  move(edge: number, amount: number): void {
    const c = edge >> 1;
    this.#balance[c] = (this.#balance[c] as number) + ((edge & 1) === 0 ? -amount : amount);
  }

  /** Edges out of a node that are in use. */
  outgoing(n: number): number[] {
    return outgoingOf(this.graph, n);
  }

  /** Whether one of a node's channels can take the amount from its peer. */
  takes(n: number, amount: number): boolean {
    return incomingOf(this.graph, n).some(
      (e) => admits(this.graph, e, amount) && amount <= this.liquidity(e),
    );
  }

  #catchUp(c: number): void {
    if ((this.#still[c] as number) !== 0) return;
    const { seed, forwardsPerDay } = this.#options;
    // Each channel has its own minute for the payments of others.
    const due = Math.floor(this.#days * forwardsPerDay + numberAt(seed, c, -1));
    let turn = this.#forwards[c] as number;
    if (turn === due) return;
    // What came before the channel last lay anew makes no difference.
    for (let later = due - 1; later > turn; later--) if (this.#liesAnew(c, later)) turn = later;
    for (; turn < due; turn++) this.#forward(c, turn);
    this.#forwards[c] = due;
  }

  #number(c: number, turn: number, which: number): number {
    return numberAt(this.#options.seed ^ 0x5bd1e995, c, 5 * turn + which);
  }

  #liesAnew(c: number, turn: number): boolean {
    return this.#number(c, turn, 0) < ANEW;
  }

  /**
   * Somebody's payment. It is taken by the rule of Metropolis: by and by the funds lie as the model
   * has it, so that a long stream meets the same network as a short one.
   */
  #forward(c: number, turn: number): void {
    const { model } = this.#options;
    const capacity = this.graph.capacity[c] as number;
    if (this.#liesAnew(c, turn)) {
      let which = 1;
      const share = drawShare(model, () => this.#number(c, turn, which++));
      this.#balance[c] = Math.floor(capacity * share);
      return;
    }
    const amount = Math.floor(LEAST_FORWARD * FORWARD_FACTOR ** this.#number(c, turn, 1));
    const before = this.#balance[c] as number;
    const after = this.#number(c, turn, 2) < 0.5 ? before - amount : before + amount;
    if (after < 0 || after > capacity) return;
    const odds = densityOf(model, after / capacity) / densityOf(model, before / capacity);
    if (this.#number(c, turn, 3) < odds) this.#balance[c] = after;
  }
}
