/** Searches where nearly everything is in the way: limits, exclusions, and much that was learned. */
import { msat } from '../src/core/bytes/index.js';
import type { Graph } from '../src/core/gossip/index.js';
import {
  type ChannelDirection,
  type Lesson,
  type RouteRequest,
  RouteTable,
} from '../src/core/routing/index.js';
import { NOW, type Pair, quantiles, random, reachable, request, timed } from './graph.js';

const PAIRS = 300;
const TRIES = 3;

interface Case {
  readonly name: string;
  readonly sat: number;
  readonly more?: Partial<RouteRequest>;
  /** What each edge taught, if anything; `draw` gives random numbers. */
  readonly learned?: (edge: LearnedEdge, draw: () => number) => Lesson | undefined;
}

interface LearnedEdge {
  readonly at: ChannelDirection;
  readonly capacity: number;
  /** A balance drawn for this side of the channel. */
  readonly balance: number;
  readonly amount: number;
}

/** So large a share of all edges failed with up to a five-hundredth more than the amount. */
const near =
  (share: number): Case['learned'] =>
  ({ at, capacity, amount }, draw) => {
    if (draw() >= share) return undefined;
    const failed = Math.min(capacity, Math.floor(amount * (1 + draw() / 500)));
    return { kind: 'upperBound', ...at, amountMsat: msat(failed) };
  };

/** So large a share was tried with about the amount, on balances that lie anywhere. */
const tried =
  (share: number): Case['learned'] =>
  ({ at, capacity, balance, amount }, draw) => {
    const asked = Math.floor(amount * (0.5 + draw()));
    if (draw() >= share || asked > capacity) return undefined;
    const kind = balance >= asked ? 'lowerBound' : 'upperBound';
    return { kind, ...at, amountMsat: msat(asked) };
  };

const closed =
  (share: number): Case['learned'] =>
  ({ at }, draw) =>
    draw() < share
      ? { kind: 'channelUnusable', ...at, lasts: 'a_while', reason: 'bench' }
      : undefined;

function cases(graph: Graph): Case[] {
  const draw = random(9);
  const half = Array.from({ length: graph.nodeLimit }, (_, n) => n).filter(() => draw() < 0.5);
  const sat = 100_000;
  return [
    { name: '1 sat, beside many minima', sat: 1 },
    { name: '3 hops at most', sat, more: { maxHops: 3 } },
    { name: '4 hops at most', sat, more: { maxHops: 4 } },
    { name: '150 blocks at most', sat, more: { maxDelay: 150 } },
    { name: 'fuzz of 99 %', sat, more: { fuzzPercent: 99, fuzzSeed: 3 } },
    {
      name: 'half of all nodes excluded',
      sat,
      more: { exclude: half.map((n) => ({ nodeId: graph.nodeHex(n) })) },
    },
    { name: 'six tenths of all edges closed', sat, learned: closed(0.6) },
    { name: 'six tenths tried', sat, learned: tried(0.6) },
    { name: 'six tenths tried, 4 hops at most', sat, more: { maxHops: 4 }, learned: tried(0.6) },
    { name: 'a tenth failed a little above the amount', sat, learned: near(0.1) },
    { name: 'six tenths failed a little above the amount', sat, learned: near(0.6) },
  ];
}

export function constrained(graph: Graph): void {
  for (const { name, sat, more, learned } of cases(graph)) {
    const table = new RouteTable({}, { graph });
    if (learned !== undefined) teach(table, sat * 1000, learned);
    const pool = reachable(graph, sat * 1000);
    const draw = random(sat + 5);
    const pick = () => graph.nodeHex(pool[Math.floor(draw() * pool.length)] as number);
    const pairs: Pair[] = Array.from({ length: PAIRS }, () => ({
      source: pick(),
      destination: pick(),
    }));
    let found = 0;
    const times = pairs.map((pair) => {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < TRIES; i++) {
        const [{ ok }, ms] = timed(() => table.getroute({ ...request(pair, sat), ...more }));
        best = Math.min(best, ms);
        if (ok && i === 0) found++;
      }
      return best;
    });
    console.log(`${name}: ${found} of ${PAIRS} have a route, ${quantiles(times)}`);
  }
}

function teach(table: RouteTable, amount: number, learned: NonNullable<Case['learned']>): void {
  const { graph } = table;
  const draw = random(3);
  for (let c = 0; c < graph.channelLimit; c++) {
    const capacity = graph.capacity[c] as number;
    const balance = draw() * capacity;
    for (const direction of [0, 1] as const) {
      const at = { scid: graph.scid(c), direction };
      const own = direction === 0 ? balance : capacity - balance;
      const lesson = learned({ at, capacity, balance: own, amount }, draw);
      if (lesson !== undefined) table.learn(lesson, NOW);
    }
  }
}
