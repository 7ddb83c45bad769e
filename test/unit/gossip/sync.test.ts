import { describe, expect, it } from 'vitest';
import { scidToString, shortChannelId } from '../../../src/core/bytes/index.js';
import { type GossipEffect, updateChecksum } from '../../../src/core/gossip/index.js';
import { decodeMessage, encodeMessage, type MessageOf } from '../../../src/core/wire/index.js';
import {
  CHAIN,
  END,
  type Link,
  link,
  NOW,
  nodeAnnouncement,
  type Party,
  party,
  QUERIES,
  rangeOf,
  TestGossip,
  update,
} from '../../support/gossip.js';

const LINKS = Array.from({ length: 12 }, (_, i) => link(i, party(`n${i}`), party(`n${i + 1}`)));
const scidAt = (i: number) => (LINKS[i] as Link).scid;
const LIMITS = { limits: { queryBatch: 4, syncPeers: 2 } };
const [first, second, third] = [party('first'), party('second'), party('third')];

/** A machine that knows all of LINKS. */
function full(): TestGossip {
  const gossip = new TestGossip(LINKS);
  for (const each of LINKS)
    gossip.receive(first, each.announcement, update(each, 0), update(each, 1));
  gossip.receive(first, nodeAnnouncement(party('n0')), nodeAnnouncement(party('n3')));
  return gossip;
}

/** Carries messages between two machines until both are silent; answers how many went over. */
function converse(asks: TestGossip, knows: TestGossip, me: Party, it: Party): string[] {
  const log: string[] = [];
  const ends = [
    { gossip: asks, to: knows, from: me },
    { gossip: knows, to: asks, from: it },
  ];
  for (let busy = true; busy; ) {
    busy = false;
    for (const { gossip, to, from } of ends)
      for (const effect of gossip.take())
        for (const message of sent(effect, gossip)) {
          busy = true;
          // Live gossip is another matter; here only the queries speak.
          if ((message.kind as string) === 'gossipTimestampFilter') continue;
          log.push(message.kind);
          to.step({ kind: 'message', peer: from.hex, message: message as never });
        }
  }
  return log;
}

function sent(effect: GossipEffect, gossip: TestGossip): MessageOf<'channelUpdate'>[] {
  if (effect.kind === 'send') return [effect.message as never];
  if (effect.kind !== 'sendStored') return [];
  const raw = effect.keys.map((key) => gossip.stored.get(key) as Uint8Array);
  if (effect.last !== undefined) {
    raw.push(encodeMessage(effect.last));
    const what = effect.last.kind === 'replyChannelRange' ? 'range' : 'channels';
    gossip.step({ kind: 'served', peer: effect.peer, what });
  }
  return raw.map((bytes) => {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) throw new Error(decoded.error.code);
    return decoded.value as never;
  });
}

