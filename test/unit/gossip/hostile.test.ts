import { describe, expect, it } from 'vitest';
import type { GossipEffect } from '../../../src/core/gossip/index.js';
import type { MessageOf } from '../../../src/core/wire/index.js';
import {
  CHAIN,
  END,
  link,
  NOW,
  nodeAnnouncement,
  party,
  QUERIES,
  rangeOf,
  TestGossip,
  update,
} from '../../support/gossip.js';

const [alice, bob, mallory] = [party('alice'), party('bob'), party('mallory')];
const [liar, peer, third] = [party('liar'), party('peer'), party('third')];
const AB = link(1, alice, bob);
/** The same place of the chain, by keys that do not own the output. */
const FALSE_AB = link(1, alice, mallory, [], 'mallory');

const forged = (m: MessageOf<'channelAnnouncement'>): MessageOf<'channelAnnouncement'> => {
  const { raw: _, ...bare } = m;
  const bitcoinSignature2 = bare.bitcoinSignature2.slice();
  bitcoinSignature2[7] = (bitcoinSignature2[7] as number) ^ 1;
  return { ...bare, bitcoinSignature2 };
};
const warned = (effects: readonly GossipEffect[]): string[] =>
  effects.flatMap((e) => (e.kind === 'warn' ? [`${e.peer.slice(0, 6)} ${e.close}`] : []));
const close = (of: { hex: string }): string => `${of.hex.slice(0, 6)} true`;

describe('a peer that forges a channel_announcement', () => {
  it('is sent away, and keeps out nobody who tells of the channel meanwhile', () => {
    const gossip = new TestGossip([AB]);
    gossip.slow = true;
    gossip.receive(liar, forged(AB.announcement));
    gossip.receive(peer, AB.announcement, update(AB, 0));
    gossip.check();
    expect(warned(gossip.take())).toEqual([close(liar)]);
    const { graph } = gossip.table;
    expect(graph.channelCount).toBe(1);
    expect(graph.policy(0)).toBeDefined();
  });

  it('of another one is sent away too: each is tried until one is true', () => {
    const gossip = new TestGossip([AB]);
    gossip.slow = true;
    gossip.receive(liar, forged(AB.announcement));
    gossip.receive(third, forged(FALSE_AB.announcement));
    gossip.receive(peer, AB.announcement);
    gossip.check();
    expect(warned(gossip.take())).toEqual([close(liar), close(third)]);
    expect(gossip.table.graph.channelCount).toBe(1);
  });

  it('signed by keys that do not own the output: it is ignored, and the true one is taken', () => {
    const gossip = new TestGossip([AB]);
    expect(warned(gossip.receive(liar, FALSE_AB.announcement))).toEqual([]);
    expect(gossip.table.graph.channelCount).toBe(0);
    const { checks } = gossip;
    gossip.receive(liar, FALSE_AB.announcement);
    expect(gossip.checks).toBe(checks);
    gossip.receive(peer, AB.announcement);
    expect(gossip.table.graph.node(bob.id)).toBeGreaterThanOrEqual(0);
  });

  it('for the time when its block is deep enough: the true one waits beside it', () => {
    const gossip = new TestGossip([AB]);
    gossip.height = 503;
    gossip.receive(liar, forged(AB.announcement));
    gossip.receive(peer, AB.announcement);
    gossip.height = 520;
    gossip.step({ kind: 'block', height: 520, spends: [] });
    expect(warned(gossip.take())).toEqual([close(liar)]);
    expect(gossip.table.graph.channelCount).toBe(1);
  });
});

describe('two peers that say the same', () => {
  it('cost one check of each signature', () => {
    const gossip = new TestGossip([AB]);
    const all = [AB.announcement, update(AB, 0), update(AB, 1), nodeAnnouncement(alice)];
    gossip.slow = true;
    gossip.receive(peer, all[0] as never);
    gossip.receive(third, all[0] as never);
    gossip.check();
    gossip.slow = true;
    for (const who of [peer, third]) gossip.receive(who, ...(all.slice(1) as never[]));
    gossip.check();
    expect(gossip.checks).toBe(4 + 2 + 1);
    expect(warned(gossip.take())).toEqual([]);
  });
});

