import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msat } from '../../../src/core/bytes/index.js';
import {
  changed,
  feeOf,
  type LayeredRequest,
  layerLesson,
  newLayer,
  RouteTable,
  withBias,
  withChange,
  withDisabledNode,
  withLesson,
} from '../../../src/core/routing/index.js';
import { addChannel, ends, id, NOW, scidOf } from '../../support/small-graph.js';

const NODES = 7;

const channel = fc.record({
  ...ends(NODES),
  capacity: fc.constantFrom(50_000_000, 200_000_000, 1_000_000_000),
  base: fc.constantFrom(0, 1, 1000),
  ppm: fc.constantFrom(0, 100, 5_000),
  maximum: fc.constantFrom<number>(30_000_000, 1_000_000_000),
  delta: fc.constantFrom(0, 6, 144),
  said: fc.option(
    fc.record({
      feeBaseMsat: fc.constantFrom(msat(0), msat(77)),
      cltvDelta: fc.constantFrom(1, 40),
      enabled: fc.boolean(),
    }),
    { freq: 4 },
  ),
  bound: fc.option(fc.constantFrom(0.1, 0.5), { freq: 4 }),
  bias: fc.option(fc.integer({ min: -100, max: 100 }), { freq: 4 }),
  reserved: fc.option(fc.constantFrom(0.2, 0.7), { freq: 4 }),
});
const world = fc.record({
  channels: fc.array(channel, { minLength: 4, maxLength: 20 }),
  amount: fc.constantFrom(1_000_000, 60_000_000, 300_000_000),
  maxFee: fc.constantFrom(500, 100_000, 10_000_000),
  maxParts: fc.constantFrom(1, 3, 100),
  sourceFree: fc.boolean(),
  includeFees: fc.boolean(),
  disabled: fc.option(fc.integer({ min: 2, max: NODES - 1 }), { freq: 4 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function build(given: World) {
  const table = new RouteTable();
  let layer = newLayer('said', false);
  const reserved: LayeredRequest['reserved'][number][] = [];
  const limits = new Map<string, number>();
  given.channels.forEach((made, i) => {
    const { a, b, capacity } = made;
    if (a === b) return;
    addChannel(table, i, made);
    for (const direction of [0, 1] as const) {
      const at = { scid: scidOf(i), direction };
      let limit: number = capacity;
      if (direction === 0 && made.bound !== null) {
        limit = Math.floor(capacity * made.bound);
        layer = withLesson(layer, layerLesson('upperBound', at, msat(limit + 1), NOW));
      }
      if (made.reserved !== null) {
        const amount = Math.floor(capacity * made.reserved);
        reserved.push({ ...at, amountMsat: msat(amount) });
        limit -= amount;
      }
      limits.set(`${scidOf(i)}/${direction}`, limit);
      if (made.said !== null && direction === 1) layer = withChange(layer, { ...at, ...made.said });
      if (made.bias !== null)
        layer = withBias(layer, { ...at, bias: made.bias, timestamp: NOW }, false);
    }
  });
  if (given.disabled !== null) layer = withDisabledNode(layer, id(given.disabled));
  return { table, layer, reserved, limits };
}

describe('getroutes over layers', () => {
  it('keeps to capacities, reservations, fees and limits, exact in each hop', () => {
    let found = 0;
    fc.assert(
      fc.property(world, (given) => {
        const { table, layer, reserved, limits } = build(given);
        const edges = [...limits.keys()].map((_, i) => i);
        const before = edges.map((e) => table.graph.policy(e));
        const answer = table.getroutesOver({
          source: id(0),
          destination: id(1),
          amountMsat: msat(given.amount),
          maxFeeMsat: msat(given.maxFee),
          finalCltv: 18,
          maxDelay: 400,
          maxParts: given.maxParts,
          layers: [layer],
          learned: false,
          sourceFree: given.sourceFree,
          includeFees: given.includeFees,
          reserved,
          riskFactor: 10,
          height: 800_000,
          now: NOW,
        });
        expect(edges.map((e) => table.graph.policy(e))).toEqual(before);
        if (!answer.ok) return;
        found++;
        const { routes, chance } = answer.value;
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1);
        expect(routes.length).toBeLessThanOrEqual(given.maxParts);
        const carried = new Map<string, number>();
        let [sent, arrived] = [0n, 0n];
        for (const { path, amountMsat } of routes) {
          expect(path[0]?.from).toBe(id(0));
          expect(path.at(-1)).toMatchObject({ to: id(1), delayOut: 18, amountOut: amountMsat });
          expect(path[0]?.delayIn).toBeLessThanOrEqual(400);
          sent += path[0]?.amountIn ?? 0n;
          arrived += amountMsat;
          path.forEach((hop, i) => {
            const e = table.graph.edge(hop.scid, hop.direction);
            const name = `${hop.scid}/${hop.direction}`;
            const change = layer.changes.find(
              (other) => other.scid === hop.scid && other.direction === hop.direction,
            );
            const gossiped = table.graph.policy(e);
            const policy = change === undefined ? gossiped : changed(gossiped, change, 0);
            if (policy === undefined) throw new Error('a channel without a policy');
            expect(policy.enabled).toBe(true);
            expect(layer.disabledNodes).not.toContain(hop.to);
            expect(Number(hop.amountOut)).toBeLessThanOrEqual(policy.htlcMaximumMsat);
            const free = given.sourceFree && i === 0;
            const fee = feeOf(
              policy.feeBaseMsat,
              policy.feeProportionalMillionths,
              Number(hop.amountOut),
            );
            expect(Number(hop.amountIn - hop.amountOut)).toBe(free ? 0 : fee);
            expect(hop.delayIn - hop.delayOut).toBe(free ? 0 : policy.cltvDelta);
            const before = path[i - 1];
            if (before !== undefined)
              expect([hop.from, hop.amountIn, hop.delayIn]).toEqual([
                before.to,
                before.amountOut,
                before.delayOut,
              ]);
            carried.set(name, (carried.get(name) ?? 0) + Number(hop.amountOut));
          });
        }
        for (const [name, amount] of carried)
          expect(amount).toBeLessThanOrEqual(limits.get(name) ?? 0);
        expect(sent - arrived).toBeLessThanOrEqual(BigInt(given.maxFee));
        if (given.includeFees) expect(sent).toBeLessThanOrEqual(BigInt(given.amount));
        else expect(arrived).toBe(BigInt(given.amount));
      }),
      { numRuns: 600, seed: 4 },
    );
    expect(found).toBeGreaterThan(80);
  });
});
