/** `pay`: parts by the flow of least cost, again for what failed, with what was learned. */
import { msat, type NodeId } from '../../core/bytes/index.js';
import {
  lessonsOfFailure,
  lessonsOfSuccess,
  type Reservation,
  type Route,
  RouteTable,
  type RouteTableOptions,
} from '../../core/routing/index.js';
import {
  attemptHops,
  localChannels,
  type Outcome,
  type Payment,
  refill,
  type Sender,
  type SenderDeps,
  TEMPORARY_CHANNEL_FAILURE,
  triedHops,
} from './senders.js';

export interface PartSenderOptions {
  readonly table?: RouteTableOptions;
  /** Times that parts are sent out, the first included. */
  readonly rounds: number;
  /** Fees of all parts at most, in millionths of the amount. */
  readonly maxFeePpm: number;
  readonly maxParts: number;
}

const RISK_FACTOR = 10;

export class PartSender implements Sender {
  readonly #deps: SenderDeps;
  readonly #options: PartSenderOptions;
  readonly #table: RouteTable;
  readonly #id: NodeId;

  constructor(options: PartSenderOptions, deps: SenderDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#table = new RouteTable(options.table ?? {}, { graph: deps.world.graph });
    this.#id = deps.world.graph.nodeHex(deps.node);
  }

  pay({ destination, amountMsat, now }: Payment): Outcome {
    const { rounds, maxFeePpm, maxParts } = this.#options;
    /** Parts that wait at the payee for the others. */
    const held: Route[] = [];
    const maxFee = (amountMsat * BigInt(maxFeePpm)) / 1_000_000n + 5_000n;
    let [left, fees, attempts] = [amountMsat as bigint, 0n, 0];
    let round = 0;
    for (; left > 0n && round < rounds; round++) {
      const found = this.#table.getroutes({
        source: this.#id,
        destination,
        amountMsat: msat(left),
        riskFactor: RISK_FACTOR,
        localChannels: localChannels(this.#deps),
        reserved: held.flatMap(reservations),
        maxFeeMsat: msat(maxFee - fees),
        maxParts: maxParts - held.length,
        now,
      });
      if (!found.ok) break;
      for (const part of found.value.parts) {
        attempts++;
        if (!this.#send(part, now)) continue;
        held.push(part);
        left -= part.hops.at(-1)?.amountMsat ?? 0n;
        fees += part.feeMsat;
      }
    }
    const paid = left === 0n;
    for (const part of held) this.#settle(part, paid, now);
    const feeMsat = paid ? Number(fees) : 0;
    return { paid, attempts, firstTry: paid && round === 1, feeMsat, parts: held.length };
  }

  /** Sends a part, which takes its amounts off the channels; answers whether it arrived. */
  #send(part: Route, now: number): boolean {
    const { world } = this.#deps;
    const hops = attemptHops(world, part);
    const erring = world.failingHop(hops);
    if (erring < 0) {
      for (const { edge, amount } of hops) world.hold(edge, amount);
      return true;
    }
    const failure = { erringIndex: erring, failcode: TEMPORARY_CHANNEL_FAILURE };
    for (const lesson of lessonsOfFailure(triedHops(part), failure)) this.#table.learn(lesson, now);
    return false;
  }

  #settle(part: Route, paid: boolean, now: number): void {
    const { world } = this.#deps;
    const hops = attemptHops(world, part);
    if (paid) {
      refill(world, hops);
      for (const lesson of lessonsOfSuccess(triedHops(part))) this.#table.learn(lesson, now);
      return;
    }
    for (const { edge, amount } of hops) world.hold(edge, -amount);
  }
}

const reservations = (part: Route): Reservation[] =>
  part.hops.map(({ channel, direction, amountMsat }) => ({ scid: channel, direction, amountMsat }));
