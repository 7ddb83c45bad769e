import { describe, expect, it } from 'vitest';
import { msat, type NodeId, shortChannelId, toHex } from '../../../src/core/bytes/index.js';
import {
  aged,
  decodeLayer,
  encodeLayer,
  explainNoRoutes,
  type Layer,
  type LayeredRequest,
  layerLesson,
  newLayer,
  Reservations,
  RouteTable,
  withBias,
  withChange,
  withChannel,
  withDisabledNode,
  withLesson,
  withNodeBias,
  withoutChange,
} from '../../../src/core/routing/index.js';

const NOW = 1_700_000_000;
const idBytes = (n: number): Uint8Array => {
  const id = new Uint8Array(33).fill(n + 1);
  id[0] = 2;
  return id;
};
const id = (n: number): NodeId => toHex(idBytes(n)) as NodeId;
const scid = (n: number) => shortChannelId(100 + n, 1, 0);

/** 0 - 1 - 3 by channels 0 and 1 (cheap), 0 - 2 - 3 by channels 2 and 3 (dear); a million sat each. */
function diamond(): RouteTable {
  const table = new RouteTable();
  const add = (n: number, a: number, b: number, feeBase: number): void => {
    const c = table.addChannel({
      scid: scid(n),
      node1: idBytes(a),
      node2: idBytes(b),
      capacityMsat: 1_000_000_000,
    });
    for (const direction of [0, 1] as const)
      table.graph.setPolicy(2 * c + direction, {
        enabled: true,
        cltvDelta: 6,
        htlcMinimumMsat: 1,
        htlcMaximumMsat: 1_000_000_000,
        feeBaseMsat: feeBase,
        feeProportionalMillionths: 10,
        timestamp: NOW,
      });
  };
  add(0, 0, 1, 1);
  add(1, 1, 3, 1);
  add(2, 0, 2, 200);
  add(3, 2, 3, 200);
  return table;
}

const ask = (more: Partial<LayeredRequest> = {}): LayeredRequest => ({
  source: id(0),
  destination: id(3),
  amountMsat: msat(1_000_000),
  maxFeeMsat: msat(1_000_000),
  finalCltv: 9,
  maxDelay: 2016,
  maxParts: 100,
  layers: [],
  learned: false,
  sourceFree: true,
  includeFees: false,
  reserved: [],
  riskFactor: 10,
  height: 800_000,
  now: NOW,
  ...more,
});

const channels = (table: RouteTable, more: Partial<LayeredRequest> = {}) => {
  const found = table.getroutesOver(ask(more));
  return found.ok
    ? found.value.routes.map((route) => route.path.map((hop) => Number(hop.scid >> 40n) - 100))
    : found.error.code;
};
const failure = (table: RouteTable, more: Partial<LayeredRequest>): string => {
  const found = table.getroutesOver(ask(more));
  return found.ok ? 'found' : explainNoRoutes(found.error);
};
const layer = newLayer('test', false);

describe('a layer as a value', () => {
  it('merges what is said of a channel, and takes it back', () => {
    const at = { scid: scid(0), direction: 0 } as const;
    const first = withChange(layer, { ...at, feeBaseMsat: msat(7) });
    const both = withChange(first, { ...at, enabled: false });
    expect(both.changes).toEqual([{ ...at, feeBaseMsat: 7n, enabled: false }]);
    expect(withoutChange(both, at).changes).toEqual([]);
    expect(layer.changes).toEqual([]);
  });

  it('adds biases up where asked, up to a hundred, and has none of zero', () => {
    const bias = { scid: scid(0), direction: 1 as const, bias: 60, timestamp: NOW };
    const once = withBias(layer, bias, true);
    expect(withBias(once, bias, true).biases[0]?.bias).toBe(100);
    expect(withBias(once, { ...bias, bias: -60 }, true).biases).toEqual([]);
    expect(withBias(once, { ...bias, bias: -1 }, false).biases[0]?.bias).toBe(-1);
    const node = { nodeId: id(1), timestamp: NOW };
    const both = withNodeBias(
      withNodeBias(layer, { ...node, side: 'in', bias: 3 }, false),
      { ...node, side: 'out', bias: -4 },
      false,
    );
    expect(both.nodeBiases).toMatchObject([{ inBias: 3, outBias: -4 }]);
  });

  it('forgets lessons and biases from before a time', () => {
    const at = { scid: scid(0), direction: 0 } as const;
    let old = withLesson(layer, layerLesson('upperBound', at, msat(100), NOW));
    old = withLesson(old, layerLesson('lowerBound', at, msat(10), NOW + 5));
    old = withBias(old, { ...at, bias: 1, timestamp: NOW }, false);
    const { layer: young, removed } = aged(old, NOW + 1);
    expect(removed).toBe(2);
    expect(young).toMatchObject({ lessons: [{ kind: 'lowerBound', amountMsat: 10n }], biases: [] });
  });

  it('comes back from its row as it was', () => {
    const at = { scid: scid(0), direction: 0 } as const;
    let full: Layer = withDisabledNode(newLayer('kept', true), id(2));
    full = withChannel(full, {
      scid: scid(9),
      source: id(0),
      destination: id(3),
      capacityMsat: msat(5_000),
    });
    full = withChange(full, { ...at, feeBaseMsat: msat(7), cltvDelta: 4 });
    full = withLesson(full, layerLesson('succeeded', at, msat(2n ** 60n), NOW));
    full = withBias(full, { ...at, bias: -7, description: 'slow', timestamp: NOW }, false);
    full = withNodeBias(full, { nodeId: id(1), side: 'in', bias: 9, timestamp: NOW }, false);
    expect(decodeLayer(encodeLayer(full))).toEqual(full);
    expect(decodeLayer('{"v":2}')).toBeUndefined();
    expect(decodeLayer('{')).toBeUndefined();
  });
});

