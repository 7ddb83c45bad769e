import { describe, expect, it } from 'vitest';
import { scidToString } from '../../../src/core/bytes/index.js';
import { encodeMessage, featureBits } from '../../../src/core/wire/index.js';
import {
  CHAIN,
  HEIGHT,
  link,
  NOW,
  nodeAnnouncement,
  party,
  TestGossip,
  update,
} from '../../support/gossip.js';

const [alice, bob, peer, other] = [party('alice'), party('bob'), party('peer'), party('other')];
const AB = link(1, alice, bob);
const kinds = (effects: readonly { readonly kind: string }[]) => effects.map((e) => e.kind);
const sentToAll = (gossip: TestGossip) =>
  gossip.take().flatMap((effect) => (effect.kind === 'sendToAll' ? [effect.message.kind] : []));
const DONE = { kind: 'done', ref: 1 };

const corrupt = (signature: Uint8Array): Uint8Array => {
  const bad = signature.slice();
  bad[5] = (bad[5] as number) ^ 1;
  return bad;
};

describe('receive channel_announcement', () => {
  it('with good signatures over a funding output that fits: into the graph and the store', () => {
    const gossip = new TestGossip([AB]);
    const effects = gossip.receive(peer, AB.announcement);
    expect(effects).toEqual([
      DONE,
      {
        kind: 'put',
        key: `c:${scidToString(AB.scid)}`,
        timestamp: 0,
        amountSat: 1_000_000,
        fundingTxid: AB.txid,
        message: encodeMessage(AB.announcement),
      },
    ]);
    expect(gossip.checks).toBe(4);
    expect(gossip.table.graph.capacity[gossip.table.graph.channel(AB.scid)]).toBe(1e9);
  });

  it('a second time, or while the first is being checked: ignored without a check', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement);
    expect(gossip.receive(other, AB.announcement)).toEqual([DONE]);
    expect(gossip.checks).toBe(4);
  });

  it.each(['nodeSignature1', 'nodeSignature2', 'bitcoinSignature1', 'bitcoinSignature2'] as const)(
    'with a wrong %s: a warning',
    (field) => {
      const gossip = new TestGossip([AB]);
      const { raw: _, ...bare } = AB.announcement;
      const effects = gossip.receive(peer, { ...bare, [field]: corrupt(bare[field]) });
      expect(kinds(effects)).toEqual(['done', 'warn']);
      expect(gossip.table.graph.channelCount).toBe(0);
    },
  );

  it('of another chain: ignored', () => {
    const gossip = new TestGossip([AB]);
    const { raw: _, ...bare } = AB.announcement;
    expect(gossip.receive(peer, { ...bare, chainHash: new Uint8Array(32) })).toEqual([DONE]);
  });

  it('with its node ids not in order: a warning', () => {
    const gossip = new TestGossip([AB]);
    const { raw: _, ...bare } = AB.announcement;
    const swapped = { ...bare, nodeId1: bare.nodeId2, nodeId2: bare.nodeId1 };
    expect(kinds(gossip.receive(peer, swapped))).toEqual(['done', 'warn']);
  });

  it('whose output is spent, absent, or pays others: ignored, and not asked for again in this block', () => {
    const gossip = new TestGossip([]);
    expect(gossip.receive(peer, AB.announcement)).toEqual([DONE]);
    gossip.receive(peer, AB.announcement);
    expect(gossip.checks).toBe(4);
    const wrong = new TestGossip([{ ...AB, script: link(2, alice, bob).script }]);
    expect(wrong.receive(peer, AB.announcement)).toEqual([DONE]);
    expect(wrong.table.graph.channelCount).toBe(0);
  });

  it('below six confirmations: waits for the blocks, with the updates that come for it', () => {
    const gossip = new TestGossip([AB]);
    gossip.height = 503;
    expect(gossip.receive(peer, AB.announcement, update(AB, 0))).toEqual([DONE, DONE]);
    gossip.height = 505;
    gossip.step({ kind: 'block', height: 505, spends: [] });
    expect(gossip.table.graph.channelCount).toBe(0);
    gossip.height = 506;
    gossip.step({ kind: 'block', height: 506, spends: [] });
    expect(kinds(gossip.take())).toEqual(['put', 'put']);
    expect(gossip.table.graph.policy(0)?.feeBaseMsat).toBe(1000);
  });

  it('far beyond our tip: ignored', () => {
    const gossip = new TestGossip([AB]);
    gossip.height = 300;
    expect(gossip.receive(peer, AB.announcement)).toEqual([DONE]);
    expect(gossip.machine.pendingCount).toBe(0);
  });

  it('with an unknown even feature bit: kept, but no route goes through it', () => {
    const odd = link(3, alice, bob, [100]);
    const gossip = new TestGossip([odd]);
    gossip.receive(peer, odd.announcement, update(odd, 0), update(odd, 1));
    const found = gossip.table.getroute({
      source: alice.hex,
      destination: bob.hex,
      amountMsat: 1000n as never,
      riskFactor: 1,
      now: NOW,
    });
    expect(found.ok).toBe(false);
    expect(gossip.stored.size).toBe(3);
  });
});

