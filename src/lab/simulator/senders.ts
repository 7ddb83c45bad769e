/** How a payment is made: ours, and the baselines it is measured against. */
import { type Msat, msat, type NodeId } from '../../core/bytes/index.js';
import type { Direction } from '../../core/gossip/index.js';
import {
  type Exclusion,
  type Lesson,
  type LocalChannel,
  lessonsOfFailure,
  lessonsOfSuccess,
  type Route,
  RouteTable,
  type RouteTableOptions,
  type TriedHop,
} from '../../core/routing/index.js';
import type { World } from './world.js';

export interface Outcome {
  readonly paid: boolean;
  readonly attempts: number;
  readonly firstTry: boolean;
  readonly feeMsat: number;
  readonly parts: number;
}

export interface Payment {
  readonly destination: NodeId;
  readonly amountMsat: Msat;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** One node that pays again and again, and keeps what it learns. */
export interface Sender {
  pay(payment: Payment): Outcome;
}

export interface SenderDeps {
  readonly world: World;
  /** The sender's node. */
  readonly node: number;
  /** Hears what the sender's payments teach it. */
  readonly onLesson?: (lesson: Lesson, now: number) => void;
}

export const TRIES = 5;

/** What a payment may cost, whoever makes it: 2 % and five satoshi. Dearer routes are not taken. */
export const mostFee = (amountMsat: Msat): Msat => msat(amountMsat / 50n + 5_000n);

export const RISK_FACTOR = 10;
export const TEMPORARY_CHANNEL_FAILURE = 0x1007;

/** The sender's own channels, with what they can send whenever it is asked. */
export function ownChannels({
  world,
  node,
}: Pick<SenderDeps, 'world' | 'node'>): () => LocalChannel[] {
  const { graph } = world;
  const channels = world.outgoing(node).map((e) => ({
    e,
    scid: graph.scid(e >> 1),
    direction: (e & 1) as Direction,
    peer: graph.nodeHex(graph.source[e ^ 1] as number),
  }));
  return () =>
    channels.map(({ e, ...channel }) => ({ ...channel, spendableMsat: msat(world.liquidity(e)) }));
}

export const attemptHops = (world: World, route: Route) =>
  route.hops.map(({ channel, direction, amountMsat }) => ({
    edge: world.graph.edge(channel, direction),
    amount: Number(amountMsat),
  }));

/** A route as the lessons of its end want it. */
export const triedHops = (route: Route): TriedHop[] =>
  route.hops.map(({ id, channel, direction, amountMsat, delay }) => ({
    scid: channel,
    direction,
    nodeId: id,
    amountMsat,
    delay,
  }));

/** `getroute` and `sendpay` by hand, up to five times. */
export class RouteSender implements Sender {
  readonly #deps: SenderDeps;
  readonly #options: RouteSenderOptions;
  readonly #table: RouteTable;
  readonly #id: NodeId;
  readonly #localChannels: () => LocalChannel[];

  constructor(options: RouteSenderOptions, deps: SenderDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#table = new RouteTable(options.table ?? {}, { graph: deps.world.graph });
    this.#id = deps.world.graph.nodeHex(deps.node);
    this.#localChannels = ownChannels(deps);
  }

  pay({ destination, amountMsat, now }: Payment): Outcome {
    const { world } = this.#deps;
    const exclude: Exclusion[] = [];
    if (this.#options.forgets) this.#table.knowledge.forget();
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const found = this.#table.getroute({
        source: this.#id,
        destination,
        amountMsat,
        riskFactor: RISK_FACTOR,
        localChannels: this.#localChannels(),
        exclude,
        now,
      });
      if (!found.ok || found.value.feeMsat > mostFee(amountMsat)) return failed(attempt - 1);
      const hops = attemptHops(world, found.value);
      const erring = world.failingHop(hops);
      const tried = triedHops(found.value);
      if (erring < 0) {
        world.hold(hops);
        world.settle(hops);
        world.refill(hops);
        this.#learn(lessonsOfSuccess(tried), now);
        const feeMsat = Number(found.value.feeMsat);
        return { paid: true, attempts: attempt, firstTry: attempt === 1, feeMsat, parts: 1 };
      }
      const failure = { erringIndex: erring, failcode: TEMPORARY_CHANNEL_FAILURE };
      this.#learn(lessonsOfFailure(tried, failure), now);
      const { scid, direction } = tried[erring] as TriedHop;
      if (this.#options.excludes) exclude.push({ channel: { scid, direction } });
    }
    return failed(TRIES);
  }

  #learn(lessons: readonly Lesson[], now: number): void {
    if (!this.#options.learns) return;
    for (const lesson of lessons) {
      this.#table.learn(lesson, now);
      this.#deps.onLesson?.(lesson, now);
    }
  }
}

export interface RouteSenderOptions {
  readonly table?: RouteTableOptions;
  /** Failures and successes are taught to the route table. */
  readonly learns: boolean;
  /** What was learned lasts for one payment only: what learning across payments is worth. */
  readonly forgets?: boolean;
  /** The channel that failed is left out of the next tries of the same payment. */
  readonly excludes: boolean;
}

const failed = (attempts: number): Outcome => ({
  paid: false,
  attempts,
  firstTry: false,
  feeMsat: 0,
  parts: 0,
});
