import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msat } from '../../../src/core/bytes/index.js';
import {
  chanceOf,
  DEFAULT_PENALTY,
  feeOf,
  newLayer,
  penaltyWeight,
  RouteTable,
  riskOf,
  withBias,
} from '../../../src/core/routing/index.js';
import { addChannel, ends, id, NOW, scidOf } from '../../support/small-graph.js';

const NODES = 6;
const CAPACITY = 1_000_000_000;
const RISK = 10;

const channel = fc.record({
  ...ends(NODES),
  base: fc.constantFrom(0, 1, 1000, 7000),
  ppm: fc.constantFrom(0, 100, 5_000),
  delta: fc.constantFrom(0, 6, 144),
  bias: fc.tuple(fc.integer({ min: -100, max: 100 }), fc.integer({ min: -100, max: 100 })),
});
const world = fc.record({
  channels: fc.array(channel, { minLength: 4, maxLength: 14 }),
  amount: fc.constantFrom(1_000, 10_000_000, 400_000_000),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

interface Edge {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly made: World['channels'][number];
  readonly bias: number;
}

function build({ channels }: World) {
  const table = new RouteTable();
  let layer = newLayer('biased', false);
  const edges: Edge[] = [];
  channels.forEach((made, i) => {
    if (made.a === made.b) return;
    const { nodes } = addChannel(table, i, { ...made, capacity: CAPACITY });
    for (const direction of [0, 1] as const) {
      const bias = made.bias[direction];
      const at = { scid: scidOf(i), direction };
      layer = withBias(layer, { ...at, bias, timestamp: NOW }, false);
      const [from, to] = direction === 0 ? nodes : [nodes[1], nodes[0]];
      edges.push({ name: `${scidOf(i)}/${direction}`, from, to, made, bias });
    }
  });
  return { table, layer, edges };
}

/** What a way costs by the formula of docs/routing.md, each hop multiplied by its bias. */
function costOf(way: readonly Edge[], amount: number): number {
  const weight = penaltyWeight(DEFAULT_PENALTY, amount);
  let arrives = amount;
  let cost = 0;
  for (let i = way.length - 1; i >= 0; i--) {
    const { made, bias } = way[i] as Edge;
    if (arrives > CAPACITY) return Number.POSITIVE_INFINITY;
    const chance = chanceOf(arrives, CAPACITY, 0, CAPACITY, DEFAULT_PENALTY.onesided);
    let hop = -weight * Math.log(chance);
    if (i > 0) {
      const fee = feeOf(made.base, made.ppm, arrives);
      arrives += fee;
      hop += fee + riskOf(arrives, made.delta, RISK);
    }
    cost += hop * 30 ** (-bias / 100);
  }
  return cost;
}

function cheapest(edges: readonly Edge[], amount: number): number {
  let best = Number.POSITIVE_INFINITY;
  const go = (at: number, way: readonly Edge[]): void => {
    if (at === 1) {
      best = Math.min(best, costOf(way, amount));
      return;
    }
    for (const edge of edges)
      if (edge.from === at && edge.to !== 0 && !way.some((other) => other.to === edge.to))
        go(edge.to, [...way, edge]);
  };
  go(0, []);
  return best;
}

describe('getroutes with biases, in one part', () => {
  it('finds no route that another beats in biased cost', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { table, layer, edges } = build(given);
        const { amount } = given;
        const found = table.getroutesOver({
          source: id(0),
          destination: id(1),
          amountMsat: msat(amount),
          maxFeeMsat: msat(1_000_000_000),
          finalCltv: 18,
          maxDelay: 2016,
          maxParts: 1,
          layers: [layer],
          learned: false,
          sourceFree: true,
          includeFees: false,
          reserved: [],
          riskFactor: RISK,
          height: 800_000,
          now: NOW,
        });
        const best = cheapest(edges, amount);
        expect(found.ok).toBe(Number.isFinite(best));
        if (!found.ok) return;
        const way = found.value.routes[0]?.path.map((hop) =>
          edges.find(({ name }) => name === `${hop.scid}/${hop.direction}`),
        );
        const cost = costOf(way as Edge[], amount);
        expect(cost).toBeLessThanOrEqual(best * (1 + 1e-9) + 1e-6);
      }),
      { numRuns: 500, seed: 5 },
    );
  });
});