describe('receive channel_update', () => {
  const ready = (): TestGossip => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement);
    return gossip;
  };

  it('for a known channel, signed by its node: into the graph and the store, raw', () => {
    const gossip = ready();
    const message = update(AB, 1, { channelFlags: 3, feeProportionalMillionths: 77 });
    expect(gossip.receive(peer, message)).toEqual([
      DONE,
      {
        kind: 'put',
        key: `u:${scidToString(AB.scid)}/1`,
        timestamp: NOW - 100,
        amountSat: 0,
        fundingTxid: undefined,
        message: encodeMessage(message),
      },
    ]);
    const policy = gossip.table.graph.policy(gossip.table.graph.edge(AB.scid, 1));
    expect(policy).toMatchObject({ enabled: false, feeProportionalMillionths: 77 });
  });

  it('signed by the other node: a warning and the end of the connection', () => {
    const gossip = ready();
    const wrong = update({ ...AB, nodes: [bob, bob] }, AB.nodes[0] === bob ? 1 : 0);
    const effects = gossip.receive(peer, { ...wrong, raw: encodeMessage(wrong) });
    expect(effects).toMatchObject([DONE, { kind: 'warn', close: true }]);
  });

  it('not newer, from the future, or stale: ignored', () => {
    const gossip = ready();
    gossip.receive(peer, update(AB, 0, { timestamp: NOW - 50 }));
    const { checks } = gossip;
    for (const timestamp of [NOW - 50, NOW - 51, NOW + 100_000])
      expect(gossip.receive(peer, update(AB, 0, { timestamp }))).toEqual([DONE]);
    expect(gossip.receive(peer, update(AB, 1, { timestamp: NOW - 1_300_000 }))).toEqual([DONE]);
    expect(gossip.checks).toBe(checks);
  });

  it('before its announcement: taken once that is accepted, the newest of several', () => {
    const gossip = new TestGossip([AB]);
    gossip.height = 503;
    gossip.receive(peer, AB.announcement);
    gossip.receive(peer, update(AB, 0, { timestamp: NOW - 60, feeBaseMsat: 60 }));
    gossip.receive(peer, update(AB, 0, { timestamp: NOW - 70, feeBaseMsat: 70 }));
    gossip.height = HEIGHT;
    gossip.step({ kind: 'block', height: HEIGHT, spends: [] });
    expect(gossip.table.graph.policy(0)?.feeBaseMsat).toBe(60);
  });

  it('marked dont_forward: not for the graph', () => {
    const gossip = ready();
    expect(gossip.receive(peer, update(AB, 0, { messageFlags: 3 }))).toEqual([DONE]);
  });

  it('too often in one direction: ignored until time has passed', () => {
    const gossip = ready();
    const taken = () => gossip.table.graph.policy(0)?.timestamp;
    for (let i = 0; i < 15; i++) gossip.receive(peer, update(AB, 0, { timestamp: NOW - 100 + i }));
    expect(taken()).toBe(NOW - 91);
    gossip.now += 3600;
    gossip.receive(peer, update(AB, 0, { timestamp: NOW + 3600 }));
    expect(taken()).toBe(NOW + 3600);
  });
});

