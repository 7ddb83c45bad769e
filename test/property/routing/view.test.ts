import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msat, type NodeId, shortChannelId, toHex } from '../../../src/core/bytes/index.js';
import type { Graph } from '../../../src/core/gossip/index.js';
import { penaltyWeight } from '../../../src/core/routing/cost.js';
import { Hop } from '../../../src/core/routing/hop.js';
import {
  DEFAULT_PENALTY,
  type Lesson,
  layerLesson,
  newLayer,
  RouteTable,
  withChange,
  withDisabledNode,
  withLesson,
} from '../../../src/core/routing/index.js';
import type { SearchRequest } from '../../../src/core/routing/search-request.js';
import { View } from '../../../src/core/routing/view.js';

const START = 1_700_000_000;
const NODES = 6;
const CHANNELS = 14;
const FLOOR = 100_000;
const AMOUNTS = [FLOOR, 119_999, 141_000];
const RISK_FACTOR = 10;
const idBytes = (n: number): Uint8Array => {
  const id = new Uint8Array(33).fill(n + 1);
  id[0] = 2;
  return id;
};
const id = (n: number): NodeId => toHex(idBytes(n)) as NodeId;
const scidOf = (c: number) => shortChannelId(500 + c, 1, 0);

const node = fc.nat(NODES - 1);
const channel = fc.nat(CHANNELS - 1);
const direction = fc.constantFrom(0, 1) as fc.Arbitrary<0 | 1>;
const amount = fc.constantFrom(1, 50_000, FLOOR, 110_000, 130_000, 400_000, 10_000_000);
const seconds = fc.constantFrom(0, 1, 60, 1799, 1800, 1801, 3600, 86_400, 700_000);
const change = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), channel, a: node, b: node, capacity: amount }),
  fc.record({ kind: fc.constant('remove' as const), channel }),
  fc.record({
    kind: fc.constant('policy' as const),
    ...{ channel, direction, enabled: fc.boolean() },
    base: fc.constantFrom(0, 1, 1000),
    ppm: fc.constantFrom(0, 100, 20_000_000),
    minimum: fc.constantFrom(0, 105_000),
    maximum: fc.constantFrom(90_000, 125_000, 10_000_000),
  }),
  fc.record({ kind: fc.constant('clear' as const), channel, direction }),
  fc.record({ kind: fc.constant('node' as const), node, routable: fc.boolean() }),
  fc.record({ kind: fc.constant('upper' as const), channel, direction, amount }),
  fc.record({ kind: fc.constant('lower' as const), channel, direction, amount }),
  fc.record({ kind: fc.constant('succeeded' as const), channel, direction, amount }),
  fc.record({ kind: fc.constant('blame' as const), channel, direction }),
  fc.record({ kind: fc.constant('block' as const), channel, direction }),
  fc.record({ kind: fc.constant('blockNode' as const), node }),
  fc.record({ kind: fc.constant('forget' as const) }),
  fc.record({ kind: fc.constant('prune' as const) }),
  fc.record({ kind: fc.constant('layers' as const), channel, direction, node, amount }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
const story = fc.record({
  first: fc.array(change, { minLength: 10, maxLength: 40 }),
  turns: fc.array(
    fc.record({ seconds, changes: fc.array(change, { maxLength: 4 }), looked: fc.array(node) }),
    { minLength: 1, maxLength: 12 },
  ),
});

function carryOut(table: RouteTable, what: Change, now: number): void {
  const { graph } = table;
  const learn = (lesson: Lesson): unknown => table.learn(lesson, now);
  switch (what.kind) {
    case 'add': {
      if (what.a === what.b) return;
      const [node1, node2] = [Math.min(what.a, what.b), Math.max(what.a, what.b)].map(idBytes);
      if (node1 === undefined || node2 === undefined) return;
      const capacityMsat = what.capacity;
      table.addChannel({ scid: scidOf(what.channel), node1, node2, capacityMsat });
      for (const side of [0, 1] as const)
        carryOut(table, { ...POLICY, channel: what.channel, direction: side }, now);
      return;
    }
    case 'remove': {
      const c = graph.channel(scidOf(what.channel));
      if (c >= 0) table.removeChannel(c);
      return;
    }
    case 'policy': {
      const c = graph.channel(scidOf(what.channel));
      if (c < 0) return;
      const policy = {
        enabled: what.enabled,
        cltvDelta: 40,
        htlcMinimumMsat: what.minimum,
        htlcMaximumMsat: what.maximum,
        feeBaseMsat: what.base,
        feeProportionalMillionths: what.ppm,
        timestamp: now,
      };
      table.setPolicy(c, what.direction, policy, now);
      return;
    }
    case 'clear': {
      const e = graph.edge(scidOf(what.channel), what.direction);
      if (e >= 0) graph.clearPolicy(e);
      return;
    }
    case 'node':
      table.setNodeRoutable(id(what.node), what.routable);
      return;
    case 'forget':
      table.knowledge.forget();
      return;
    case 'prune':
      table.knowledge.prune(now);
      return;
    case 'blockNode':
      learn({ kind: 'nodeUnusable', nodeId: id(what.node), lasts: 'a_while', reason: 'x' });
      return;
    case 'layers': {
      const at = { scid: scidOf(what.channel), direction: what.direction };
      let layer = withDisabledNode(newLayer('test', false), id(what.node));
      layer = withLesson(layer, layerLesson('upperBound', at, msat(what.amount), now));
      layer = withChange(layer, { ...at, enabled: false });
      const amountMsat = msat(FLOOR);
      const [source, destination] = [id(0), id(NODES - 1)];
      table.getroutes({ source, destination, amountMsat, riskFactor: RISK_FACTOR, now }, [layer]);
      return;
    }
  }
  const at = { scid: scidOf(what.channel), direction: what.direction };
  if (what.kind === 'blame') learn({ kind: 'sharedBlame', channels: [at], reason: 'x' } as Lesson);
  else if (what.kind === 'block')
    learn({ kind: 'channelUnusable', ...at, lasts: 'a_while', reason: 'x' });
  else {
    const kinds = { upper: 'upperBound', lower: 'lowerBound', succeeded: 'succeeded' } as const;
    learn({ kind: kinds[what.kind], ...at, amountMsat: msat(what.amount) } as Lesson);
  }
}

const POLICY = {
  kind: 'policy',
  enabled: true,
  base: 1,
  ppm: 100,
  minimum: 0,
  maximum: 10_000_000,
} as const;

/** What a search sees of a node's row. */
function rowOf(view: View, n: number, side: 'into' | 'outOf') {
  const rows = view[side](n);
  const row: { readonly edge: number; readonly node: number; readonly key: number }[] = [];
  for (let at = rows.start[n] as number; at < (rows.end[n] as number); at += View.STEP)
    row.push({ edge: view.edge(at), node: view.node(at), key: view.key(at) });
  return row;
}

/** No entry says that an edge costs more, or carries less, than it does. */
function holdsBounds(view: View, graph: Graph, hop: Hop, request: SearchRequest, n: number): void {
  const rows = view.into(n);
  const into = new Map<number, number>();
  for (let at = rows.start[n] as number; at < (rows.end[n] as number); at += View.STEP)
    into.set(view.edge(at), at);
  for (const amount of AMOUNTS) {
    const weight = penaltyWeight(DEFAULT_PENALTY, amount);
    hop.begin({ ...request, amount }, weight);
    for (let e = 0; e < 2 * CHANNELS; e++) {
      if (graph.source[e ^ 1] !== n || !hop.take(e, amount)) continue;
      const at = into.get(e);
      if (at === undefined) throw new Error(`edge ${e} is missing`);
      expect(view.fits(at, amount, amount)).toBe(true);
      const cost = view.cost(at, amount, weight);
      expect(cost).toBeLessThanOrEqual(hop.cost);
      expect(view.key(at)).toBeLessThanOrEqual(cost);
    }
  }
}

describe('the rows of a search', () => {
  it('are, however often mended, what they would be if made anew, and bounds at every time', () => {
    fc.assert(
      fc.property(story, ({ first, turns }) => {
        const table = new RouteTable();
        const { graph, knowledge } = table;
        const options = { floor: FLOOR, riskFactor: RISK_FACTOR, penalty: DEFAULT_PENALTY };
        const fresh = (): View => new View(options, { graph, knowledge });
        const hop = new Hop({ graph, knowledge });
        const kept = fresh();
        let now = START;
        for (const each of first) carryOut(table, each, now);
        for (const turn of turns) {
          now += turn.seconds;
          for (const each of turn.changes) carryOut(table, each, now);
          const request = requestAt(now);
          const anew = fresh();
          kept.aim(request);
          anew.aim(request);
          // Rows that nobody asks for fall behind by several turns.
          for (const n of turn.looked) {
            if (n >= graph.nodeLimit) continue;
            for (const side of ['into', 'outOf'] as const) {
              const row = rowOf(kept, n, side);
              expect(byEdge(row)).toEqual(byEdge(rowOf(anew, n, side)));
              row.forEach(({ key }, i) => {
                expect(key).toBeGreaterThanOrEqual(row[i - 1]?.key ?? 0);
              });
            }
            holdsBounds(kept, graph, hop, request, n);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

const byEdge = (row: ReturnType<typeof rowOf>) => [...row].sort((a, b) => a.edge - b.edge);

const requestAt = (now: number): SearchRequest => ({
  source: 1_000_000,
  destination: 1_000_001,
  amount: FLOOR,
  finalCltv: 9,
  riskFactor: RISK_FACTOR,
  maxHops: 20,
  maxDelay: 2016,
  payloadBytes: 1300,
  height: 0,
  penalty: DEFAULT_PENALTY,
  now,
  overlay: [],
  ownChannelsOnly: false,
  ignoreKnowledge: false,
  fuzz: 0,
  fuzzSeed: 0,
});
