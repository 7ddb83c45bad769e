import { describe, expect, it } from 'vitest';
import { shortChannelId } from '../../../src/core/bytes/index.js';
import { Graph } from '../../../src/core/gossip/index.js';
import {
  type BalanceModel,
  bottleneckOf,
  castOf,
  isPossible,
  learningCurve,
  METHODS,
  mostInParts,
  Payees,
  type Payment,
  payeesOf,
  percentOf,
  randomFrom,
  ratioOf,
  type SenderDeps,
  type StreamOptions,
  simulate,
  sumOf,
  type Tally,
  World,
} from '../../../src/lab/simulator/index.js';

const id = (n: number): Uint8Array => {
  const bytes = new Uint8Array(33).fill(2);
  bytes[31] = n >> 8;
  bytes[32] = n & 0xff;
  return bytes;
};

/**
 * A network of 300 nodes with the shape of the real one: who comes joins those that have many
 * channels, sizes and fees spread over magnitudes, and leaves have a channel or two.
 */
function network(): Graph {
  const graph = new Graph();
  const random = randomFrom(3);
  const oneOf = (numbers: readonly number[]): number =>
    numbers[Math.floor(random() * numbers.length)] as number;
  // Each node as often as it has channels.
  const ends = [0];
  const join = (a: number, b: number): void => {
    if (a === b) return;
    ends.push(a, b);
    const capacityMsat = Math.floor(1e8 * 160 ** random());
    const c = graph.addChannel({
      scid: shortChannelId(100 + graph.channelLimit, 1, 0),
      node1: id(Math.min(a, b)),
      node2: id(Math.max(a, b)),
      capacityMsat,
    });
    for (const direction of [0, 1])
      graph.setPolicy(2 * c + direction, {
        enabled: true,
        cltvDelta: oneOf([34, 40, 80, 144]),
        htlcMinimumMsat: oneOf([1, 1, 1000]),
        htlcMaximumMsat: Math.floor(capacityMsat * 0.99),
        feeBaseMsat: oneOf([0, 0, 1000]),
        feeProportionalMillionths: oneOf([0, 1, 10, 50, 100, 250, 500, 1000, 2000]),
        timestamp: 1,
      });
  };
  for (let n = 1; n < 300; n++) for (let k = oneOf([1, 2, 3, 6]); k > 0; k--) join(n, oneOf(ends));
  return graph;
}

const OPTIONS: StreamOptions = {
  model: 'bimodal',
  payees: 'uniform',
  asking: 'receivable',
  amountSat: 50_000,
  payments: 40,
  seed: 5,
  forwardsPerDay: 0,
  asksPossible: true,
};

/** Four senders, each with a stream of its own. */
function run(method: string, given: Partial<StreamOptions> = {}): Tally {
  const options = { ...OPTIONS, ...given };
  const graph = network();
  const { pool, people } = castOf(options, 4, graph);
  const make = METHODS[method] as (typeof METHODS)[string];
  const sender = (deps: SenderDeps) => make({}, deps);
  return sumOf(people.map((person) => simulate(options, person, { graph, pool, sender })));
}

/** Fees of one against another's, over what both paid. */
function feesBeside(a: Tally, b: Tally): number {
  const both = a.fees.map((fee, i) => [fee, b.fees[i] as number] as const);
  const [mine, theirs] = both
    .filter(([x, y]) => !Number.isNaN(x + y))
    .reduce(([sum, other], [x, y]) => [sum + x, other + y], [0, 0]);
  return mine / theirs;
}

