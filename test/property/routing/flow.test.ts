import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msat, shortChannelId } from '../../../src/core/bytes/index.js';
import { FlowSearch } from '../../../src/core/routing/flow.js';
import type { Flow } from '../../../src/core/routing/flow-arcs.js';
import { FlowArcs } from '../../../src/core/routing/flow-arcs.js';
import { DEFAULT_PENALTY, RouteTable } from '../../../src/core/routing/index.js';
import type { SearchRequest } from '../../../src/core/routing/search-request.js';

const NOW = 1_700_000_000;
const NODES = 6;
const idBytes = (n: number): Uint8Array => {
  const id = new Uint8Array(33).fill(n + 1);
  id[0] = 2;
  return id;
};

const channel = fc.record({
  a: fc.integer({ min: 0, max: NODES - 1 }),
  b: fc.integer({ min: 0, max: NODES - 1 }),
  capacity: fc.constantFrom(1_000_000, 50_000_000, 100_000_000, 1_000_000_000),
  base: fc.constantFrom(0, 1000),
  ppm: fc.constantFrom(0, 100, 5_000),
  upper: fc.constantFrom(undefined, undefined, 0.1, 0.5),
  lower: fc.constantFrom(undefined, undefined, 0.3),
  reserved: fc.constantFrom(0, 0, 0, 0.1, 0.6),
});
const world = fc.record({
  channels: fc.array(channel, { minLength: 3, maxLength: 16 }),
  amount: fc.constantFrom(1_000_000, 60_000_000, 150_000_000, 500_000_000),
  thrift: fc.constantFrom(1, 0.2, 0),
});

function build({ channels, amount }: typeof world extends fc.Arbitrary<infer T> ? T : never) {
  const table = new RouteTable();
  const reserved = new Map<number, number>();
  channels.forEach(({ a, b, capacity, base, ppm, upper, lower, reserved: share }, i) => {
    if (a === b) return;
    const scid = shortChannelId(500 + i, 1, 0);
    const [node1, node2] = (a < b ? [a, b] : [b, a]).map(idBytes) as [Uint8Array, Uint8Array];
    const c = table.addChannel({ scid, node1, node2, capacityMsat: capacity });
    const policy = {
      ...{ enabled: true, cltvDelta: 6, htlcMinimumMsat: 1, htlcMaximumMsat: capacity },
      ...{ feeBaseMsat: base, feeProportionalMillionths: ppm, timestamp: NOW },
    };
    for (const direction of [0, 1] as const) table.setPolicy(c, direction, policy, NOW);
    const bound = (part: number) =>
      ({ scid, direction: 0, amountMsat: msat(Math.floor(capacity * part)) }) as const;
    if (upper !== undefined) table.learn({ kind: 'upperBound', ...bound(upper) }, NOW);
    if (lower !== undefined) table.learn({ kind: 'lowerBound', ...bound(lower) }, NOW);
    if (share > 0) reserved.set(2 * c, Math.floor(capacity * share));
  });
  const request: SearchRequest = {
    source: table.graph.node(idBytes(0)),
    destination: table.graph.node(idBytes(NODES - 1)),
    ...{ amount, finalCltv: 9, riskFactor: 10, maxHops: 20, maxDelay: 2016, payloadBytes: 1300 },
    ...{ height: 0, penalty: DEFAULT_PENALTY, now: NOW, overlay: [], ownChannelsOnly: false },
    ...{ ignoreKnowledge: false, fuzz: 0, fuzzSeed: 0 },
  };
  return { table, request, reserved };
}

/** Whether some round of edges, with flow added or taken back, costs less than nothing. */
function canBeCheaper(table: RouteTable, arcs: FlowArcs, flow: Flow, source: number): boolean {
  const { graph } = table;
  const steps: { readonly from: number; readonly to: number; readonly cost: number }[] = [];
  for (let e = 0; e < 2 * graph.channelLimit; e++) {
    const [from, to] = [graph.source[e] as number, graph.source[e ^ 1] as number];
    const carried = flow.get(e) ?? 0;
    const cost = arcs.slopeAt(e, carried);
    if (Number.isFinite(cost) && to !== source) steps.push({ from, to, cost });
    if (carried > 0) steps.push({ from: to, to: from, cost: -arcs.lastArc(e, carried).slope });
  }
  const least = new Float64Array(graph.nodeLimit);
  for (let turn = 0; turn <= graph.nodeLimit; turn++) {
    let changed = false;
    for (const { from, to, cost } of steps) {
      const by = (least[from] as number) + cost;
      if (by >= (least[to] as number) - 1e-9) continue;
      least[to] = by;
      changed = true;
    }
    if (!changed) return false;
  }
  return true;
}

describe('the flow of least cost', () => {
  it('leaves nothing to gain by sending some of it another way', () => {
    let found = 0;
    fc.assert(
      fc.property(world, (w) => {
        const { table, request, reserved } = build(w);
        if (request.source < 0 || request.destination < 0) return;
        const deps = { graph: table.graph, knowledge: table.knowledge };
        const weight = w.thrift * (500 + w.amount / 1000);
        const search = new FlowSearch(deps);
        const flow = search.find(request, weight, reserved, new Set());
        if (flow === undefined) return;
        found++;
        const arcs = new FlowArcs(deps);
        arcs.begin({ request, weight, reserved, excluded: new Set(), toTheBrim: false });
        const out = new Float64Array(table.graph.nodeLimit);
        for (const [e, amount] of flow) {
          const [from, to] = [table.graph.source[e] as number, table.graph.source[e ^ 1] as number];
          out[from] = (out[from] as number) + amount;
          out[to] = (out[to] as number) - amount;
        }
        out.forEach((amount, n) => {
          const wanted =
            n === request.source ? w.amount : n === request.destination ? -w.amount : 0;
          expect(amount).toBe(wanted);
        });
        expect(canBeCheaper(table, arcs, flow, request.source)).toBe(false);
      }),
      { numRuns: 1000 },
    );
    expect(found).toBeGreaterThan(100);
  });
});
