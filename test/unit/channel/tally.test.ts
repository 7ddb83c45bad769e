import { describe, expect, it } from 'vitest';
import { msat, utf8 } from '../../../src/core/bytes/index.js';
import { channelView, decodeChannel, encodeChannel } from '../../../src/core/channel/index.js';
import { Pair, type Party } from './harness.js';

const tallyOf = (party: Party) => channelView(party.state).tally;
const none = { offered: 0, offeredMsat: 0n, fulfilled: 0, fulfilledMsat: 0n };

describe('what has gone through a channel', () => {
  const begun = () => new Pair({ push: msat(300_000_000) }).open();

  it('a new one: nothing, and what each side began with', () => {
    const pair = begun();
    const began = { least: 700_000_000n, most: 700_000_000n };
    expect(tallyOf(pair.alice)).toEqual({ ...began, in: none, out: none });
  });

  it('HTLCs count where they end: the balance with preimages alone', () => {
    const pair = begun();
    pair.add(pair.alice, 5_000_000n);
    pair.add(pair.alice, 7_000_000n);
    pair.add(pair.bob, 20_000_000n);
    pair.settle();
    expect(tallyOf(pair.alice)?.least).toBe(700_000_000n);
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    pair.decide(pair.bob, 1n, { kind: 'fail', reason: utf8('no') });
    pair.settle();
    pair.decide(pair.alice, 0n, { kind: 'fulfill' });
    pair.settle();
    const out = { offered: 2, offeredMsat: 12_000_000n, fulfilled: 1, fulfilledMsat: 5_000_000n };
    const back = { offered: 1, offeredMsat: 20_000_000n, fulfilled: 1, fulfilledMsat: 20_000_000n };
    expect(tallyOf(pair.alice)).toEqual({
      ...{ least: 695_000_000n, most: 715_000_000n },
      ...{ in: back, out },
    });
    expect(tallyOf(pair.bob)).toEqual({
      ...{ least: 285_000_000n, most: 305_000_000n },
      ...{ in: out, out: back },
    });
  });

  it('an HTLC that no commitment had before the connection broke counts once', () => {
    const pair = begun();
    pair.add(pair.alice, 5_000_000n);
    pair.disconnect();
    expect(tallyOf(pair.alice)?.out).toEqual(none);
    pair.reconnect().settle();
    pair.add(pair.alice, 5_000_000n);
    pair.sign(pair.alice);
    pair.crash(pair.alice).reconnect().settle();
    expect(tallyOf(pair.alice)?.out.offered).toBe(1);
    expect(tallyOf(pair.bob)?.in.offered).toBe(1);
  });

  it('costs the state some 40 bytes', () => {
    const pair = begun();
    for (let i = 0; i < 20; i++) pair.add(pair.alice, 5_000_000n);
    pair.settle();
    for (let i = 0n; i < 20n; i++) pair.decide(pair.bob, i, { kind: 'fulfill' });
    pair.settle();
    const { tally, ...commitments } = pair.alice.live.commitments;
    const without = encodeChannel({ ...pair.alice.live, commitments });
    expect(encodeChannel(pair.alice.live).length - without.length).toBeLessThanOrEqual(40);
    const decoded = decodeChannel(without);
    expect(decoded.ok && channelView(decoded.value).tally).toBe(undefined);
    expect(tally?.out.fulfilled).toBe(20);
  });
});

describe('who closes a channel', () => {
  const shutdown = { kind: 'shutdown', ref: 1000 } as const;

  it('is who asked first, whatever the other answers', () => {
    const pair = new Pair().open();
    pair.command(pair.bob, shutdown);
    pair.settle();
    pair.command(pair.alice, { ...shutdown, ref: 1001 });
    expect(channelView(pair.alice.state).closer).toBe('remote');
    expect(channelView(pair.bob.state).closer).toBe('local');
  });

  it('alone is who failed it', () => {
    const pair = new Pair().open();
    expect(channelView(pair.alice.state).closer).toBe(undefined);
    pair.command(pair.alice, { kind: 'forceClose', ref: 1, reason: 'test' });
    pair.settle();
    expect(channelView(pair.alice.state).closer).toBe('local');
    expect(channelView(pair.bob.state).closer).toBe('remote');
  });
});