describe('receive node_announcement', () => {
  it('of a node without a channel: ignored; with one: stored', () => {
    const gossip = new TestGossip([AB]);
    expect(gossip.receive(peer, nodeAnnouncement(alice))).toEqual([DONE]);
    gossip.receive(peer, AB.announcement);
    expect(kinds(gossip.receive(peer, nodeAnnouncement(alice)))).toEqual(['done', 'put']);
    expect(gossip.receive(peer, nodeAnnouncement(alice))).toEqual([DONE]);
  });

  it('with a wrong signature: a warning and the end of the connection', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement);
    const { raw: _, ...bare } = nodeAnnouncement(alice);
    const effects = gossip.receive(peer, { ...bare, signature: corrupt(bare.signature) });
    expect(effects).toMatchObject([DONE, { kind: 'warn', close: true }]);
  });

  it('while its channel is being checked: taken with it', () => {
    const gossip = new TestGossip([AB]);
    gossip.height = 503;
    gossip.receive(peer, AB.announcement, nodeAnnouncement(bob));
    gossip.height = HEIGHT;
    gossip.step({ kind: 'block', height: HEIGHT, spends: [] });
    expect(gossip.stored.has(`n:${bob.hex}`)).toBe(true);
  });

  it('with an unknown even feature bit: no route goes through it, until the next says otherwise', () => {
    const carol = party('carol');
    const BC = link(2, bob, carol);
    const gossip = new TestGossip([AB, BC]);
    for (const each of [AB, BC])
      gossip.receive(peer, each.announcement, update(each, 0), update(each, 1));
    const route = () =>
      gossip.table.getroute({
        source: alice.hex,
        destination: carol.hex,
        amountMsat: 100_000n as never,
        riskFactor: 1,
        now: NOW,
      }).ok;
    expect(route()).toBe(true);
    gossip.receive(peer, nodeAnnouncement(bob, { features: featureBits([100]) }));
    expect(route()).toBe(false);
    gossip.receive(peer, nodeAnnouncement(bob, { timestamp: NOW }));
    expect(route()).toBe(true);
  });
});

describe('a channel whose funding output is spent', () => {
  it('is forgotten after 72 blocks, and not before', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(
      peer,
      AB.announcement,
      update(AB, 0),
      nodeAnnouncement(alice),
      nodeAnnouncement(bob),
    );
    gossip.step({ kind: 'block', height: 1001, spends: [{ txid: AB.txid, vout: 1 }] });
    expect(gossip.take()).toEqual([]);
    gossip.step({ kind: 'block', height: 1001, spends: [{ txid: AB.txid, vout: 0 }] });
    expect(gossip.take()).toEqual([{ kind: 'spent', scid: AB.scid, height: 1001 }]);
    gossip.step({ kind: 'block', height: 1072, spends: [] });
    expect(gossip.table.graph.channelCount).toBe(1);
    gossip.step({ kind: 'block', height: 1073, spends: [] });
    expect(gossip.table.graph.channelCount).toBe(0);
    expect(gossip.stored.size).toBe(0);
  });

  it('comes back when a reorg takes the spend away', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement);
    gossip.step({ kind: 'block', height: 1001, spends: [{ txid: AB.txid, vout: 0 }] });
    gossip.take();
    gossip.step({ kind: 'disconnectedBlock', height: 1001 });
    expect(gossip.take()).toEqual([{ kind: 'spent', scid: AB.scid, height: 0 }]);
    gossip.step({ kind: 'block', height: 1100, spends: [] });
    expect(gossip.table.graph.channelCount).toBe(1);
  });

  it('takes no update but one that disables', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement);
    gossip.step({ kind: 'block', height: 1001, spends: [{ txid: AB.txid, vout: 0 }] });
    gossip.take();
    expect(gossip.receive(peer, update(AB, 0))).toEqual([DONE]);
    expect(kinds(gossip.receive(peer, update(AB, 0, { channelFlags: 2 })))).toEqual([
      'done',
      'put',
    ]);
  });
});

describe('pruning', () => {
  it('forgets a channel of which one side fell silent for two weeks', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement, update(AB, 0), update(AB, 1));
    gossip.now = NOW + 1_209_000;
    gossip.step({ kind: 'tick' });
    gossip.receive(peer, update(AB, 0, { timestamp: NOW + 1_209_000 }));
    expect(gossip.table.graph.channelCount).toBe(1);
    gossip.now = NOW + 1_213_000;
    gossip.step({ kind: 'tick' });
    expect(gossip.table.graph.channelCount).toBe(0);
    expect(gossip.stored.size).toBe(0);
  });
});

