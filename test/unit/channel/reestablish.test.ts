import { describe, expect, it } from 'vitest';
import { channelStatus, decodeChannel, encodeChannel } from '../../../src/core/channel/index.js';
import type { Message, MessageOf } from '../../../src/core/wire/index.js';
import { type Name, Pair, type Party } from './harness.js';

type Sent = `${Name} ${Message['kind']}`;

/** A pair that writes down what is sent. */
function recorded(): { pair: Pair; sent: Sent[] } {
  const sent: Sent[] = [];
  const pair = new Pair({ onMessage: (from, m) => sent.push(`${from} ${m.kind}`) }).open();
  sent.length = 0;
  return { pair, sent };
}

const of = (sent: readonly Sent[], name: Name): string[] =>
  sent.filter((s) => s.startsWith(name)).map((s) => s.slice(name.length + 1));

/** Reconnects; what each side sends until both are silent. */
function reconnected(pair: Pair, sent: Sent[]): Record<Name, string[]> {
  sent.length = 0;
  pair.reconnect();
  while (pair.deliver(pair.alice) || pair.deliver(pair.bob));
  return { alice: of(sent, 'alice'), bob: of(sent, 'bob') };
}

function reestablish(party: Party, change: Partial<MessageOf<'channelReestablish'>>): Message {
  const last = party.effects.findLast(
    (e) => e.kind === 'send' && e.message.kind === 'channelReestablish',
  );
  if (last?.kind !== 'send') throw new Error('nothing was sent');
  return { ...(last.message as MessageOf<'channelReestablish'>), ...change };
}

describe('channel_reestablish', () => {
  it('with nothing lost: no retransmission but channel_ready', () => {
    const { pair, sent } = recorded();
    pair.disconnect();
    expect(reconnected(pair, sent)).toEqual({
      alice: ['channelReestablish', 'channelReady', 'channelUpdate'].filter(
        (k) => k !== 'channelUpdate',
      ),
      bob: ['channelReestablish', 'channelReady'],
    });
  });

  it('after the first commitment_signed: no channel_ready', () => {
    const { pair, sent } = recorded();
    pair.add(pair.alice, 5_000_000n);
    pair.settle().disconnect();
    expect(reconnected(pair, sent)).toEqual({
      alice: ['channelReestablish'],
      bob: ['channelReestablish'],
    });
  });

  it('a lost commitment_signed comes again with its updates', () => {
    const { pair, sent } = recorded();
    pair.add(pair.alice, 5_000_000n);
    pair.add(pair.alice, 6_000_000n);
    pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 1100 });
    pair.sign(pair.alice);
    pair.disconnect();
    expect(reconnected(pair, sent).alice).toEqual([
      'channelReestablish',
      'channelReady',
      'updateFee',
      'updateAddHtlc',
      'updateAddHtlc',
      'commitmentSigned',
    ]);
    pair.settle();
    expect(pair.bob.received.size).toBe(2);
  });

  it('a lost revoke_and_ack comes again', () => {
    const { pair, sent } = recorded();
    pair.add(pair.alice, 5_000_000n);
    pair.sign(pair.alice);
    while (pair.deliver(pair.bob));
    pair.disconnect();
    expect(reconnected(pair, sent).bob).toEqual(['channelReestablish', 'revokeAndAck']);
    pair.settle();
    expect(pair.bob.received.size).toBe(1);
  });

  it('both lost: in the order in which they went out, revoke_and_ack first', () => {
    const { pair, sent } = recorded();
    pair.add(pair.alice, 5_000_000n);
    pair.sign(pair.alice);
    while (pair.deliver(pair.bob));
    pair.sign(pair.bob);
    pair.disconnect();
    expect(reconnected(pair, sent).bob).toEqual([
      'channelReestablish',
      'revokeAndAck',
      'commitmentSigned',
    ]);
  });

  it('both lost: in the order in which they went out, commitment_signed first', () => {
    const { pair, sent } = recorded();
    pair.add(pair.alice, 5_000_000n);
    pair.add(pair.bob, 1n);
    pair.add(pair.alice, 6_000_000n);
    pair.sign(pair.alice);
    pair.settle();
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    pair.sign(pair.bob);
    pair.add(pair.alice, 7_000_000n);
    pair.sign(pair.alice);
    while (pair.deliver(pair.bob));
    pair.disconnect();
    expect(reconnected(pair, sent).bob).toEqual([
      'channelReestablish',
      'updateFulfillHtlc',
      'commitmentSigned',
      'revokeAndAck',
    ]);
    pair.settle();
    expect(pair.complaints).toEqual([]);
  });

  it('undoes an HTLC that no commitment_signed covered, and gives it back', () => {
    const { pair } = recorded();
    pair.add(pair.alice, 5_000_000n);
    while (pair.deliver(pair.bob));
    expect(pair.bob.live.commitments.htlcs.length).toBe(1);
    pair.disconnect();
    expect(pair.bob.live.commitments.htlcs).toEqual([]);
    expect([...pair.alice.payments.values()][0]?.ended).toEqual({
      kind: 'failed',
      why: { kind: 'uncommitted' },
    });
    pair.reconnect().settle();
    expect(pair.add(pair.alice, 5_000_000n)).toEqual({ ok: true, htlcId: 0n });
    pair.settle();
    expect(pair.complaints).toEqual([]);
  });

  it('a removal that was not signed for is undone by the receiver and sent again', () => {
    const { pair, sent } = recorded();
    pair.add(pair.alice, 5_000_000n);
    pair.settle();
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    while (pair.deliver(pair.alice));
    pair.disconnect();
    expect(pair.alice.live.commitments.htlcs[0]?.state).toBe('SENT_ADD_ACK_REVOCATION');
    expect(pair.alice.live.commitments.htlcs[0]?.preimage).toBeDefined();
    const told = pair.alice.effects.filter((e) => e.kind === 'htlcFulfilled').length;
    expect(reconnected(pair, sent).bob).toEqual(['channelReestablish', 'updateFulfillHtlc']);
    pair.settle();
    expect(pair.alice.effects.filter((e) => e.kind === 'htlcFulfilled').length).toBe(told);
    expect(pair.alice.live.commitments.htlcs).toEqual([]);
  });

  it('an HTLC ended while the peer was away is removed when it is back', () => {
    const { pair } = recorded();
    pair.add(pair.alice, 5_000_000n);
    pair.settle().disconnect();
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    expect(pair.bob.effects.at(-1)).toEqual({ kind: 'persist' });
    pair.crash(pair.bob).reconnect().settle();
    expect([...pair.alice.payments.values()][0]?.ended).toEqual({ kind: 'fulfilled' });
  });

  it('after a restart: HTLCs that wait for their end are told again', () => {
    const { pair } = recorded();
    pair.add(pair.alice, 5_000_000n);
    pair.settle();
    pair.crash(pair.bob);
    expect([...pair.bob.received.keys()]).toEqual([0n]);
  });

  it('nothing but channel_reestablish counts before it', () => {
    const { pair } = recorded();
    pair.disconnect().reconnect();
    const message: Message = {
      kind: 'updateFee',
      channelId: pair.bob.live.channelId,
      feeratePerKw: 2000,
    };
    const before = pair.bob.live;
    pair.input(pair.bob, { kind: 'message', message });
    expect(pair.bob.live).toEqual(before);
  });
});