describe('the payment simulator', () => {
  it('gives the same run for the same seed', () => {
    const drifting = { forwardsPerDay: 100, payees: 'zipf', payments: 15 } as const;
    expect(run('getroute', drifting)).toEqual(run('getroute', drifting));
    expect(run('getroute', drifting)).not.toEqual(run('getroute', { ...drifting, seed: 6 }));
  });

  it.each(['uniform', 'bimodal'] as const)(
    'shows, %s, that learning beats exclusion, which beats fees alone',
    (model) => {
      const given = { model, payees: 'zipf', forwardsPerDay: 12, amountSat: 200_000 } as const;
      const [plain, excluding, forgetting, learning] = [
        'fees only',
        'exclusion',
        'getroute that forgets',
        'getroute',
      ].map((method) => run(method, given)) as [Tally, Tally, Tally, Tally];
      const left = (tally: Tally): number => tally.payments - tally.paid - tally.notInOne;
      expect(excluding.paid).toBeGreaterThan(plain.paid);
      expect(learning.paid).toBeGreaterThan(excluding.paid);
      expect(learning.firstTry).toBeGreaterThan(forgetting.firstTry);
      expect(forgetting.firstTry).toBeGreaterThan(excluding.firstTry);
      expect(learning.attempts).toBeLessThan(excluding.attempts);
      expect(left(learning)).toBeLessThan(left(plain) / 2);
      expect(feesBeside(learning, plain)).toBeLessThan(2);
    },
  );

  it('shows that parts pay what one part cannot', () => {
    const single = run('getroute', { amountSat: 400_000, payments: 12 });
    const parts = run('pay', { amountSat: 400_000, payments: 12 });
    expect(single.notInOne).toBeGreaterThan(single.notInParts);
    expect(parts.paid).toBeGreaterThan(single.paid);
    expect(parts.parts).toBeGreaterThan(parts.paid);
    expect(parts.paid).toBeLessThanOrEqual(parts.payments - parts.notInParts);
  });

  it.each(['receivable', 'anything'] as const)(
    'asks for the same payees, who ask for %s, whatever the way to pay',
    (asking) => {
      const given = { payees: 'zipf', forwardsPerDay: 12, amountSat: 200_000 } as const;
      const options = { ...OPTIONS, ...given, asking, payments: 15, asksPossible: false };
      const graph = network();
      const { pool, people } = castOf(options, 4, graph);
      let passed = 0;
      const asked = ['fees only', 'getroute', 'pay'].map((method) => {
        const payees: string[] = [];
        for (const person of people) {
          const sender = (deps: SenderDeps) => {
            const inner = (METHODS[method] as (typeof METHODS)[string])({}, deps);
            return {
              pay: (payment: Payment) => {
                payees.push(payment.destination);
                return inner.pay(payment);
              },
            };
          };
          const { passedOver } = simulate(options, person, { graph, pool, sender });
          passed += passedOver;
        }
        return payees;
      });
      expect(passed > 0).toBe(asking === 'receivable');
      expect(asked[0]).toHaveLength(60);
      expect(asked[1]).toEqual(asked[0]);
      expect(asked[2]).toEqual(asked[0]);
    },
  );

  it('draws payees that can take the amount at that moment', () => {
    const graph = network();
    const options = { ...OPTIONS, forwardsPerDay: 50 };
    const pool = Array.from({ length: 300 }, (_, n) => n);
    const payees = new Payees(options, { graph, pool, sender: 3 });
    const world = new World(options, { graph });
    world.keepStill(3);
    for (let hour = 0; hour < 500; hour++) {
      world.moveTo(hour * 3600);
      expect(world.takes(payees.next(hour * 3600), options.amountSat * 1000)).toBe(true);
    }
    expect(payees.passedOver).toBeGreaterThan(20);
  });

  it('shows that who remembers more pays more at the first try, all else the same', () => {
    const given = { payees: 'zipf', forwardsPerDay: 12, amountSat: 200_000 } as const;
    const asking = { moments: 5, apart: 10, questions: 40 };
    const learning = { payments: 100, remembered: [0, 10, 100, 0], ...asking };
    const options = { ...OPTIONS, ...given, ...learning };
    const graph = network();
    const { pool, people } = castOf(options, 4, graph);
    const curves = people.map((person) =>
      learningCurve(options, person, { graph, pool, table: {} }),
    );
    const [none, few, all, noneAgain] = options.remembered.map((remembered, i) => {
      for (const { points } of curves) expect(points[i]?.remembered).toBe(remembered);
      return curves.reduce((sum, { points }) => sum + (points[i]?.firstTry as number), 0);
    }) as [number, number, number, number];
    expect(few).toBeGreaterThan(none);
    expect(all).toBeGreaterThan(few);
    expect(noneAgain).toBe(none);
    expect(all).toBeLessThanOrEqual(curves.reduce((sum, { possible }) => sum + possible, 0));
  });

  it('pays some payees of Zipf again and again, and the sender never', () => {
    const pool = Array.from({ length: 100 }, (_, i) => i);
    const payee = payeesOf('zipf', pool, 7, randomFrom(1));
    const times = new Map<number, number>();
    for (let i = 0; i < 1000; i++) {
      const n = payee();
      times.set(n, (times.get(n) ?? 0) + 1);
    }
    const [first, second] = [...times.values()].sort((a, b) => b - a) as [number, number];
    expect(first).toBeGreaterThan(150);
    expect(second).toBeGreaterThan(70);
    expect(times.has(7)).toBe(false);
  });
});

