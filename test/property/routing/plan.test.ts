import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msat } from '../../../src/core/bytes/index.js';
import { InFlight, PayPlan, type PlannedPart, triedHops } from '../../../src/core/payment/index.js';
import {
  type LocalChannel,
  lessonsOfFailure,
  lessonsOfSuccess,
  RouteTable,
} from '../../../src/core/routing/index.js';
import { addChannel, ends, id, NOW, scidOf } from '../../support/small-graph.js';

const NODES = 6;
const US = 0;
const TEMPORARY_CHANNEL_FAILURE = 0x1007;

const channel = fc.record({
  ...ends(NODES),
  capacity: fc.constantFrom(50_000_000, 200_000_000, 1_000_000_000),
  /** What the lesser node has of it. */
  share: fc.constantFrom(0, 0.05, 0.5, 0.9, 1),
  base: fc.constantFrom(0, 1000),
  ppm: fc.constantFrom(0, 100, 5_000),
  maximum: fc.constantFrom<number>(30_000_000, 1_000_000_000),
});
const payment = fc.record({
  payee: fc.integer({ min: 1, max: NODES - 1 }),
  amount: fc.constantFrom(1_000, 10_000_000, 120_000_000, 400_000_000),
  fee: fc.constantFrom(0, 20_000, 500_000, 10_000_000),
  maxParts: fc.constantFrom(1, 3, 20),
});
const world = fc.record({
  channels: fc.array(channel, { minLength: 3, maxLength: 16 }),
  payments: fc.array(payment, { minLength: 1, maxLength: 3 }),
  /** Whose part is answered next, and in what order. */
  turns: fc.array(fc.nat(100), { minLength: 1, maxLength: 8 }),
  /** Nodes that fail what they get for another reason than their balance. */
  moody: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;
type Payment = World['payments'][number];

/** Several payments at once over hidden balances: parts are held by payees until all are there. */
class Net {
  readonly table = new RouteTable();
  readonly inFlight = new InFlight();
  readonly balance = new Map<string, number>();
  readonly #ours: LocalChannel[] = [];
  #moods = 0;

  constructor(readonly w: World) {
    for (const [i, c] of w.channels.entries()) this.#add(c, i);
  }

  #add(made: World['channels'][number], i: number) {
    if (made.a === made.b) return;
    const { nodes } = addChannel(this.table, i, { ...made, minimum: 1000 });
    for (const direction of [0, 1] as const) {
      const part = direction === 0 ? made.share : 1 - made.share;
      this.balance.set(`${scidOf(i)}/${direction}`, Math.floor(made.capacity * part));
      const [from, to] = direction === 0 ? nodes : [nodes[1], nodes[0]];
      if (from !== US) continue;
      this.#ours.push({ scid: scidOf(i), direction, peer: id(to), spendableMsat: msat(0) });
    }
  }

  local = (): LocalChannel[] =>
    this.#ours.map((local) => ({
      ...local,
      spendableMsat: msat(this.balance.get(`${local.scid}/${local.direction}`) ?? 0),
    }));

  /** Takes a part's amounts off the channels, up to the one that fails it; which that is, or -1. */
  send({ route }: PlannedPart): number {
    const { hops } = route;
    const moody = (this.w.moody[this.#moods++ % this.w.moody.length] ?? false) && hops.length > 2;
    const erring = hops.findIndex(
      (hop, i) => this.#of(hop) < Number(hop.amountMsat) || (moody && i === 1),
    );
    if (erring < 0) for (const hop of hops) this.#move(hop, -1);
    return erring;
  }

  back({ route }: PlannedPart): void {
    for (const hop of route.hops) this.#move(hop, 1);
  }

  #of = ({ channel, direction }: { channel: bigint; direction: number }): number =>
    this.balance.get(`${channel}/${direction}`) ?? 0;
  #move(hop: { channel: bigint; direction: number; amountMsat: bigint }, sign: number): void {
    const key = `${hop.channel}/${hop.direction}`;
    const now = (this.balance.get(key) ?? 0) + sign * Number(hop.amountMsat);
    expect(now, 'no channel gives more than it has').toBeGreaterThanOrEqual(0);
    this.balance.set(key, now);
  }
}