describe('data loss', () => {
  /** alice comes back with a state from before some payments. */
  function behind(): Pair {
    const { pair } = recorded();
    const old = encodeChannel(pair.alice.live);
    for (let i = 0; i < 3; i++) {
      pair.add(pair.alice, 5_000_000n);
      pair.settle();
    }
    pair.disconnect();
    const decoded = decodeChannel(old);
    if (!decoded.ok) throw new Error('bad disk');
    pair.alice.state = decoded.value;
    pair.input(pair.alice, { kind: 'restored' });
    return pair;
  }

  it('who is behind never broadcasts, says error, and waits for the peer’s commitment', () => {
    const pair = behind().reconnect();
    pair.deliver(pair.alice);
    expect(pair.alice.live.failure?.behind).toBe(true);
    expect(pair.alice.broadcasts).toEqual([]);
    expect(channelStatus(pair.alice.state)).toBe('AWAITING_UNILATERAL');
    pair.command(pair.alice, { kind: 'forceClose', ref: 5, reason: 'now!' });
    pair.mine(1000);
    expect(pair.alice.broadcasts).toEqual([]);
    pair.crash(pair.alice);
    expect(pair.alice.broadcasts).toEqual([]);
    expect(pair.alice.replies.get(5)?.ok).toBe(false);
  });

  it('who is ahead waits for the error, and then closes', () => {
    const pair = behind().reconnect();
    pair.deliver(pair.bob);
    expect(pair.bob.live.failure).toBeUndefined();
    expect(pair.bob.broadcasts).toEqual([]);
    pair.deliver(pair.alice);
    while (pair.deliver(pair.bob));
    expect(pair.bob.broadcasts.map((b) => b.purpose)).toEqual(['commitment']);
  });

  it('a claim to know more without the secret for it fails the channel', () => {
    const { pair } = recorded();
    pair.add(pair.alice, 5_000_000n);
    pair.settle().disconnect().reconnect();
    const message = reestablish(pair.bob, { nextRevocationNumber: 9n });
    pair.input(pair.alice, { kind: 'message', message });
    expect(pair.alice.live.failure).toMatchObject({ behind: false, sentError: true });
    expect(pair.alice.broadcasts.length).toBe(1);
  });

  const lies: [string, Partial<MessageOf<'channelReestablish'>>][] = [
    ['next_commitment_number 0', { nextCommitmentNumber: 0n }],
    ['a next_commitment_number ahead of ours', { nextCommitmentNumber: 9n }],
    ['a secret that is not ours', { yourLastPerCommitmentSecret: new Uint8Array(32).fill(4) }],
    ['a next_revocation_number beyond all', { nextRevocationNumber: 1n << 60n }],
  ];
  for (const [name, change] of lies)
    it(`${name}: the channel fails`, () => {
      const { pair } = recorded();
      pair.add(pair.alice, 5_000_000n);
      pair.settle().disconnect().reconnect();
      const message = reestablish(pair.bob, change);
      pair.input(pair.alice, { kind: 'message', message });
      expect(pair.alice.live.failure?.sentError).toBe(true);
    });
});
