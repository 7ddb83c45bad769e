import { describe, expect, it } from 'vitest';
import { hex, msat, type NodeId, shortChannelId, toHex } from '../../../src/core/bytes/index.js';
import {
  constraintJson,
  type Direction,
  type Lesson,
  lessonsOfFailure,
  lessonsOfSuccess,
  lessonsOfUnreadable,
  RouteTable,
  type TriedHop,
} from '../../../src/core/routing/index.js';

const NOW = 1_700_000_000;
const idBytes = (n: number): Uint8Array => hex(`02${n.toString(16).padStart(2, '0').repeat(32)}`);
const id = (n: number): NodeId => toHex(idBytes(n)) as NodeId;
const scid = (n: number) => shortChannelId(100 + n, 1, 0);
const fading = { halfLifeSeconds: 3600, holdSeconds: 600 };

/** Nodes 1-2-3-4 in a line, 1 million msat in each channel, and 2-5-4 beside it, dearer. */
function line(): RouteTable {
  const table = new RouteTable({ fading });
  const add = (n: number, a: number, b: number, ppm: number): void => {
    const c = table.addChannel({
      scid: scid(n),
      node1: idBytes(a),
      node2: idBytes(b),
      capacityMsat: 1_000_000,
    });
    for (const direction of [0, 1] as const)
      table.graph.setPolicy(2 * c + direction, {
        enabled: true,
        cltvDelta: 6,
        htlcMinimumMsat: 0,
        htlcMaximumMsat: 1_000_000,
        feeBaseMsat: 0,
        feeProportionalMillionths: ppm,
        timestamp: NOW,
      });
  };
  add(1, 1, 2, 10);
  add(2, 2, 3, 10);
  add(3, 3, 4, 10);
  add(4, 2, 5, 20_000);
  add(5, 4, 5, 20_000);
  return table;
}

const hop = (n: number, to: number, amount: number, delay: number): TriedHop => ({
  scid: scid(n),
  direction: 0 as Direction,
  nodeId: id(to),
  amountMsat: msat(amount),
  delay,
});
const HOPS = [hop(1, 2, 300_006, 21), hop(2, 3, 300_003, 15), hop(3, 4, 300_000, 9)];

function route(table: RouteTable, amount = 300_000, now = NOW): string {
  const found = table.getroute({
    source: id(1),
    destination: id(4),
    amountMsat: msat(amount),
    riskFactor: 10,
    now,
  });
  return found.ok ? found.value.hops.map((h) => h.id.slice(2, 4)).join(' ') : found.error.code;
}

const learn = (table: RouteTable, lessons: readonly Lesson[], now = NOW): unknown[] =>
  lessons.flatMap((lesson) => table.learn(lesson, now)).map(constraintJson);

