import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msat } from '../../../src/core/bytes/index.js';
import { feeOf, RouteTable } from '../../../src/core/routing/index.js';
import { addChannel, ends, id, idBytes, NOW, scidOf } from '../../support/small-graph.js';

const NODES = 7;

const channel = fc.record({
  ...ends(NODES),
  capacity: fc.constantFrom(50_000_000, 100_000_000, 200_000_000, 1_000_000_000),
  base: fc.constantFrom(0, 1, 1000),
  ppm: fc.constantFrom(0, 1, 100, 5_000),
  maximum: fc.constantFrom<number>(30_000_000, 1_000_000_000),
  known: fc.constantFrom(undefined, undefined, 0.1, 0.5),
});
const world = fc.record({
  channels: fc.array(channel, { minLength: 3, maxLength: 18 }),
  amount: fc.constantFrom(1_000_000, 60_000_000, 150_000_000, 300_000_000),
  reserved: fc.boolean(),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function build({ channels }: World) {
  const table = new RouteTable();
  const limits = new Map<string, number>();
  channels.forEach((made, i) => {
    const { a, b, capacity, known } = made;
    if (a === b) return;
    addChannel(table, i, made);
    for (const direction of [0, 1] as const) limits.set(`${scidOf(i)}/${direction}`, capacity);
    if (known === undefined) return;
    const upper = Math.floor(capacity * known);
    limits.set(`${scidOf(i)}/0`, upper);
    const bound = { scid: scidOf(i), direction: 0 as const, amountMsat: msat(upper + 1) };
    table.learn({ kind: 'upperBound', ...bound }, NOW);
  });
  return { table, limits };
}

/** The most that can flow, fees and single HTLCs' limits aside: by ways of breadth-first search. */
function maxFlow({ channels }: World, limits: ReadonlyMap<string, number>): number {
  const room = new Map<string, number>();
  const edges: { from: number; to: number; key: string; reverse: string }[] = [];
  channels.forEach(({ a, b }, i) => {
    if (a === b) return;
    const [node1, node2] = a < b ? [a, b] : [b, a];
    for (const direction of [0, 1] as const) {
      const key = `${scidOf(i)}/${direction}`;
      room.set(key, limits.get(key) ?? 0);
      room.set(`-${key}`, 0);
      const [from, to] = direction === 0 ? [node1, node2] : [node2, node1];
      edges.push({ from, to, key, reverse: `-${key}` });
      edges.push({ from: to, to: from, key: `-${key}`, reverse: key });
    }
  });
  for (let total = 0; ; ) {
    const by = new Map<number, (typeof edges)[number]>();
    const queue = [0];
    for (let n = queue.shift(); n !== undefined; n = queue.shift())
      for (const e of edges)
        if (e.from === n && e.to !== 0 && !by.has(e.to) && (room.get(e.key) ?? 0) > 0) {
          by.set(e.to, e);
          queue.push(e.to);
        }
    if (!by.has(NODES - 1)) return total;
    let least = Number.POSITIVE_INFINITY;
    const path: (typeof edges)[number][] = [];
    for (let n = NODES - 1; n !== 0; ) {
      const e = by.get(n) as (typeof edges)[number];
      path.push(e);
      least = Math.min(least, room.get(e.key) as number);
      n = e.from;
    }
    for (const e of path) {
      room.set(e.key, (room.get(e.key) as number) - least);
      room.set(e.reverse, (room.get(e.reverse) as number) + least);
    }
    total += least;
  }
}

describe('getroutes', () => {
  it('brings the amount in parts that no channel is too small for, with exact fees', () => {
    fc.assert(
      fc.property(world, (w) => {
        const { table, limits } = build(w);
        const found = table.getroutes({
          source: id(0),
          destination: id(NODES - 1),
          amountMsat: msat(w.amount),
          riskFactor: 10,
          now: NOW,
        });
        if (!found.ok) return;
        const { parts, feeMsat } = found.value;
        const used = new Map<string, number>();
        let [arrived, fees] = [0n, 0n];
        for (const { hops, feeMsat: fee } of parts) {
          const [first, last] = [hops[0], hops.at(-1)];
          if (first === undefined || last === undefined) throw new Error('empty route');
          arrived += last.amountMsat;
          fees += first.amountMsat - last.amountMsat;
          expect(fee).toBe(first.amountMsat - last.amountMsat);
          hops.forEach((hop, i) => {
            const e = table.graph.edge(hop.channel, hop.direction);
            const policy = table.graph.policy(e);
            if (policy === undefined) throw new Error('no policy');
            const amount = Number(hop.amountMsat);
            expect(amount).toBeLessThanOrEqual(policy.htlcMaximumMsat);
            const key = `${hop.channel}/${hop.direction}`;
            used.set(key, (used.get(key) ?? 0) + amount);
            if (i === 0) return;
            const fee = feeOf(policy.feeBaseMsat, policy.feeProportionalMillionths, amount);
            expect(Number(hops[i - 1]?.amountMsat)).toBe(amount + fee);
          });
        }
        expect(arrived).toBe(BigInt(w.amount));
        expect(feeMsat).toBe(fees);
        for (const [key, amount] of used)
          expect(amount).toBeLessThanOrEqual(limits.get(key) as number);
      }),
      { numRuns: 1000 },
    );
  });

  it('finds a way for whatever can flow, but for what is kept back for fees', () => {
    fc.assert(
      fc.property(world, (w) => {
        const roomy = { ...w, channels: w.channels.map((c) => ({ ...c, maximum: 1e12 })) };
        const { table, limits } = build(roomy);
        const most = maxFlow(roomy, limits);
        if (most < 1_000_000) return;
        const amount = Math.floor(most * 0.9);
        const found = table.getroutes({
          source: id(0),
          destination: id(NODES - 1),
          amountMsat: msat(amount),
          riskFactor: 10,
          now: NOW,
        });
        if (!found.ok) throw new Error(`${found.error.code}: ${amount} of ${most}`);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes our own channels to the brim: no fee is paid on them', () => {
    const table = new RouteTable();
    const ours = [1, 2, 3].map((n) => {
      const capacityMsat = 1_000_000_000;
      table.addChannel({ scid: scidOf(n), node1: idBytes(0), node2: idBytes(5), capacityMsat });
      return {
        scid: scidOf(n),
        direction: 0 as const,
        peer: id(5),
        spendableMsat: msat(900_000_001),
      };
    });
    const found = table.getroutes({
      source: id(0),
      destination: id(5),
      amountMsat: msat(2_700_000_003),
      riskFactor: 10,
      localChannels: ours,
      now: NOW,
    });
    expect(found.ok && found.value.parts.length).toBe(3);
  });

  it('costs no more than one part, keeps the fee limit, and leaves reserved room alone', () => {
    fc.assert(
      fc.property(world, (w) => {
        const { table, limits } = build(w);
        const request = {
          source: id(0),
          destination: id(NODES - 1),
          amountMsat: msat(w.amount),
          riskFactor: 10,
          now: NOW,
        };
        const single = table.getroute(request);
        const several = table.getroutes(request);
        if (single.ok) {
          expect(several.ok).toBe(true);
          if (several.ok) expect(several.value.cost).toBeLessThanOrEqual(single.value.cost + 1e-6);
        }
        if (!several.ok) return;
        const less = msat(several.value.feeMsat / 2n);
        const thrifty = table.getroutes({ ...request, maxFeeMsat: less });
        if (thrifty.ok) expect(thrifty.value.feeMsat <= less).toBe(true);
        const reserved = several.value.parts.flatMap((part) =>
          part.hops.map((hop) => ({
            scid: hop.channel,
            direction: hop.direction,
            amountMsat: hop.amountMsat,
          })),
        );
        const again = table.getroutes({ ...request, reserved });
        if (!again.ok) return;
        const used = new Map<string, bigint>();
        for (const { scid, direction, amountMsat } of [
          ...reserved,
          ...again.value.parts.flatMap((p) =>
            p.hops.map((h) => ({ ...h, scid: h.channel, amountMsat: h.amountMsat })),
          ),
        ]) {
          const key = `${scid}/${direction}`;
          used.set(key, (used.get(key) ?? 0n) + amountMsat);
        }
        for (const [key, amount] of used)
          expect(Number(amount)).toBeLessThanOrEqual(limits.get(key) as number);
      }),
      { numRuns: 1000 },
    );
  });
});
