import { describe, expect, it } from 'vitest';
import { decodeTx, sighashV0, txid } from '../../../src/core/bitcoin/index.js';
import { type Bytes, msat, utf8 } from '../../../src/core/bytes/index.js';
import {
  channelFundingScript,
  channelStatus,
  ourCommitment,
  signedCommitment,
} from '../../../src/core/channel/index.js';
import type { Message } from '../../../src/core/wire/index.js';
import { messagesIn, Pair, type Party } from './harness.js';

const error = (pair: Pair, text: string): Message => ({
  kind: 'error',
  channelId: pair.alice.live.channelId,
  data: utf8(text),
});

/** An HTLC of alice's that bob holds, expiring 100 blocks from now. */
function holding(): Pair {
  const pair = new Pair({ push: msat(100_000_000) }).open();
  pair.add(pair.alice, 50_000_000n);
  return pair.settle();
}

const purposes = (party: Party): string[] => party.broadcasts.map((b) => b.purpose);

describe('fail a channel', () => {
  it('on command: error to the peer, and our latest commitment to the chain', () => {
    const pair = holding();
    const effects = pair.command(pair.alice, { kind: 'forceClose', ref: 9, reason: 'enough' });
    expect(effects.map((e) => e.kind)).toEqual([
      'persist',
      'send',
      'broadcast',
      'failed',
      'reply',
      'stateChanged',
    ]);
    const tx = pair.alice.broadcasts[0]?.tx as Bytes;
    const decoded = decodeTx(tx) as NonNullable<ReturnType<typeof decodeTx>>;
    expect(pair.alice.replies.get(9)).toEqual({ ok: true, txid: txid(decoded) });
    const ours = ourCommitment(pair.alice.live, pair.alice.signer);
    expect(txid(ours.tx)).toEqual(txid(decoded));
    expect(ours.htlcs.length).toBe(1);
    expect(decoded.inputs[0]?.witness.length).toBe(4);
    expect(
      sighashV0(decoded, 0, channelFundingScript(ours.channel), ours.channel.fundingAmount).length,
    ).toBe(32);
    expect(channelStatus(pair.alice.state)).toBe('AWAITING_UNILATERAL');
  });

  it('told by the peer’s error: the same without an answer', () => {
    const pair = holding();
    const effects = pair.input(pair.bob, { kind: 'message', message: error(pair, 'no') });
    expect(messagesIn(effects)).toEqual([]);
    expect(purposes(pair.bob)).toEqual(['commitment']);
    expect(pair.bob.live.failure?.reason).toContain('no');
  });

  it('says error again, and nothing else, on a new connection', () => {
    const pair = holding();
    pair.command(pair.alice, { kind: 'forceClose', ref: 9, reason: 'enough' });
    pair.disconnect();
    pair.alice.effects = [];
    pair.reconnect();
    expect(messagesIn(pair.alice.effects).map((m) => m.kind)).toEqual(['error']);
  });

  it('broadcasts again after a restart', () => {
    const pair = holding();
    pair.command(pair.alice, { kind: 'forceClose', ref: 9, reason: 'enough' });
    pair.crash(pair.alice);
    expect(purposes(pair.alice)).toEqual(['commitment', 'commitment']);
    expect(pair.alice.broadcasts[0]).toEqual(pair.alice.broadcasts[1]);
  });

  it('broadcasts the close that both signed, where there is one', () => {
    const pair = new Pair({ push: msat(100_000_000) }).open();
    pair.command(pair.alice, { kind: 'shutdown', ref: 1 });
    pair.settle();
    pair.input(pair.alice, { kind: 'message', message: error(pair, 'oops') });
    expect(purposes(pair.alice)).toEqual(['mutual close', 'mutual close']);
  });

  it('refuses HTLCs, and keeps a preimage that becomes known', () => {
    const pair = holding();
    pair.command(pair.bob, { kind: 'forceClose', ref: 9, reason: 'enough' });
    expect(pair.add(pair.bob, 1_000n)).toMatchObject({ error: { code: 'channel_not_ready' } });
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    expect(pair.bob.live.commitments.htlcs[0]?.preimage).toBeDefined();
    expect(pair.bob.live.commitments.htlcs[0]?.state).toBe('RCVD_ADD_ACK_REVOCATION');
  });

  it('gives back HTLCs that no commitment has', () => {
    const pair = holding();
    pair.add(pair.alice, 7_000_000n);
    pair.command(pair.alice, { kind: 'forceClose', ref: 9, reason: 'enough' });
    expect([...pair.alice.payments.values()][1]?.ended).toEqual({
      kind: 'failed',
      why: { kind: 'uncommitted' },
    });
  });
});

describe('deadlines', () => {
  it('an HTLC that we offered, two blocks past its expiry: the channel fails', () => {
    const pair = holding();
    pair.mine(101);
    expect(purposes(pair.alice)).toEqual([]);
    pair.mine(1);
    expect(purposes(pair.alice)).toEqual(['commitment']);
    expect(pair.alice.live.failure?.reason).toContain('expired');
  });

  it('an HTLC that we fulfilled, 18 blocks before its expiry: the channel fails', () => {
    const pair = holding();
    pair.disconnect();
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    pair.mine(81);
    expect(purposes(pair.bob)).toEqual([]);
    pair.mine(1);
    expect(purposes(pair.bob)).toEqual(['commitment']);
  });

  it('an HTLC that we received and have no preimage for: nothing of ours is at stake', () => {
    const pair = holding();
    pair.mine(98);
    expect(purposes(pair.bob)).toEqual([]);
  });
});

describe('the funding output is spent', () => {
  it('seen in the mempool, then in a block: the onchain machine takes over', () => {
    const pair = holding();
    const tx = signedCommitment(pair.alice.live, pair.alice.signer);
    pair.input(pair.bob, { kind: 'fundingSpent', tx });
    expect(channelStatus(pair.bob.state)).toBe('FUNDING_SPEND_SEEN');
    const effects = pair.input(pair.bob, { kind: 'fundingSpent', tx, height: pair.height });
    expect(effects).toContainEqual({ kind: 'closedOnChain', tx });
    expect(channelStatus(pair.bob.state)).toBe('ONCHAIN');
    pair.crash(pair.bob);
    expect(pair.bob.effects.filter((e) => e.kind === 'closedOnChain').length).toBe(2);
  });

  it('and a reorg takes the spend back: seen, but not in a block', () => {
    const pair = holding();
    const tx = signedCommitment(pair.alice.live, pair.alice.signer);
    pair.input(pair.bob, { kind: 'fundingSpent', tx, height: pair.height });
    pair.input(pair.bob, { kind: 'fundingUnspent' });
    expect(channelStatus(pair.bob.state)).toBe('FUNDING_SPEND_SEEN');
  });

  it('says so to a peer that does not know', () => {
    const pair = holding();
    const tx = signedCommitment(pair.alice.live, pair.alice.signer);
    pair.input(pair.bob, { kind: 'fundingSpent', tx, height: pair.height });
    pair.disconnect();
    pair.bob.effects = [];
    pair.reconnect();
    expect(messagesIn(pair.bob.effects)).toEqual([]);
    pair.deliver(pair.bob);
    expect(messagesIn(pair.bob.effects).map((m) => m.kind)).toEqual(['error']);
  });
});