describe('what a failure teaches the route table', () => {
  it('temporary_channel_failure: an upper bound there, a lower bound on every channel before', () => {
    const table = line();
    expect(route(table)).toBe('02 03 04');
    const learned = learn(table, lessonsOfFailure(HOPS, { erringIndex: 2, failcode: 0x1007 }));
    expect(learned).toEqual([
      { short_channel_id_dir: '103x1x0/0', maximum_msat: 299_999n, timestamp: NOW },
      { short_channel_id_dir: '101x1x0/0', minimum_msat: 300_006n, timestamp: NOW },
      { short_channel_id_dir: '102x1x0/0', minimum_msat: 300_003n, timestamp: NOW },
    ]);
    expect(route(table)).toBe('02 05 04');
    // A smaller amount may still pass where the larger one could not.
    expect(route(table, 1_000)).toBe('02 03 04');
  });

  it.each([
    ['permanent_channel_failure', 0x4008, '103x1x0/0'],
    ['unknown_next_peer', 0x400a, '103x1x0/0'],
    ['required_channel_feature_missing', 0x4009, '103x1x0/0'],
  ])('%s: that channel not usable until an update', (reason, failcode, dir) => {
    const table = line();
    expect(learn(table, lessonsOfFailure(HOPS, { erringIndex: 2, failcode }))).toEqual([
      { short_channel_id_dir: dir, usable: false, until: 'update', reason, timestamp: NOW },
    ]);
    expect(route(table)).toBe('02 05 04');
    const c = table.graph.channel(scid(3));
    const policy = table.graph.policy(2 * c);
    if (policy === undefined) throw new Error('no policy');
    table.setPolicy(c, 0, { ...policy, timestamp: NOW + 5 }, NOW + 5);
    expect(route(table)).toBe('02 03 04');
  });

  it.each([
    ['temporary_node_failure', 0x2002, NOW + 1800],
    ['permanent_node_failure', 0x6002, 'update'],
    ['required_node_feature_missing', 0x6003, 'update'],
  ])('%s: that node not usable', (reason, failcode, until) => {
    const table = line();
    expect(learn(table, lessonsOfFailure(HOPS, { erringIndex: 2, failcode }))).toEqual([
      { node_id: id(3), usable: false, until, reason, timestamp: NOW },
    ]);
    expect(route(table)).toBe('02 05 04');
    table.learn({ kind: 'nodeUsable', nodeId: id(3) }, NOW + 1);
    expect(route(table, 300_000, NOW + 1)).toBe('02 03 04');
  });

  it.each([
    ['amount_below_minimum', 0x100b],
    ['fee_insufficient', 0x100c],
    ['incorrect_cltv_expiry', 0x100d],
    ['expiry_too_soon', 0x100e],
    ['channel_disabled', 0x1014],
  ])(
    '%s: the enclosed channel_update is to be used, with what the node was given',
    (reason, failcode) => {
      const channelUpdate = hex('0102');
      expect(lessonsOfFailure(HOPS, { erringIndex: 2, failcode, channelUpdate })).toEqual([
        {
          kind: 'channelUpdate',
          scid: scid(3),
          direction: 0,
          update: channelUpdate,
          reason,
          amountMsat: 300_000n,
          feeMsat: 3n,
          cltvDelta: 6,
        },
      ]);
    },
  );

  it('an error from the final node teaches nothing', () => {
    for (const failcode of [0x400f, 18, 19, 23, 0x2002, 0x4016])
      expect(lessonsOfFailure(HOPS, { erringIndex: 3, failcode })).toEqual([]);
  });

  it('an unreadable reply: the blame is shared by all channels past our own', () => {
    const table = line();
    expect(learn(table, lessonsOfUnreadable(HOPS))).toEqual([
      { short_channel_id_dir: '102x1x0/0', blame_ppm: 450_000, timestamp: NOW },
      { short_channel_id_dir: '103x1x0/0', blame_ppm: 450_000, timestamp: NOW },
    ]);
    // A second one weighs heavier; the dearer way is taken in the end.
    for (let i = 0; i < 20; i++) learn(table, lessonsOfUnreadable(HOPS));
    expect(route(table)).toBe('02 05 04');
  });

  it('invalid_onion_hmac: the blame is shared by the channels around the node that was named', () => {
    expect(lessonsOfFailure(HOPS, { erringIndex: 2, failcode: 0xc005 })).toEqual([
      {
        kind: 'sharedBlame',
        channels: [
          { scid: scid(2), direction: 0 },
          { scid: scid(3), direction: 0 },
        ],
        reason: 'invalid_onion',
      },
    ]);
  });

  it('a success moves the amount to the other side, and what passed may pass again', () => {
    const table = line();
    table.learn(
      { kind: 'lowerBound', scid: scid(3), direction: 0, amountMsat: msat(500_000) },
      NOW,
    );
    learn(table, lessonsOfSuccess(HOPS));
    const known = table.knowledge.list(NOW).map(constraintJson);
    expect(known).toEqual([
      { short_channel_id_dir: '101x1x0/0', minimum_msat: 270_005n, timestamp: NOW },
      { short_channel_id_dir: '101x1x0/1', minimum_msat: 300_006n, timestamp: NOW },
      { short_channel_id_dir: '102x1x0/0', minimum_msat: 270_002n, timestamp: NOW },
      { short_channel_id_dir: '102x1x0/1', minimum_msat: 300_003n, timestamp: NOW },
      { short_channel_id_dir: '103x1x0/0', minimum_msat: 270_000n, timestamp: NOW },
      { short_channel_id_dir: '103x1x0/1', minimum_msat: 300_000n, timestamp: NOW },
    ]);
  });

  it('a success is no promise beyond half of what may be left', () => {
    const table = line();
    const at = { scid: scid(3), direction: 0 } as const;
    const pass = (amount: number) => {
      table.learn({ kind: 'succeeded', ...at, amountMsat: msat(amount) }, NOW);
      return table.knowledge.constraintOn(at, NOW)?.minimumMsat;
    };
    // 400,000 of a million may be left, of which half is taken for granted.
    expect(pass(600_000)).toBe(200_000n);
    table.knowledge.forget();
    table.learn({ kind: 'upperBound', ...at, amountMsat: msat(500_001) }, NOW);
    expect(pass(400_000)).toBe(50_000n);
    expect(pass(100_000)).toBeUndefined();
  });
});

