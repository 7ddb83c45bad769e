/**
 * The hidden side of a graph: how the funds of each channel really lie. A payment along a route
 * succeeds or fails by it, and moves it.
 */
import { DISABLED, type Graph, KNOWN } from '../../core/gossip/index.js';
import { type Random, randomFrom } from './random.js';

/** `uniform`: any share is as likely; `bimodal`: nearly all lies on one side. */
export type BalanceModel = 'uniform' | 'bimodal';

/** How far the funds of a bimodal channel lie from its end on average, as a share of it. */
const BIMODAL_SCALE = 0.05;

export interface AttemptHop {
  readonly edge: number;
  readonly amount: number;
}

export class World {
  readonly graph: Graph;
  readonly #model: BalanceModel;
  readonly #random: Random;
  /** Of each channel: what its first node can send, in millisatoshi. */
  readonly #balance: Float64Array;

  constructor(
    options: { readonly model: BalanceModel; readonly seed: number },
    deps: { readonly graph: Graph },
  ) {
    this.graph = deps.graph;
    this.#model = options.model;
    this.#balance = new Float64Array(deps.graph.channelLimit);
    const random = randomFrom(options.seed);
    this.#random = randomFrom(options.seed + 1);
    for (let c = 0; c < this.#balance.length; c++)
      this.#balance[c] = Math.floor(
        (this.graph.capacity[c] as number) * draw(options.model, random),
      );
  }

  /** What the edge can carry now. */
  liquidity(e: number): number {
    const c = e >> 1;
    const balance = this.#balance[c] as number;
    return (e & 1) === 0 ? balance : (this.graph.capacity[c] as number) - balance;
  }

  /** The first hop that cannot carry its amount, or -1 where all can. */
  failingHop(hops: readonly AttemptHop[]): number {
    return hops.findIndex(({ edge, amount }) => amount > this.liquidity(edge));
  }

  /** The amounts now lie on the other sides. */
  settle(hops: readonly AttemptHop[]): void {
    for (const { edge, amount } of hops) this.hold(edge, amount);
  }

  /** Takes an amount off one side; below zero is taken back. */
  hold(edge: number, amount: number): void {
    const c = edge >> 1;
    this.#balance[c] = (this.#balance[c] as number) + ((edge & 1) === 0 ? -amount : amount);
  }

  /** Other people's payments: so many channels, picked at random, lie anew. */
  stir(channels: number): void {
    for (let i = 0; i < channels; i++) {
      const c = Math.floor(this.#random() * this.#balance.length);
      this.#balance[c] = Math.floor(
        (this.graph.capacity[c] as number) * draw(this.#model, this.#random),
      );
    }
  }

  /** Whether the amount could go in one part, fees aside, by one who knew how the funds lie. */
  isPossible(source: number, destination: number, amount: number): boolean {
    const { incoming, flags, htlcMinimum, htlcMaximum } = this.graph;
    const seen = new Set([destination]);
    const stack = [destination];
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      const start = incoming.start(n);
      for (let i = 0; i < incoming.length(n); i++) {
        const e = incoming.pool[start + i] as number;
        const from = this.graph.source[e] as number;
        if (seen.has(from) || ((flags[e] as number) & (KNOWN | DISABLED)) !== KNOWN) continue;
        if (amount > this.liquidity(e)) continue;
        if (from === source) return true;
        if (amount < (htlcMinimum[e] as number) || amount > (htlcMaximum[e] as number)) continue;
        seen.add(from);
        stack.push(from);
      }
    }
    return false;
  }

  /** Edges out of a node that are in use. */
  outgoing(n: number): number[] {
    const { incoming, flags } = this.graph;
    const start = incoming.start(n);
    const edges: number[] = [];
    for (let i = 0; i < incoming.length(n); i++) {
      const e = (incoming.pool[start + i] as number) ^ 1;
      if (((flags[e] as number) & (KNOWN | DISABLED)) === KNOWN) edges.push(e);
    }
    return edges;
  }
}

function draw(model: BalanceModel, random: Random): number {
  if (model === 'uniform') return random();
  const near = Math.min(1, -Math.log(1 - random()) * BIMODAL_SCALE);
  return random() < 0.5 ? near : 1 - near;
}