describe('routes over layers', () => {
  it('go the cheap way, and say what each hop takes in and gives out', () => {
    const found = diamond().getroutesOver(ask());
    expect(found).toMatchObject({
      ok: true,
      value: {
        routes: [
          {
            amountMsat: 1_000_000n,
            path: [
              { from: id(0), to: id(1), amountIn: 1_000_011n, amountOut: 1_000_011n, delayIn: 15 },
              { from: id(1), to: id(3), amountIn: 1_000_011n, amountOut: 1_000_000n, delayOut: 9 },
            ],
          },
        ],
      },
    });
  });

  it('pay the first channel as well where the source is not free', () => {
    const found = diamond().getroutesOver(ask({ sourceFree: false }));
    expect(found).toMatchObject({
      ok: true,
      value: {
        routes: [{ path: [{ amountIn: 1_000_022n, amountOut: 1_000_011n, delayIn: 21 }, {}] }],
      },
    });
  });

  it('leave the graph and what was learned as they were', () => {
    const table = diamond();
    const before = [0, 1, 2, 3, 4, 5, 6, 7].map((e) => table.graph.policy(e));
    let odd = withChange(layer, { scid: scid(0), direction: 0, feeBaseMsat: msat(999) });
    odd = withChannel(odd, {
      scid: scid(9),
      source: id(0),
      destination: id(7),
      capacityMsat: msat(5_000_000),
    });
    odd = withLesson(odd, layerLesson('upperBound', { scid: scid(1), direction: 0 }, msat(5), NOW));
    expect(channels(table, { layers: [odd] })).toEqual([[2, 3]]);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((e) => table.graph.policy(e))).toEqual(before);
    expect(table.graph.channelCount).toBe(4);
    expect(table.graph.nodeCount).toBe(4);
    expect(table.knowledge.list(NOW)).toEqual([]);
    expect(channels(table)).toEqual([[0, 1]]);
  });

  it('go around a disabled node and a disabled channel', () => {
    const table = diamond();
    expect(channels(table, { layers: [withDisabledNode(layer, id(1))] })).toEqual([[2, 3]]);
    const off = withChange(layer, { scid: scid(1), direction: 0, enabled: false });
    expect(channels(table, { layers: [off] })).toEqual([[2, 3]]);
    const on = withChange(newLayer('over', false), { scid: scid(1), direction: 0, enabled: true });
    expect(channels(table, { layers: [off, on] })).toEqual([[0, 1]]);
    const both = withDisabledNode(withDisabledNode(layer, id(1)), id(2));
    expect(failure(table, { layers: [both] })).toContain('0 of the 2 channels out of the source');
    expect(failure(table, { layers: [withDisabledNode(layer, id(3))] })).toBe(
      `No route: node ${id(3)} is disabled by layer test`,
    );
  });

  it('use a channel that a layer made, once it has a policy, to a node gossip never told of', () => {
    const table = diamond();
    const made = withChannel(layer, {
      scid: scid(9),
      source: id(3),
      destination: id(7),
      capacityMsat: msat(5_000_000),
    });
    const there = { destination: id(7) };
    expect(channels(table, there)).toBe('unknown_destination');
    expect(channels(table, { ...there, layers: [made] })).toBe('end_usable');
    const open = withChange(made, { scid: scid(9), direction: 0, feeBaseMsat: msat(3) });
    expect(channels(table, { ...there, layers: [open] })).toEqual([[0, 1, 9]]);
  });

  it('shun and favour what is biased', () => {
    const table = diamond();
    const at = { scid: scid(0), direction: 0 } as const;
    const shunned = withBias(layer, { ...at, bias: -100, timestamp: NOW }, false);
    const node = { nodeId: id(1), side: 'out' as const, bias: -100, timestamp: NOW };
    expect(channels(table, { layers: [withNodeBias(shunned, node, false)] })).toEqual([[2, 3]]);
    const favoured = withNodeBias(layer, { ...node, nodeId: id(2), bias: 100 }, false);
    expect(
      channels(table, {
        layers: [withNodeBias(favoured, { ...node, nodeId: id(2), side: 'in', bias: 100 }, false)],
      }),
    ).toEqual([[2, 3]]);
  });

  it('know what payments taught where asked, and what layers say beside it', () => {
    const table = diamond();
    table.learn({ kind: 'upperBound', scid: scid(0), direction: 0, amountMsat: msat(1000) }, NOW);
    expect(channels(table)).toEqual([[0, 1]]);
    expect(channels(table, { learned: true })).toEqual([[2, 3]]);
    const other = withLesson(
      layer,
      layerLesson('upperBound', { scid: scid(2), direction: 0 }, msat(500), NOW),
    );
    expect(failure(table, { learned: true, layers: [other] })).toBe(
      'No route: the 2 channels out of the source carry 1498msat by what is known of them ' +
        '(their capacity is 2000000000msat), and 1000000msat are to be sent',
    );
    expect(channels(table, { layers: [other] })).toEqual([[0, 1]]);
  });

  it('take our own channels for what they really have', () => {
    const table = diamond();
    const local = (n: number, target: number, most: number) => ({
      scid: scid(n),
      direction: 0 as const,
      source: id(0),
      target: id(target),
      feeBaseMsat: 5,
      feeProportionalMillionths: 0,
      cltvDelta: 3,
      htlcMaximumMsat: msat(most),
    });
    const locals = [local(0, 1, 999_999), local(2, 2, 5_000_000)];
    expect(channels(table, { local: locals })).toEqual([[2, 3]]);
    const charged = table.getroutesOver(ask({ local: locals, sourceFree: false }));
    expect(charged).toMatchObject({
      ok: true,
      value: { routes: [{ path: [{ amountIn: 1_000_215n, delayIn: 18 }, {}] }] },
    });
    const off = withChange(layer, { scid: scid(2), direction: 0, enabled: false });
    expect(failure(table, { local: locals, layers: [off] })).toContain('999999msat');
  });

  it('lead over none of our own channels with a disabled peer', () => {
    const table = diamond();
    const local = [
      [2, 0, 2],
      [2, 2, 0],
      [3, 2, 3],
      [3, 3, 2],
    ].map(([n = 0, from = 0, to = 0]) => ({
      scid: scid(n),
      direction: (from < to ? 0 : 1) as 0 | 1,
      source: id(from),
      target: id(to),
      feeBaseMsat: 1,
      feeProportionalMillionths: 0,
      cltvDelta: 6,
      htlcMaximumMsat: msat(900_000_000),
    }));
    const off = withChange(layer, { scid: scid(1), direction: 0, enabled: false });
    const ask = { source: id(1), amountMsat: msat(300_000_000), local };
    expect(channels(table, { ...ask, layers: [off] })).toEqual([[0, 2, 3]]);
    const disabled = withDisabledNode(off, id(0));
    expect(failure(table, { ...ask, layers: [disabled] })).toContain('No route: 0 of the 2');
  });

  it('leave room for what is reserved, in one part too', () => {
    const table = diamond();
    const amountMsat = msat(300_000_000);
    const held = { scid: scid(1), direction: 0 as const, amountMsat: msat(800_000_000) };
    const reserved = [held];
    for (const maxParts of [1, 100])
      expect(channels(table, { amountMsat, reserved, maxParts })).toEqual([[2, 3]]);
    const all = [held, { ...held, scid: scid(3) }];
    expect(failure(table, { amountMsat: msat(400_000_000), reserved: all })).toMatch(
      /2 of the 2 channels into the destination can be used, and carry 400000000msat|but for what is reserved: 800000000msat of 101x1x0\/0, 800000000msat of 103x1x0\/0/,
    );
  });

  it('split what no single way carries, and say when one part was wished', () => {
    const table = diamond();
    const amountMsat = msat(1_200_000_000);
    const maxFeeMsat = msat(100_000_000);
    const parts = channels(table, { amountMsat, maxFeeMsat });
    expect(parts).toHaveLength(2);
    expect(parts).toEqual(
      expect.arrayContaining([
        [0, 1],
        [2, 3],
      ]),
    );
    expect(channels(table, { amountMsat, maxFeeMsat, maxParts: 1 })).toBe('destination_capacity');
  });

  it('say what a limit would have to be', () => {
    const table = diamond();
    expect(failure(table, { maxFeeMsat: msat(3) })).toBe(
      'Routes are too expensive: the cheapest found cost 11msat in fees, and maxfee_msat is 3msat',
    );
    expect(failure(table, { maxDelay: 10 })).toBe(
      'Routes take too long: the fastest found has a delay of 15 blocks, and maxdelay is 10',
    );
    expect(failure(table, { amountMsat: msat(3_000_000_000) })).toBe(
      'No route: the 2 channels out of the source have a capacity of 2000000000msat, ' +
        'and 3000000000msat are to be sent',
    );
  });

  it('take the fees out of the amount where asked', () => {
    const found = diamond().getroutesOver(ask({ includeFees: true }));
    if (!found.ok) throw new Error(found.error.code);
    expect(found.value.routes[0]).toMatchObject({
      amountMsat: 999_989n,
      path: [{ amountIn: 999_999n }, {}],
    });
  });
});