describe('a flood of channel_updates', () => {
  it('of one direction is cut off, and leaves the other direction alone', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement);
    const { checks } = gossip;
    for (let i = 0; i < 200; i++) gossip.receive(peer, update(AB, 0, { timestamp: NOW - 300 + i }));
    expect(gossip.checks - checks).toBe(10);
    gossip.receive(third, update(AB, 1));
    expect(gossip.table.graph.policy(1)).toBeDefined();
  });

  it('with wrong signatures takes nothing from what the node itself may send', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement);
    for (let i = 0; i < 50; i++) {
      const { raw: _, ...bare } = update(AB, 0, { timestamp: NOW - 300 + i });
      const bad = { ...bare, signature: bare.signature.slice().fill(1, 0, 4) };
      expect(warned(gossip.receive(liar, bad))).toEqual([close(liar)]);
    }
    gossip.receive(peer, update(AB, 0));
    expect(gossip.table.graph.timestamp[0]).toBe(NOW - 100);
  });

  it('and announcements of another chain: ignored without a check', () => {
    const gossip = new TestGossip([AB]);
    gossip.receive(peer, AB.announcement);
    const { checks } = gossip;
    const chainHash = new Uint8Array(32).fill(9);
    const other = { ...AB.announcement, chainHash };
    expect(gossip.receive(peer, other, update(AB, 0, { chainHash }))).toEqual([
      { kind: 'done', ref: 1 },
      { kind: 'done', ref: 1 },
    ]);
    expect(gossip.checks).toBe(checks);
  });
});

describe('a peer that is asked for channels', () => {
  const LINKS = [1, 2, 3, 4].map((n) => link(n, alice, party(`node ${n}`)));
  const reply = rangeOf(LINKS);
  const asked = (effects: readonly GossipEffect[]): [string, number][] =>
    effects.flatMap((e) =>
      e.kind === 'send' && e.message.kind === 'queryShortChannelIds'
        ? [[e.peer, e.message.encodedShortIds.length] as [string, number]]
        : [],
    );

  it('and tells nothing: another that knows them is asked', () => {
    const gossip = new TestGossip(LINKS, { limits: { queryBatch: 4, syncPeers: 2 } });
    for (const who of [liar, peer])
      gossip.step({ kind: 'connected', peer: who.hex, features: QUERIES });
    gossip.take();
    expect(asked(gossip.receive(liar, reply))).toEqual([[liar.hex, 4]]);
    expect(asked(gossip.receive(peer, reply))).toEqual([]);
    expect(asked(gossip.receive(liar, END))).toEqual([[peer.hex, 4]]);
    gossip.receive(peer, ...LINKS.map(({ announcement }) => announcement));
    expect(asked(gossip.receive(peer, END))).toEqual([]);
    expect(gossip.table.graph.channelCount).toBe(4);
    expect(gossip.machine.busy).toBe(false);
  });

  it('and leaves: another that knows them is asked at once', () => {
    const gossip = new TestGossip(LINKS, { limits: { queryBatch: 4, syncPeers: 2 } });
    for (const who of [liar, peer])
      gossip.step({ kind: 'connected', peer: who.hex, features: QUERIES });
    gossip.receive(liar, reply);
    gossip.receive(peer, reply);
    gossip.step({ kind: 'disconnected', peer: liar.hex });
    expect(asked(gossip.take())).toEqual([[peer.hex, 4]]);
  });
});

describe('a peer that asks for all of the past', () => {
  const LINKS = Array.from({ length: 300 }, (_, n) => link(n, alice, bob));
  const ask = (firstTimestamp: number): MessageOf<'gossipTimestampFilter'> => ({
    ...{ kind: 'gossipTimestampFilter', chainHash: CHAIN, firstTimestamp },
    timestampRange: 0xffffffff,
  });
  const keys = (effects: readonly GossipEffect[]): number[] =>
    effects.flatMap((e) => (e.kind === 'sendStored' ? [e.keys.length] : []));

  it('gets it in slices, the next when it has read the last; a new filter begins anew', () => {
    const gossip = new TestGossip(LINKS);
    for (const each of LINKS) gossip.receive(peer, each.announcement, update(each, 0));
    gossip.step({ kind: 'connected', peer: third.hex, features: QUERIES });
    gossip.take();
    const served = () => {
      gossip.step({ kind: 'served', peer: third.hex, what: 'backlog' });
      return keys(gossip.take());
    };
    expect(keys(gossip.receive(third, ask(0)))).toEqual([400]);
    expect(keys(gossip.receive(third, ask(0)))).toEqual([]);
    expect([served(), served(), served()]).toEqual([[400], [200], []]);
    expect(keys(gossip.receive(third, ask(NOW)))).toEqual([]);
    expect(keys(gossip.receive(third, ask(NOW - 100)))).toEqual([400]);
  });
});