class Run {
  readonly plan: PayPlan;
  readonly held: PlannedPart[] = [];
  over: 'paid' | 'stuck' | undefined;

  constructor(
    readonly net: Net,
    readonly name: string,
    readonly wish: Payment,
  ) {
    this.plan = new PayPlan({
      source: id(US),
      destination: id(wish.payee),
      amountMsat: msat(wish.amount),
      maxFeeMsat: msat(wish.fee),
      maxParts: wish.maxParts,
      riskFactor: 10,
    });
  }

  /** One plan and its parts; what does not fit any more ends the payment. */
  turn(): void {
    const { net, plan, wish } = this;
    const before = plan.leftMsat;
    const planned = plan.next({
      localChannels: net.local(),
      reserved: net.inFlight.reserved,
      now: NOW,
      getroutes: (request) => net.table.getroutes(request),
    });
    if (!planned.ok) {
      this.#end('stuck');
      return;
    }
    const sum = planned.value.reduce((all, p) => all + (p.route.hops.at(-1)?.amountMsat ?? 0n), 0n);
    expect(sum, 'the parts bring what is left').toBe(before);
    expect(plan.leftMsat).toBe(0n);
    expect(plan.flights.size).toBeLessThanOrEqual(wish.maxParts);
    let fees = 0n;
    for (const { hops, feeMsat } of plan.flights.values()) {
      expect(feeMsat).toBe((hops[0]?.amountMsat ?? 0n) - (hops.at(-1)?.amountMsat ?? 0n));
      fees += feeMsat;
    }
    expect(fees <= BigInt(wish.fee), 'all parts together keep the fee limit').toBe(true);
    for (const { id, route } of planned.value) net.inFlight.begin(`${this.name}/${id}`, route.hops);
    for (const part of planned.value) this.#send(part);
    if (plan.leftMsat === 0n) this.#end('paid');
  }

  #send(part: PlannedPart): void {
    const { net } = this;
    const key = `${this.name}/${part.id}`;
    const erring = net.send(part);
    if (erring < 0) {
      net.inFlight.counted(key);
      this.held.push(part);
      return;
    }
    const hop = part.route.hops[erring];
    if (hop === undefined) throw new Error('no such hop');
    expect(erring, 'our own channels are never asked for more than they have').not.toBe(0);
    net.inFlight.end(key);
    const failure = { erringIndex: erring, failcode: TEMPORARY_CHANNEL_FAILURE };
    for (const lesson of net.inFlight.amid(lessonsOfFailure(triedHops(part.route.hops), failure)))
      net.table.learn(lesson, NOW);
    const at = { scid: hop.channel, direction: hop.direction };
    this.plan.over(part.id, { ...failure, channel: at });
  }

  #end(how: 'paid' | 'stuck'): void {
    this.over = how;
    for (const part of this.held) {
      this.net.inFlight.end(`${this.name}/${part.id}`);
      if (how === 'stuck') this.net.back(part);
      else
        for (const lesson of lessonsOfSuccess(triedHops(part.route.hops)))
          this.net.table.learn(lesson, NOW);
    }
  }
}

describe('a plan', () => {
  it('keeps amount, fee limit and what channels have, beside other payments, and ends', () => {
    let paid = 0;
    fc.assert(
      fc.property(world, (w) => {
        const net = new Net(w);
        const runs = w.payments.map((wish, i) => new Run(net, `${i}`, wish));
        let turns = 0;
        for (
          let left = runs;
          left.length > 0;
          left = runs.filter((run) => run.over === undefined)
        ) {
          expect(turns++, 'it ends').toBeLessThan(1_000);
          const pick = w.turns[turns % w.turns.length] ?? 0;
          (left[pick % left.length] as Run).turn();
        }
        paid += runs.filter((run) => run.over === 'paid').length;
        expect(net.inFlight.reserved, 'nothing stays held').toEqual([]);
      }),
      { numRuns: 600 },
    );
    expect(paid).toBeGreaterThan(100);
  }, 60_000);
});