describe('reservations', () => {
  it('add up by channel, count a layer only where it is named, and are let go one by one', () => {
    const held = new Reservations();
    const claim = { scid: scid(0), direction: 0 as const, amountMsat: msat(5) };
    held.hold([claim, { ...claim, layer: 'mine', amountMsat: msat(7) }], 'a', NOW);
    held.hold([claim], 'b', NOW + 1);
    expect(held.totals()).toEqual([{ scid: scid(0), direction: 0, amountMsat: 10n }]);
    expect(held.totals(['mine'])[0]?.amountMsat).toBe(17n);
    expect(held.of(claim)).toBe(10n);
    expect(held.release({ ...claim, amountMsat: msat(7) })).toBe(false);
    expect([held.release(claim), held.release(claim), held.release(claim)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(held.list()).toMatchObject([{ layer: 'mine', by: 'a', since: NOW }]);
  });
});

describe('layers under a payment of our own', () => {
  const local = (n: number, peer: number) => ({
    scid: scid(n),
    direction: 0 as const,
    peer: id(peer),
    spendableMsat: msat(900_000_000),
  });
  const way = (table: RouteTable, layers: readonly Layer[]) => {
    const found = table.getroutes(
      {
        source: id(0),
        destination: id(3),
        amountMsat: msat(1_000_000),
        riskFactor: 10,
        localChannels: [local(0, 1), local(2, 2)],
        now: NOW,
      },
      layers,
    );
    if (!found.ok) return found.error.code;
    return found.value.parts.map(({ hops }) => hops.map((hop) => Number(hop.channel >> 40n) - 100));
  };

  it.each<[string, Layer]>([
    ['a node that is disabled', withDisabledNode(layer, id(1))],
    [
      'a channel that is disabled',
      withChange(layer, { scid: scid(1), direction: 0, enabled: false }),
    ],
    [
      'a channel of our own that is disabled',
      withChange(layer, { scid: scid(0), direction: 0, enabled: false }),
    ],
    ['a bias', withBias(layer, { scid: scid(1), direction: 0, bias: -100, timestamp: NOW }, false)],
    [
      'what a channel was seen not to carry',
      withLesson(layer, layerLesson('upperBound', { scid: scid(1), direction: 0 }, msat(9), NOW)),
    ],
  ])('%s turns it another way, and leaves nothing behind', (_, laid) => {
    const table = diamond();
    expect(way(table, [])).toEqual([[0, 1]]);
    expect(way(table, [laid])).toEqual([[2, 3]]);
    expect(way(table, [])).toEqual([[0, 1]]);
  });

  it('what payments taught counts beside them', () => {
    const table = diamond();
    const at = { scid: scid(1), direction: 0 } as const;
    table.learn({ kind: 'upperBound', ...at, amountMsat: msat(10) }, NOW);
    expect(way(table, [layer])).toEqual([[2, 3]]);
    expect(way(table, [withDisabledNode(layer, id(2))])).not.toEqual([[0, 1]]);
  });
});