describe('relay', () => {
  it('waits for the flush, goes by the filter, and not back to who told us', () => {
    const gossip = new TestGossip([AB]);
    for (const each of [peer, other])
      gossip.step({ kind: 'connected', peer: each.hex, features: new Uint8Array(0) });
    for (const each of [peer, other])
      gossip.receive(each, {
        kind: 'gossipTimestampFilter',
        chainHash: CHAIN,
        firstTimestamp: NOW - 1000,
        timestampRange: 0xffffffff,
      });
    gossip.step({ kind: 'tick' });
    gossip.receive(peer, AB.announcement, update(AB, 0), update(AB, 1, { timestamp: NOW - 2000 }));
    gossip.step({ kind: 'tick' });
    expect(gossip.take()).toEqual([]);
    gossip.now += 60;
    gossip.step({ kind: 'tick' });
    const scid = scidToString(AB.scid);
    expect(gossip.take()).toEqual([
      { kind: 'sendStored', peer: other.hex, keys: [`c:${scid}`, `u:${scid}/0`] },
    ]);
    gossip.now += 60;
    gossip.step({ kind: 'tick' });
    expect(gossip.take()).toEqual([]);
  });

  it('of our own: at once, to all', () => {
    const gossip = new TestGossip([AB]);
    gossip.step({ kind: 'own', message: AB.announcement });
    gossip.step({ kind: 'own', message: update(AB, 0) });
    expect(kinds(gossip.take())).toEqual(['put', 'sendToAll', 'put', 'sendToAll']);
    expect(gossip.checks).toBe(0);
  });

  it('of our own: though the other end told of the channel first', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement, update(AB, 1));
    gossip.take();
    gossip.step({ kind: 'own', message: AB.announcement });
    gossip.step({ kind: 'own', message: update(AB, 0) });
    expect(sentToAll(gossip)).toEqual(['channelAnnouncement', 'channelUpdate']);
  });

  it('of our own: though the other end told of the channel first, and that is being checked', () => {
    const gossip = new TestGossip([AB]);
    gossip.slow = true;
    gossip.receive(peer, AB.announcement, update(AB, 0, { timestamp: NOW }));
    gossip.step({ kind: 'own', message: AB.announcement });
    gossip.step({ kind: 'own', message: update(AB, 0) });
    gossip.check();
    expect(sentToAll(gossip)).toEqual(['channelAnnouncement', 'channelUpdate']);
  });

  it('of our own: though others told lies of the channel first', () => {
    const gossip = new TestGossip([AB]);
    gossip.slow = true;
    const { raw: _, ...bare } = AB.announcement;
    for (const [i, who] of [peer, other, alice].entries())
      gossip.receive(who, { ...bare, nodeSignature1: new Uint8Array(64).fill(i + 1) });
    gossip.step({ kind: 'own', message: AB.announcement });
    gossip.step({ kind: 'own', message: update(AB, 0) });
    gossip.check();
    expect(sentToAll(gossip)).toEqual(['channelAnnouncement', 'channelUpdate']);
  });

  it('of our own: once more with the flush, for who did not know the channel', () => {
    const gossip = new TestGossip([AB]);
    gossip.step({ kind: 'connected', peer: other.hex, features: new Uint8Array(0) });
    gossip.receive(other, {
      kind: 'gossipTimestampFilter',
      chainHash: CHAIN,
      firstTimestamp: NOW - 1000,
      timestampRange: 0xffffffff,
    });
    gossip.step({ kind: 'tick' });
    gossip.step({ kind: 'own', message: AB.announcement });
    gossip.step({ kind: 'own', message: update(AB, 0) });
    gossip.take();
    gossip.now += 60;
    gossip.step({ kind: 'tick' });
    const scid = scidToString(AB.scid);
    expect(gossip.take()).toEqual([
      { kind: 'sendStored', peer: other.hex, keys: [`c:${scid}`, `u:${scid}/0`] },
    ]);
  });

  it('of what is stored: to who asks for its time, channels before their updates', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement, update(AB, 0), nodeAnnouncement(alice));
    gossip.step({ kind: 'connected', peer: other.hex, features: new Uint8Array(0) });
    gossip.take();
    const ask = (firstTimestamp: number) =>
      gossip.receive(other, {
        kind: 'gossipTimestampFilter',
        chainHash: CHAIN,
        firstTimestamp,
        timestampRange: 1000,
      });
    const scid = scidToString(AB.scid);
    expect(ask(NOW - 100)).toEqual([
      {
        kind: 'sendStored',
        peer: other.hex,
        keys: [`c:${scid}`, `u:${scid}/0`, `n:${alice.hex}`],
        serves: 'backlog',
      },
      DONE,
    ]);
    expect(ask(NOW - 99)).toEqual([DONE]);
  });
});