describe('constraints', () => {
  it('fade: in a half-life a lower bound sinks by half, and an upper one rises half-way by factors', () => {
    const table = line();
    const at = { scid: scid(3), direction: 0 } as const;
    table.learn({ kind: 'upperBound', ...at, amountMsat: msat(200_001) }, NOW);
    table.learn({ kind: 'lowerBound', ...at, amountMsat: msat(100_000) }, NOW);
    const bounds = (age: number) => {
      const c = table.knowledge.constraintOn(at, NOW + age);
      return [c?.minimumMsat, c?.maximumMsat];
    };
    expect(bounds(600)).toEqual([100_000n, 200_000n]);
    // A fifth of the capacity, the root of a fifth, the fourth root.
    expect(bounds(600 + 3600)).toEqual([50_000n, 447_214n]);
    expect(bounds(600 + 7200)).toEqual([25_000n, 668_741n]);
    table.knowledge.prune(NOW + 600 + 3600 * 30);
    expect(table.knowledge.size).toBe(0);
  });

  it('survive a restart as rows, and meet their channel again when it comes back', () => {
    const first = line();
    learn(first, lessonsOfFailure(HOPS, { erringIndex: 2, failcode: 0x1007 }));
    learn(first, lessonsOfFailure(HOPS, { erringIndex: 1, failcode: 0x2002 }));
    const rows = first.knowledge.takeChanges();
    expect(first.knowledge.takeChanges()).toEqual([]);
    const second = new RouteTable({ fading });
    for (const { key, data } of rows) expect(second.knowledge.restore(key, data ?? '')).toBe(true);
    const filled = line();
    for (let c = 0; c < filled.graph.channelLimit; c++)
      second.addChannel({
        scid: filled.graph.scid(c),
        node1: filled.graph.nodeId(filled.graph.source[2 * c] as number),
        node2: filled.graph.nodeId(filled.graph.source[2 * c + 1] as number),
        capacityMsat: 1_000_000,
      });
    expect(second.knowledge.list(NOW)).toEqual(first.knowledge.list(NOW));
    const e = second.graph.edge(scid(3), 0);
    const belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
    second.knowledge.look(e, 1_000_000, NOW, belief);
    expect(belief.limit).toBe(299_999);
  });

  it('of one direction say what the other has', () => {
    const table = line();
    const at = { scid: scid(3), direction: 0 } as const;
    table.learn({ kind: 'upperBound', ...at, amountMsat: msat(200_001) }, NOW);
    const belief = { lower: 0, limit: 0, upper: 0, blame: 0, usable: true };
    table.knowledge.look(table.graph.edge(scid(3), 1), 1_000_000, NOW, belief);
    expect(belief).toEqual({ lower: 800_000, limit: 1e6, upper: 1e6, blame: 0, usable: true });
  });

  it('are forgotten: all, a direction, a channel, a node', () => {
    const table = line();
    const learned = () => {
      for (const direction of [0, 1] as const)
        table.learn({ kind: 'lowerBound', scid: scid(1), direction, amountMsat: msat(5) }, NOW);
      table.learn({ kind: 'nodeUnusable', nodeId: id(3), lasts: 'a_while', reason: 'x' }, NOW);
    };
    learned();
    expect(table.knowledge.forget({ scid: scid(1), direction: 1 })).toBe(1);
    expect(table.knowledge.forget({ scid: scid(1) })).toBe(1);
    expect(table.knowledge.forget({ nodeId: id(3) })).toBe(1);
    expect(table.knowledge.forget({ nodeId: id(3) })).toBe(0);
    learned();
    expect(table.knowledge.forget()).toBe(3);
    expect(table.knowledge.list(NOW)).toEqual([]);
  });

  it('refuse rows that are not theirs', () => {
    const { knowledge } = line();
    for (const [key, data] of [
      ['101x1x0/0', 'not json'],
      ['101x1x0/0', '{}'],
      ['101x1x0/2', '{"v":1,"at":5}'],
      ['nobody', '{"v":1,"at":5}'],
      ['101x1x0/0', 'null'],
    ] as const)
      expect(knowledge.restore(key, data)).toBe(false);
    expect(knowledge.size).toBe(0);
  });
});

