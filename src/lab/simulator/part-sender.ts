/** `pay` as the daemon makes it: the same plan, carried out on the hidden world. */
import type { NodeId } from '../../core/bytes/index.js';
import { InFlight, PayPlan, type PlannedPart } from '../../core/payment/index.js';
import {
  type LocalChannel,
  lessonsOfFailure,
  lessonsOfSuccess,
  type Route,
  RouteTable,
  type RouteTableOptions,
} from '../../core/routing/index.js';
import {
  attemptHops,
  mostFee,
  type Outcome,
  ownChannels,
  type Payment,
  RISK_FACTOR,
  type Sender,
  type SenderDeps,
  TEMPORARY_CHANNEL_FAILURE,
  triedHops,
} from './senders.js';

export interface PartSenderOptions {
  readonly table?: RouteTableOptions;
  /** Times that parts are sent out, the first included. */
  readonly rounds: number;
  readonly maxParts: number;
}

export class PartSender implements Sender {
  readonly #deps: SenderDeps;
  readonly #options: PartSenderOptions;
  readonly #table: RouteTable;
  readonly #id: NodeId;
  readonly #localChannels: () => LocalChannel[];
  readonly #inFlight = new InFlight();

  constructor(options: PartSenderOptions, deps: SenderDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#table = new RouteTable(options.table ?? {}, { graph: deps.world.graph });
    this.#id = deps.world.graph.nodeHex(deps.node);
    this.#localChannels = ownChannels(deps);
  }

  pay({ destination, amountMsat, now }: Payment): Outcome {
    const { rounds, maxParts } = this.#options;
    const plan = new PayPlan({
      source: this.#id,
      destination,
      amountMsat,
      maxFeeMsat: mostFee(amountMsat),
      maxParts,
      riskFactor: RISK_FACTOR,
    });
    let round = 0;
    for (; plan.leftMsat > 0n && round < rounds; round++) {
      const parts = plan.next({
        localChannels: this.#localChannels(),
        reserved: this.#inFlight.reserved,
        now,
        getroutes: (request) => this.#table.getroutes(request),
      });
      if (!parts.ok) break;
      for (const { id, route } of parts.value) this.#inFlight.begin(`${id}`, route.hops);
      for (const part of parts.value) this.#send(plan, part, now);
    }
    const paid = plan.leftMsat === 0n;
    const held = [...plan.flights];
    const fees = held.reduce((sum, [, { feeMsat }]) => sum + feeMsat, 0n);
    for (const [id, route] of held) {
      this.#inFlight.end(`${id}`);
      this.#settle(route, paid, now);
    }
    const feeMsat = paid ? Number(fees) : 0;
    const firstTry = paid && round === 1;
    return { paid, attempts: plan.attempts, firstTry, feeMsat, parts: held.length };
  }

  /** Sends a part, which takes its amounts off the channels, or teaches why it does not arrive. */
  #send(plan: PayPlan, { id, route }: PlannedPart, now: number): void {
    const { world } = this.#deps;
    const hops = attemptHops(world, route);
    const erring = world.failingHop(hops);
    if (erring < 0) {
      world.hold(hops);
      this.#inFlight.counted(`${id}`);
      return;
    }
    this.#inFlight.end(`${id}`);
    const tried = triedHops(route);
    const failure = { erringIndex: erring, failcode: TEMPORARY_CHANNEL_FAILURE };
    for (const lesson of this.#inFlight.amid(lessonsOfFailure(tried, failure)))
      this.#table.learn(lesson, now);
    plan.over(id, { ...failure, channel: tried[erring], ownFunds: true });
  }

  #settle(part: Route, paid: boolean, now: number): void {
    const { world } = this.#deps;
    const hops = attemptHops(world, part);
    if (paid) {
      world.settle(hops);
      world.refill(hops);
      for (const lesson of lessonsOfSuccess(triedHops(part))) this.#table.learn(lesson, now);
      return;
    }
    world.release(hops);
  }
}
