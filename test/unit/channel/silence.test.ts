import { describe, expect, it } from 'vitest';
import { channelStatus, owedByPeer } from '../../../src/core/channel/index.js';
import { messagesIn, Pair, type Party } from './harness.js';

/** A minute has passed since the peer began to owe what it owes now. */
function minutePasses(pair: Pair, party: Party) {
  const owed = owedByPeer(party.state);
  if (owed === undefined) throw new Error('nothing is owed');
  return pair.input(party, { kind: 'peerSilent', owed });
}

describe('a peer that does not answer', () => {
  it('owes nothing while nothing is under way', () => {
    const pair = new Pair().open();
    expect(owedByPeer(pair.alice.state)).toBeUndefined();
    expect(owedByPeer(pair.disconnect().alice.state)).toBeUndefined();
  });

  it('owes channel_reestablish, revoke_and_ack, and the commitment_signed after it', () => {
    const pair = new Pair().open().disconnect().reconnect();
    expect(owedByPeer(pair.alice.state)).toBe('channel_reestablish');
    pair.settle();
    pair.add(pair.alice, 50_000_000n);
    expect(owedByPeer(pair.alice.state)).toBeUndefined();
    pair.sign(pair.alice);
    expect(owedByPeer(pair.alice.state)).toBe('revoke_and_ack for commitment 0');
    while (pair.deliver(pair.bob));
    pair.deliver(pair.alice);
    expect(owedByPeer(pair.alice.state)).toBe('commitment_signed for commitment 1');
    pair.settle();
    expect(owedByPeer(pair.alice.state)).toBeUndefined();
    expect(owedByPeer(pair.bob.state)).toBeUndefined();
  });

  it('is warned and sent away; what was agreed on stays', () => {
    const pair = new Pair().open();
    pair.add(pair.alice, 50_000_000n);
    pair.sign(pair.alice);
    const { commitments } = pair.alice.live;
    const effects = minutePasses(pair, pair.alice);
    const reason = 'no revoke_and_ack for commitment 0 for 60 seconds';
    expect(messagesIn(effects).map((m) => m.kind)).toEqual(['warning']);
    expect(effects).toContainEqual({ kind: 'disconnect', reason });
    expect(pair.alice.live.commitments).toEqual(commitments);
    expect(pair.alice.live.failure).toBeUndefined();
    pair.complaints.length = 0;
    pair.disconnect().reconnect().settle();
    expect(pair.bob.received.size).toBe(1);
    expect(pair.complaints).toEqual([]);
  });

  it('is left alone where it has answered meanwhile', () => {
    const pair = new Pair().open();
    pair.add(pair.alice, 50_000_000n);
    pair.sign(pair.alice);
    const owed = owedByPeer(pair.alice.state) as string;
    pair.settle();
    pair.add(pair.alice, 50_000_000n);
    pair.sign(pair.alice);
    expect(pair.input(pair.alice, { kind: 'peerSilent', owed })).toEqual([]);
  });
});

describe('a feerate on its way when the peer says shutdown', () => {
  /** alice’s feerate and bob’s shutdown cross; bob never signs for the feerate. */
  function crossed(): Pair {
    const pair = new Pair({ push: 300_000_000n as never }).open();
    pair.command(pair.bob, { kind: 'shutdown', ref: 1 });
    pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 1100 });
    pair.sign(pair.alice);
    return pair;
  }

  it('that the peer revokes for, and never signs: the opener begins after a minute', () => {
    const pair = crossed();
    while (pair.deliver(pair.alice) || pair.deliver(pair.bob));
    expect(pair.alice.live.shutdown).toMatchObject({ sent: true });
    expect(owedByPeer(pair.alice.state)).toBe('commitment_signed for commitment 1');
    const effects = minutePasses(pair, pair.alice);
    expect(messagesIn(effects).map((m) => m.kind)).toEqual(['closingSigned']);
    while (pair.deliver(pair.alice) || pair.deliver(pair.bob));
    expect(channelStatus(pair.alice.state)).toBe('CLOSINGD_COMPLETE');
    expect(pair.alice.live.shutdown.tx).toEqual(pair.bob.live.shutdown.tx);
    expect(pair.complaints).toEqual([]);
  });

  it('that the peer never took: on the next connection it is not told again', () => {
    const pair = crossed();
    // bob has alice’s shutdown and nothing of her feerate.
    pair.toBob = [];
    while (pair.deliver(pair.alice));
    pair.deliver(pair.bob);
    expect(pair.bob.live.shutdown.remoteScript).toBeDefined();
    pair.disconnect().reconnect();
    const from = pair.alice.effects.length;
    pair.settle();
    const sent = messagesIn(pair.alice.effects.slice(from)).map((m) => m.kind);
    expect(sent).toEqual(['channelReady', 'shutdown', 'closingSigned']);
    expect(channelStatus(pair.alice.state)).toBe('CLOSINGD_COMPLETE');
    expect(pair.alice.live.shutdown.tx).toEqual(pair.bob.live.shutdown.tx);
    expect(pair.complaints).toEqual([]);
  });

  it('of the peer’s own is signed for again, whoever asks for the close', () => {
    const pair = new Pair().open();
    pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 1100 });
    pair.sign(pair.alice);
    while (pair.deliver(pair.bob));
    pair.command(pair.bob, { kind: 'shutdown', ref: 1 });
    pair.sign(pair.bob);
    pair.disconnect().reconnect().settle();
    expect(channelStatus(pair.bob.state)).toBe('CLOSINGD_COMPLETE');
    expect(pair.complaints).toEqual([]);
  });
});