describe('sync', () => {
  it('fetches all that a peer knows, in batches', () => {
    const knows = full();
    const asks = new TestGossip(LINKS, LIMITS);
    knows.step({ kind: 'connected', peer: first.hex, features: QUERIES });
    knows.take();
    asks.step({ kind: 'connected', peer: second.hex, features: QUERIES });
    const log = converse(asks, knows, first, second);
    expect(asks.table.graph.channelCount).toBe(12);
    expect([...asks.stored.keys()].sort()).toEqual([...knows.stored.keys()].sort());
    expect(log.filter((kind) => kind === 'queryShortChannelIds').length).toBe(3);
    expect(log.filter((kind) => kind === 'replyShortChannelIdsEnd').length).toBe(3);
    expect(asks.machine.busy).toBe(false);
  });

  it('of what it knows already asks only what is newer', () => {
    const knows = full();
    const asks = full();
    asks.take();
    const changed = update(LINKS[5] as never, 1, { timestamp: NOW - 5, feeBaseMsat: 9 });
    knows.receive(third, changed);
    // The same content under a newer date is not worth a message.
    knows.receive(third, update(LINKS[6] as never, 0, { timestamp: NOW - 5 }));
    knows.step({ kind: 'connected', peer: first.hex, features: QUERIES });
    knows.take();
    asks.step({ kind: 'connected', peer: second.hex, features: QUERIES });
    const log = converse(asks, knows, first, second);
    expect(log.filter((kind) => kind === 'channelAnnouncement')).toEqual([]);
    expect(log.filter((kind) => kind === 'channelUpdate')).toEqual(['channelUpdate']);
    const e = asks.table.graph.edge(scidAt(5), 1);
    expect(asks.table.graph.policy(e)?.feeBaseMsat).toBe(9);
  });

  it('asks several peers at once, and no channel of two', () => {
    const asks = new TestGossip(LINKS, LIMITS);
    for (const peer of [first, second, third])
      asks.step({ kind: 'connected', peer: peer.hex, features: QUERIES });
    const queries = asks.take().filter((e) => e.kind === 'send');
    expect(queries.map((q) => `${q.peer.slice(0, 6)} ${q.message.kind}`)).toEqual([
      `${first.hex.slice(0, 6)} gossipTimestampFilter`,
      `${first.hex.slice(0, 6)} queryChannelRange`,
      `${second.hex.slice(0, 6)} gossipTimestampFilter`,
      `${second.hex.slice(0, 6)} queryChannelRange`,
      `${third.hex.slice(0, 6)} gossipTimestampFilter`,
    ]);
    const reply = rangeOf(LINKS);
    const asked = [first, second].flatMap((peer) =>
      asks
        .receive(peer, reply)
        .flatMap((e) =>
          e.kind === 'send' && e.message.kind === 'queryShortChannelIds'
            ? e.message.encodedShortIds
            : [],
        ),
    );
    expect(asked.length).toBe(8);
    expect(new Set(asked).size).toBe(8);
    // A peer that leaves gives its channels back to the others.
    asks.step({ kind: 'disconnected', peer: first.hex });
    asks.take();
    const next = asks.receive(second, END);
    expect(next.some((e) => e.kind === 'send')).toBe(true);
  });

  it('asks nothing of a peer without gossip_queries', () => {
    const asks = new TestGossip(LINKS);
    asks.step({ kind: 'connected', peer: first.hex, features: new Uint8Array(0) });
    expect(asks.take()).toMatchObject([
      {
        kind: 'send',
        message: { kind: 'gossipTimestampFilter', firstTimestamp: 0xffffffff, timestampRange: 0 },
      },
    ]);
  });

  it('warns a peer that answers what was not asked, or without end', () => {
    const asks = new TestGossip(LINKS, LIMITS);
    expect(asks.receive(first, END)).toMatchObject([{ kind: 'warn' }, { kind: 'done' }]);
    asks.step({ kind: 'connected', peer: first.hex, features: QUERIES });
    asks.take();
    const reply = (firstBlocknum: number): MessageOf<'replyChannelRange'> =>
      rangeOf([], { firstBlocknum, numberOfBlocks: 100, syncComplete: 0 });
    expect(asks.receive(first, reply(500))).toMatchObject([{ kind: 'done' }]);
    expect(asks.receive(first, reply(100))[0]).toMatchObject({ kind: 'warn' });
  });

  it('asks for a channel when an update of it comes, at the next flush', () => {
    const asks = new TestGossip(LINKS, LIMITS);
    asks.step({ kind: 'connected', peer: first.hex, features: QUERIES });
    asks.receive(first, rangeOf([]));
    asks.step({ kind: 'tick' });
    asks.receive(second, update(LINKS[4] as never, 0));
    asks.now += 60;
    asks.step({ kind: 'tick' });
    expect(asks.take()).toMatchObject([
      { kind: 'send', message: { encodedShortIds: [scidAt(4)] } },
    ]);
  });
});

/** All replies to a range query, each asked for when the one before has gone out. */
function repliesOf(
  knows: TestGossip,
  query: MessageOf<'queryChannelRange'>,
): MessageOf<'replyChannelRange'>[] {
  const replies: MessageOf<'replyChannelRange'>[] = [];
  knows.step({ kind: 'connected', peer: first.hex, features: new Uint8Array(0) });
  knows.take();
  let effects = knows.receive(first, query);
  for (let busy = true; busy; ) {
    busy = false;
    for (const effect of effects)
      if (effect.kind === 'sendStored' && effect.last?.kind === 'replyChannelRange') {
        replies.push(effect.last);
        busy = true;
      }
    if (!busy) break;
    knows.step({ kind: 'served', peer: first.hex, what: 'range' });
    effects = knows.take();
  }
  return replies;
}