describe('no route', () => {
  it('says why', () => {
    const table = line();
    const why = (over: object) => {
      const found = table.getroute({
        source: id(1),
        destination: id(4),
        amountMsat: msat(300_000),
        riskFactor: 10,
        now: NOW,
        ...over,
      });
      return found.ok ? found : found.error;
    };
    expect(why({ destination: id(9) })).toEqual({ code: 'unknown_destination', nodeId: id(9) });
    expect(why({ source: id(9) })).toEqual({ code: 'unknown_source', nodeId: id(9) });
    expect(why({ destination: id(1) })).toEqual({ code: 'same_node' });
    expect(why({ amountMsat: msat(2_000_000) })).toEqual({
      code: 'destination_capacity',
      nodeId: id(4),
      largestMsat: 1_000_000n,
      amountMsat: 2_000_000n,
    });
    expect(
      why({
        localChannels: [{ scid: scid(1), direction: 0, peer: id(2), spendableMsat: msat(200_000) }],
      }),
    ).toEqual({
      code: 'source_capacity',
      nodeId: id(1),
      largestMsat: 200_000n,
      amountMsat: 300_000n,
    });
    expect(why({ exclude: [{ nodeId: id(2) }] })).toEqual({ code: 'excluded_by_request' });
    expect(why({ exclude: [{ channel: { scid: scid(1) } }] })).toEqual({
      code: 'excluded_by_request',
    });
    expect(why({ maxHops: 2 })).toEqual({ code: 'limits', maxHops: 2, maxDelay: 2016 });
    table.learn(
      { kind: 'upperBound', scid: scid(1), direction: 0, amountMsat: msat(300_000) },
      NOW,
    );
    expect(why({})).toMatchObject({
      code: 'excluded_by_constraints',
      constraints: [{ maximumMsat: 299_999n }],
    });
    table.removeChannel(table.graph.channel(scid(1)));
    expect(why({ source: id(2), destination: id(1) })).toMatchObject({
      code: 'unknown_destination',
    });
  });

  it('takes hints of an invoice and what was learned of them', () => {
    const table = line();
    const hint = {
      scid: scid(77),
      direction: 1 as Direction,
      source: id(4),
      target: id(8),
      feeBaseMsat: 1000,
      feeProportionalMillionths: 0,
      cltvDelta: 10,
    };
    const request = {
      source: id(1),
      destination: id(8),
      amountMsat: msat(300_000),
      riskFactor: 10,
      hints: [hint],
      now: NOW,
    };
    const found = table.getroute(request);
    expect(found.ok && found.value.hops.at(-1)).toEqual({
      id: id(8),
      channel: scid(77),
      direction: 1,
      amountMsat: 300_000n,
      delay: 9,
    });
    expect(found.ok && found.value.hops.at(-2)?.amountMsat).toBe(301_000n);
    const at = { scid: hint.scid, direction: hint.direction };
    table.learn({ kind: 'upperBound', ...at, amountMsat: msat(300_000) }, NOW);
    const none = table.getroute(request);
    expect(none.ok ? none : none.error.code).toBe('excluded_by_constraints');
  });

  it('takes no hint for a channel of the source, which it knows better', () => {
    const local = { scid: scid(5), direction: 0 as const, peer: id(2) };
    const found = line().getroute({
      source: id(1),
      destination: id(2),
      amountMsat: msat(300_000),
      riskFactor: 10,
      localChannels: [{ ...local, spendableMsat: msat(200_000) }],
      hints: [
        {
          scid: scid(6),
          direction: 0,
          source: id(1),
          target: id(2),
          feeBaseMsat: 1,
          feeProportionalMillionths: 10,
          cltvDelta: 6,
        },
      ],
      now: NOW,
    });
    expect(found.ok ? found.value : found.error).toMatchObject({
      code: 'source_capacity',
      largestMsat: 200_000n,
    });
  });
});