describe('the world of the simulator', () => {
  const world = (forwardsPerDay: number, model: BalanceModel = 'bimodal'): World =>
    new World({ model, seed: 5, forwardsPerDay }, { graph: network() });
  const sides = (it: World): number[] =>
    Array.from({ length: 2 * it.graph.channelLimit }, (_, e) => it.side(e));

  it('keeps the funds of each channel together, whoever pays', () => {
    const moved = world(50);
    const before = sides(moved);
    const learned: number[] = [];
    for (let i = 0; i < 300; i++) {
      moved.moveTo(i * 3600);
      const hops = [{ edge: (7 * i) % before.length, amount: 1e7 }];
      const carries = moved.failingHop(hops) < 0;
      learned.push(carries ? 1 : 0);
      if (!carries) continue;
      moved.hold(hops);
      expect(moved.liquidity(hops[0]?.edge as number)).toBeGreaterThanOrEqual(0);
      if (i % 3 === 0) moved.release(hops);
      else moved.settle(hops);
    }
    expect(new Set(learned)).toEqual(new Set([0, 1]));
    const after = sides(moved);
    expect(after).not.toEqual(before);
    after.forEach((side, e) => {
      expect(side).toBeGreaterThanOrEqual(0);
      expect(Number.isInteger(side)).toBe(true);
      expect(side + (after[e ^ 1] as number)).toBe(moved.graph.capacity[e >> 1]);
      expect(moved.liquidity(e)).toBe(side);
    });
  });

  it('is as it was after a payment, but for what the ways between have moved', () => {
    const hops = [0, 2, 4].map((edge) => ({ edge, amount: 1e6 }));
    const changed = [false, true].map((counterflow) => {
      const options = { model: 'uniform', seed: 5, forwardsPerDay: 0, counterflow } as const;
      const paid = new World(options, { graph: network() });
      const before = sides(paid);
      paid.hold(hops);
      paid.settle(hops);
      paid.refill(hops);
      return sides(paid).flatMap((side, e) => (side === before[e] ? [] : [e]));
    });
    expect(changed).toEqual([[2, 3], []]);
  });

  it('moves by others the same way, however often one looks', () => {
    const [often, once] = [world(50), world(50)];
    for (let day = 1; day <= 5; day++) {
      often.moveTo(day * 86_400);
      sides(often);
    }
    once.moveTo(5 * 86_400);
    expect(sides(once)).toEqual(sides(often));
  });

  it('lies by the model after a long time as at the beginning', () => {
    const extremes = (it: World): number => {
      const shares = sides(it).map((side, e) => side / (it.graph.capacity[e >> 1] as number));
      return shares.filter((share) => share < 0.1 || share > 0.9).length / shares.length;
    };
    for (const [model, expected] of [
      ['uniform', 0.2],
      ['bimodal', 0.86],
    ] as const) {
      const drifted = world(100, model);
      expect(extremes(drifted)).toBeCloseTo(expected, 0.5);
      drifted.moveTo(5 * 86_400);
      expect(extremes(drifted)).toBeCloseTo(expected, 0.5);
    }
  });

  it('leaves the channels of the sender to the sender', () => {
    const mine = world(50);
    const before = mine.outgoing(3).map((e) => mine.side(e));
    mine.keepStill(3);
    mine.moveTo(30 * 86_400);
    expect(mine.outgoing(3).map((e) => mine.side(e))).toEqual(before);
  });

  it('knows what was possible in one part and in many', () => {
    const it = world(0, 'uniform');
    const funds = it.outgoing(3).map((e) => it.liquidity(e));
    const all = funds.reduce((sum, amount) => sum + amount, 0);
    const peers = it.outgoing(3).map((e) => it.graph.source[e ^ 1] as number);
    const peer = peers[0] as number;
    const direct = funds.filter((_, i) => peers[i] === peer);
    expect(isPossible(it, 3, peer, Math.max(...direct), Number.POSITIVE_INFINITY)).toBe(true);
    expect(isPossible(it, 3, peer, Math.max(...funds) + 1, Number.POSITIVE_INFINITY)).toBe(false);
    const most = mostInParts(it, 3, peer, 2 * all);
    expect(most).toBeLessThanOrEqual(all);
    expect(most).toBeGreaterThanOrEqual(direct.reduce((sum, amount) => sum + amount, 0));
    expect(mostInParts(it, 3, peer, 1000)).toBe(1000);
  });

  it('tells on whose side a payment is stuck', () => {
    const it = world(0);
    const amount = 1e8;
    const nodes = Array.from({ length: 300 }, (_, n) => n);
    const opensTo = (n: number) => it.outgoing(n).some((e) => it.liquidity(e) >= amount);
    const closed = nodes.find((n) => !it.takes(n, amount)) as number;
    const stuck = nodes.find((n) => !opensTo(n)) as number;
    const hub = 0;
    expect(opensTo(hub) && it.takes(hub, amount)).toBe(true);
    expect(isPossible(it, hub, closed, amount, Number.POSITIVE_INFINITY)).toBe(false);
    expect(bottleneckOf(it, hub, closed, amount)).toBe('payee');
    expect(isPossible(it, stuck, hub, amount, Number.POSITIVE_INFINITY)).toBe(false);
    expect(bottleneckOf(it, stuck, hub, amount)).toBe('sender');
  });
});

describe('shares over streams', () => {
  it('have the error of a ratio', () => {
    const same = ratioOf([
      [1, 2],
      [2, 4],
    ]);
    expect(same).toEqual({ value: 0.5, error: 0 });
    // Of as many each: the mean of 0, 0.2 and 0.7, and their deviation over the root of three.
    const { value, error } = ratioOf([
      [0, 10],
      [2, 10],
      [7, 10],
    ]);
    expect(value).toBeCloseTo(0.3, 12);
    expect(error).toBeCloseTo(Math.sqrt((0.09 + 0.01 + 0.16) / 2 / 3), 12);
  });

  it('say nothing where nothing is known', () => {
    expect(percentOf(ratioOf([[0, 0]]))).toBe('–');
    expect(percentOf(ratioOf([[-3, 0]]))).toBe('–');
    expect(percentOf(ratioOf([[1, 8]]))).toBe('12.5');
    expect(percentOf({ value: 0.123, error: 0.0456 })).toBe('12.3 ± 4.6');
  });
});