describe('receive query_channel_range', () => {
  const ask = (firstBlocknum: number, numberOfBlocks: number, queryOption?: bigint) => {
    return repliesOf(full(), {
      kind: 'queryChannelRange',
      chainHash: CHAIN,
      firstBlocknum,
      numberOfBlocks,
      tlvs: queryOption === undefined ? {} : { queryOption },
    });
  };

  it('answers the channels of the range, with timestamps and checksums where asked', () => {
    const [reply] = ask(503, 2, 3n);
    expect(reply?.encodedShortIds.map(scidToString)).toEqual(['503x1x0', '504x1x0']);
    expect(reply).toMatchObject({ firstBlocknum: 503, numberOfBlocks: 2, syncComplete: 1 });
    expect(reply?.tlvs.timestamps?.[0]).toEqual({
      timestampNodeId1: NOW - 100,
      timestampNodeId2: NOW - 100,
    });
    const raw = encodeMessage(update(LINKS[3] as never, 1));
    expect(reply?.tlvs.checksums?.[0]?.checksumNodeId2).toBe(updateChecksum(raw));
    expect(ask(503, 2)[0]?.tlvs).toEqual({});
  });

  it('answers an empty range with one empty reply', () => {
    expect(ask(10, 5)).toMatchObject([
      { firstBlocknum: 10, numberOfBlocks: 5, syncComplete: 1, encodedShortIds: [] },
    ]);
  });

  it('splits what does not fit into one message, covering the range in order', () => {
    const knows = new TestGossip([]);
    const { graph } = knows.table;
    for (let i = 0; i < 20_000; i++) {
      const c = graph.addChannel({
        scid: shortChannelId(100 + (i >> 4), i & 15, 0),
        node1: first.id,
        node2: second.id,
        capacityMsat: 1000,
      });
      graph.setPolicy(2 * c, {
        enabled: true,
        cltvDelta: 1,
        htlcMinimumMsat: 0,
        htlcMaximumMsat: 1,
        feeBaseMsat: 0,
        feeProportionalMillionths: 0,
        timestamp: NOW,
      });
    }
    const replies = repliesOf(knows, {
      kind: 'queryChannelRange',
      chainHash: CHAIN,
      firstBlocknum: 0,
      numberOfBlocks: 0xffffffff,
      tlvs: { queryOption: 3n },
    });
    expect(replies.length).toBe(8);
    expect(replies.flatMap((r) => r.encodedShortIds).length).toBe(20_000);
    let next = 0;
    replies.forEach((reply, i) => {
      expect(encodeMessage(reply).length).toBeLessThanOrEqual(65_535);
      expect(reply.firstBlocknum).toBeGreaterThanOrEqual(i === 0 ? 0 : next - 1);
      expect(reply.syncComplete).toBe(i === replies.length - 1 ? 1 : 0);
      next = reply.firstBlocknum + reply.numberOfBlocks;
      const blocks = reply.encodedShortIds.map((scid) => Number(scid >> 40n));
      expect(blocks.every((block) => block >= reply.firstBlocknum && block < next)).toBe(true);
    });
    expect(next).toBe(0xffffffff);
  });
});

describe('receive query_short_channel_ids', () => {
  const ask = (queryFlags?: readonly bigint[]) => {
    const knows = full();
    knows.step({ kind: 'connected', peer: third.hex, features: QUERIES });
    knows.take();
    const scids = [0, 2, 3].map(scidAt);
    const [effect] = knows.receive(third, {
      kind: 'queryShortChannelIds',
      chainHash: CHAIN,
      encodedShortIds: scids,
      tlvs: queryFlags === undefined ? {} : { queryFlags },
    });
    return effect;
  };

  it('answers announcement, updates, then each node once, then the end', () => {
    const effect = ask();
    expect(effect).toMatchObject({
      kind: 'sendStored',
      last: { kind: 'replyShortChannelIdsEnd', fullInformation: 1 },
    });
    expect(effect?.kind === 'sendStored' && effect.keys).toEqual([
      'c:500x1x0',
      'u:500x1x0/0',
      'u:500x1x0/1',
      'c:502x1x0',
      'u:502x1x0/0',
      'u:502x1x0/1',
      'c:503x1x0',
      'u:503x1x0/0',
      'u:503x1x0/1',
      `n:${party('n0').hex}`,
      `n:${party('n3').hex}`,
    ]);
  });

  it('answers what the flags ask for', () => {
    const effect = ask([1n, 4n, 0n]);
    expect(effect?.kind === 'sendStored' && effect.keys).toEqual(['c:500x1x0', 'u:502x1x0/1']);
  });

  it('with flags that are not one for each channel: a warning', () => {
    expect(ask([1n])).toMatchObject({ kind: 'warn' });
  });

  it('again and again without waiting: the end of the connection', () => {
    const knows = full();
    knows.step({ kind: 'connected', peer: third.hex, features: QUERIES });
    knows.take();
    const query: MessageOf<'queryShortChannelIds'> = {
      kind: 'queryShortChannelIds',
      chainHash: CHAIN,
      encodedShortIds: [],
      tlvs: {},
    };
    const effects = knows.receive(third, query, query, query, query, query, query);
    expect(effects.filter((e) => e.kind === 'warn')).toMatchObject([{ close: true }]);
  });

  it('of another chain: no information', () => {
    const knows = full();
    knows.step({ kind: 'connected', peer: third.hex, features: QUERIES });
    knows.take();
    const [effect] = knows.receive(third, {
      kind: 'queryShortChannelIds',
      chainHash: new Uint8Array(32),
      encodedShortIds: [scidAt(0)],
      tlvs: {},
    });
    expect(effect).toMatchObject({ keys: [], last: { fullInformation: 0 } });
  });
});
