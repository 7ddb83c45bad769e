import { describe, expect, it } from 'vitest';
import { shortChannelId } from '../../../src/core/bytes/index.js';
import { Graph } from '../../../src/core/gossip/index.js';
import {
  type BalanceModel,
  castOf,
  isPossible,
  METHODS,
  mostInParts,
  payeesOf,
  randomFrom,
  type SenderDeps,
  type StreamOptions,
  simulate,
  sumOf,
  type Tally,
  World,
} from '../../../src/lab/simulator/index.js';

const id = (n: number): Uint8Array => {
  const bytes = new Uint8Array(33).fill(n + 1);
  bytes[0] = 2;
  return bytes;
};

/** A small network of our own: a ring of 30 nodes with chords, fees and sizes by chance. */
function network(): Graph {
  const graph = new Graph();
  const random = randomFrom(3);
  for (let i = 0; i < 120; i++) {
    const a = i % 30;
    const b = i < 30 ? (a + 1) % 30 : Math.floor(random() * 30);
    if (a === b) continue;
    const capacityMsat = Math.floor(1e8 * (1 + 9 * random()));
    const c = graph.addChannel({
      scid: shortChannelId(100 + i, 1, 0),
      node1: id(Math.min(a, b)),
      node2: id(Math.max(a, b)),
      capacityMsat,
    });
    for (const direction of [0, 1])
      graph.setPolicy(2 * c + direction, {
        enabled: true,
        cltvDelta: 40,
        htlcMinimumMsat: 1,
        htlcMaximumMsat: capacityMsat,
        feeBaseMsat: 0,
        feeProportionalMillionths: Math.floor(500 * random()),
        timestamp: 1,
      });
  }
  return graph;
}

const OPTIONS: StreamOptions = {
  model: 'bimodal',
  payees: 'uniform',
  amountSat: 50_000,
  payments: 50,
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

describe('the payment simulator', () => {
  it('gives the same run for the same seed', () => {
    const drifting = { forwardsPerDay: 100, payees: 'zipf' } as const;
    expect(run('getroute', drifting)).toEqual(run('getroute', drifting));
    expect(run('getroute', drifting)).not.toEqual(run('getroute', { ...drifting, seed: 6 }));
  });

  it('shows that a route table that learns pays more, and more at the first try', () => {
    const [plain, excluding, learning] = ['fees only', 'exclusion', 'getroute'].map((method) =>
      run(method),
    ) as [Tally, Tally, Tally];
    expect(excluding.paid).toBeGreaterThan(plain.paid);
    expect(learning.paid).toBeGreaterThanOrEqual(excluding.paid);
    expect(learning.firstTry).toBeGreaterThan(excluding.firstTry);
    expect(learning.attempts).toBeLessThan(excluding.attempts);
  });

  it('shows that parts pay what one part cannot', () => {
    const single = run('getroute', { amountSat: 400_000 });
    const parts = run('pay', { amountSat: 400_000 });
    expect(single.notInOne).toBeGreaterThan(single.notInParts);
    expect(parts.paid).toBeGreaterThan(single.paid);
    expect(parts.parts).toBeGreaterThan(parts.paid);
    expect(parts.paid).toBeLessThanOrEqual(parts.payments - parts.notInParts);
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

  it('moves by others the same way, however often one looks', () => {
    const [often, once] = [world(50), world(50)];
    for (let day = 1; day <= 20; day++) {
      often.moveTo(day * 86_400);
      sides(often);
    }
    once.moveTo(20 * 86_400);
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
      const drifted = world(200, model);
      expect(extremes(drifted)).toBeCloseTo(expected, 0.5);
      drifted.moveTo(60 * 86_400);
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
    expect(isPossible(it, 3, peer, Math.max(...direct))).toBe(true);
    expect(isPossible(it, 3, peer, Math.max(...funds) + 1)).toBe(false);
    const most = mostInParts(it, 3, peer, 2 * all);
    expect(most).toBeLessThanOrEqual(all);
    expect(most).toBeGreaterThanOrEqual(direct.reduce((sum, amount) => sum + amount, 0));
    expect(mostInParts(it, 3, peer, 1000)).toBe(1000);
  });
});
