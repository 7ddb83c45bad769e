import { describe, expect, it } from 'vitest';
import { msat, sat, toHex } from '../../../src/core/bytes/index.js';
import type { ChannelEffect, ChannelError } from '../../../src/core/channel/index.js';
import { channelView } from '../../../src/core/channel/index.js';
import { sha256 } from '../../../src/core/crypto/index.js';
import type { Message, MessageOf } from '../../../src/core/wire/index.js';
import { messagesIn, ONION, Pair, type PairOptions, type Party } from './harness.js';

const refused = (pair: Pair, party: Party, amount: bigint): ChannelError['code'] | 'added' => {
  const result = pair.add(party, amount);
  return result.ok ? 'added' : result.error.code;
};

function addMessage(pair: Pair, change: Partial<MessageOf<'updateAddHtlc'>> = {}): Message {
  return {
    kind: 'updateAddHtlc',
    channelId: pair.alice.live.channelId,
    id: 0n,
    amountMsat: msat(10_000_000),
    paymentHash: new Uint8Array(32).fill(5),
    cltvExpiry: 500,
    onionRoutingPacket: ONION,
    tlvs: {},
    ...change,
  };
}

/** What a warning said that ended the connection, or how the message was taken. */
function complaint(effects: readonly ChannelEffect[]): string {
  const warning = messagesIn(effects).find((m) => m.kind === 'warning' || m.kind === 'error');
  if (warning === undefined || !('data' in warning)) return 'taken';
  const ends = effects.some((e) => e.kind === 'disconnect' || e.kind === 'failed');
  return `${ends ? '' : 'goes on: '}${new TextDecoder().decode(warning.data)}`;
}

const receive = (pair: Pair, party: Party, message: Message): string =>
  complaint(pair.input(party, { kind: 'message', message }));

/** An HTLC of alice's that is irrevocably committed. */
function committed(options: PairOptions = {}): Pair {
  const pair = new Pair(options).open();
  pair.add(pair.alice, 50_000_000n);
  return pair.settle();
}

describe('offer an HTLC', () => {
  it('below the receiver’s htlc_minimum_msat: refused', () => {
    const pair = new Pair({ terms: { bob: { htlcMinimum: msat(1000) } } }).open();
    expect(refused(pair, pair.alice, 999n)).toBe('below_htlc_minimum');
    expect(refused(pair, pair.alice, 1000n)).toBe('added');
    expect(refused(pair, pair.alice, 0n)).toBe('below_htlc_minimum');
  });

  it('above the receiver’s max_htlc_value_in_flight_msat: refused', () => {
    const pair = new Pair({
      terms: { bob: { maxHtlcValueInFlight: msat(100_000_000) } },
    }).open();
    expect(refused(pair, pair.alice, 60_000_000n)).toBe('added');
    expect(refused(pair, pair.alice, 40_000_001n)).toBe('above_max_in_flight');
    expect(refused(pair, pair.alice, 40_000_000n)).toBe('added');
  });

  it('beyond the receiver’s max_accepted_htlcs: refused', () => {
    const pair = new Pair({ terms: { bob: { maxAcceptedHtlcs: 2 } } }).open();
    expect(refused(pair, pair.alice, 5_000_000n)).toBe('added');
    expect(refused(pair, pair.alice, 5_000_000n)).toBe('added');
    expect(refused(pair, pair.alice, 5_000_000n)).toBe('too_many_htlcs');
  });

  it('counts an HTLC until its removal is signed for', () => {
    const pair = new Pair({ terms: { bob: { maxAcceptedHtlcs: 1 } } }).open();
    pair.add(pair.alice, 5_000_000n);
    pair.settle();
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    pair.deliver(pair.alice);
    expect(refused(pair, pair.alice, 5_000_000n)).toBe('too_many_htlcs');
    pair.settle();
    expect(refused(pair, pair.alice, 5_000_000n)).toBe('added');
  });

  it('keeps the opener’s reserve, the fee at twice the feerate and room for one HTLC more', () => {
    for (const anchors of [false, true]) {
      const pair = new Pair({ type: { anchors } }).open();
      const weight = (anchors ? 1124 : 724) + 2 * 172;
      const fee = Math.floor((2 * 1000 * weight) / 1000) + (anchors ? 660 : 0);
      const most = (1_000_000n - 10_000n - BigInt(fee)) * 1000n;
      expect(channelView(pair.alice.state).spendableMsat).toBe(most);
      expect(refused(pair, pair.alice, most + 1n)).toBe('insufficient_balance');
      expect(refused(pair, pair.alice, most)).toBe('added');
      pair.settle();
      expect(pair.complaints).toEqual([]);
    }
  });

  it('counts for the fee what the peer has proposed, though nobody has signed it yet', () => {
    const pair = new Pair({ push: msat(500_000_000) }).open();
    for (let i = 0; i < 20; i++) {
      expect(refused(pair, pair.bob, 5_000_000n)).toBe('added');
      pair.deliver(pair.alice);
    }
    const fee = 2 * (1124 + 22 * 172) + 660;
    const most = (500_000n - 10_000n - BigInt(fee)) * 1000n;
    expect(channelView(pair.alice.state).spendableMsat).toBe(most);
    expect(refused(pair, pair.alice, most + 1n)).toBe('insufficient_balance');
    expect(refused(pair, pair.alice, most)).toBe('added');
    pair.settle();
    expect(pair.complaints).toEqual([]);
    // Nor does it leave the opener unable to pay for a new HTLC of the accepter's.
    const poor = new Pair({ push: msat(986_000_000), type: { anchors: false } }).open();
    expect(refused(poor, poor.alice, 600_000n)).toBe('added');
    poor.deliver(poor.bob);
    const fits = Math.floor((4000 - 600 - 724) / 172);
    for (let i = 0; i < fits; i++) expect(refused(poor, poor.bob, 5_000_000n)).toBe('added');
    expect(refused(poor, poor.bob, 5_000_000n)).toBe('fee_not_affordable');
  });

  it('keeps the accepter’s reserve, and nothing for fees', () => {
    const pair = new Pair({ push: msat(300_000_000) }).open();
    const most = 300_000_000n - 10_000_000n;
    expect(channelView(pair.bob.state).spendableMsat).toBe(most);
    expect(channelView(pair.alice.state).receivableMsat).toBe(most);
    expect(refused(pair, pair.bob, most + 1n)).toBe('insufficient_balance');
    expect(refused(pair, pair.bob, most)).toBe('added');
  });

  it('by the accepter, where the opener could not pay the fee for it: refused', () => {
    const pair = new Pair({ push: msat(986_000_000), type: { anchors: false } }).open();
    // 14,000 sat of the opener less its reserve leave 4,000 for a fee of 724 and 172 an HTLC.
    const fits = Math.floor((4000 - 724) / 172);
    for (let i = 0; i < fits; i++) expect(refused(pair, pair.bob, 5_000_000n)).toBe('added');
    expect(refused(pair, pair.bob, 5_000_000n)).toBe('fee_not_affordable');
    // Without an output of its own it costs no fee.
    expect(refused(pair, pair.bob, 500_000n)).toBe('added');
    pair.settle();
    expect(pair.complaints).toEqual([]);
  });

  it('as dust beyond max_dust_htlc_exposure_msat: refused, while one with an output is not', () => {
    const limits = { maxDustHtlcExposure: msat(1_000_000), timeoutGrace: 2, fulfillDeadline: 18 };
    const pair = new Pair({ limits }).open();
    expect(refused(pair, pair.alice, 500_000n)).toBe('added');
    expect(refused(pair, pair.alice, 500_001n)).toBe('dust_exposure');
    expect(refused(pair, pair.alice, 500_000n)).toBe('added');
    expect(refused(pair, pair.alice, 546_000n)).toBe('added');
  });

  it('counts as dust what its own transaction could not pay for, without anchors', () => {
    const limits = { maxDustHtlcExposure: msat(1_000_000), timeoutGrace: 2, fulfillDeadline: 18 };
    const pair = new Pair({ limits, type: { anchors: false } }).open();
    // Dust limit 546 and 703 for HTLC-success in bob's commitment.
    expect(refused(pair, pair.alice, 1_248_999n)).toBe('dust_exposure');
    expect(refused(pair, pair.alice, 1_249_000n)).toBe('added');
  });

  it('with an expiry that has passed, or in seconds: refused', () => {
    const pair = new Pair().open();
    const code = (expiry: number) => {
      const result = pair.add(pair.alice, 5_000_000n, { expiry });
      return result.ok ? 'added' : result.error.code;
    };
    expect(code(pair.height)).toBe('expiry_out_of_range');
    expect(code(500_000_000)).toBe('expiry_out_of_range');
    expect(code(pair.height + 1)).toBe('added');
  });

  it('before channel_ready, without the peer, or after shutdown: refused', () => {
    const early = new Pair().begin().settle();
    expect(refused(early, early.alice, 5_000_000n)).toBe('channel_not_ready');
    const offline = new Pair().open().disconnect();
    expect(refused(offline, offline.alice, 5_000_000n)).toBe('peer_offline');
    const closing = new Pair().open();
    closing.command(closing.alice, { kind: 'shutdown', ref: 99 });
    expect(refused(closing, closing.alice, 5_000_000n)).toBe('shutting_down');
  });
});

describe('receive update_add_htlc', () => {
  it('within all limits: taken', () => {
    const pair = new Pair().open();
    expect(receive(pair, pair.bob, addMessage(pair))).toBe('taken');
  });

  const cases: [string, Partial<MessageOf<'updateAddHtlc'>>, string, PairOptions?][] = [
    ['of 0 msat', { amountMsat: msat(0) }, 'below_htlc_minimum'],
    [
      'below our htlc_minimum_msat',
      { amountMsat: msat(999) },
      'below_htlc_minimum',
      { terms: { bob: { htlcMinimum: msat(1000) } } },
    ],
    ['with an id left out', { id: 1n }, 'id 1 where 0 is next'],
    ['that expires at a time', { cltvExpiry: 500_000_000 }, 'no height'],
    [
      'above our max_htlc_value_in_flight_msat',
      { amountMsat: msat(100_000_001) },
      'above_max_in_flight',
      { terms: { bob: { maxHtlcValueInFlight: msat(100_000_000) } } },
    ],
    ['that its sender cannot afford', { amountMsat: msat(989_000_000) }, 'insufficient_balance'],
  ];
  for (const [name, change, reason, options] of cases)
    it(`${name}: warning, and the connection ends`, () => {
      const pair = new Pair(options).open();
      expect(receive(pair, pair.bob, addMessage(pair, change))).toContain(reason);
      expect(pair.bob.live.commitments.htlcs).toEqual([]);
      expect(pair.bob.live.link.kind).toBe('offline');
      expect(pair.bob.live.failure).toBeUndefined();
    });

  it('more than our max_accepted_htlcs: warning', () => {
    const pair = new Pair({ terms: { bob: { maxAcceptedHtlcs: 2 } } }).open();
    expect(receive(pair, pair.bob, addMessage(pair))).toBe('taken');
    expect(receive(pair, pair.bob, addMessage(pair, { id: 1n }))).toBe('taken');
    expect(receive(pair, pair.bob, addMessage(pair, { id: 2n }))).toContain('too_many_htlcs');
  });

  it('from the opener, who need not keep the fee spike buffer: taken up to the plain fee', () => {
    const pair = new Pair().open();
    const fee = 1124n + 172n + 660n;
    const most = (1_000_000n - 10_000n - fee) * 1000n;
    const add = (amount: bigint) => addMessage(pair, { amountMsat: msat(amount) });
    expect(receive(pair, pair.bob, add(most))).toBe('taken');
    const other = new Pair().open();
    expect(receive(other, other.bob, add(most + 1n))).toContain('insufficient_balance');
  });

  it('twice with one payment_hash: both taken', () => {
    const pair = new Pair().open();
    expect(receive(pair, pair.bob, addMessage(pair))).toBe('taken');
    expect(receive(pair, pair.bob, addMessage(pair, { id: 1n }))).toBe('taken');
  });

  it('after shutdown of the sender: warning', () => {
    const pair = new Pair().open();
    pair.add(pair.bob, 1n);
    pair.command(pair.alice, { kind: 'shutdown', ref: 99 });
    pair.deliver(pair.bob);
    expect(receive(pair, pair.bob, addMessage(pair))).toContain('after shutdown');
  });

  it('before channel_ready: warning', () => {
    const pair = new Pair().begin().settle();
    expect(receive(pair, pair.bob, addMessage(pair))).toContain('before channel_ready');
  });

  it('that brings dust over our exposure: told to be failed', () => {
    const limits = { maxDustHtlcExposure: msat(900_000), timeoutGrace: 2, fulfillDeadline: 18 };
    const pair = new Pair();
    pair.acceptParams = () => ({ ...new Pair().acceptParams(), limits });
    pair.open();
    pair.add(pair.alice, 500_000n);
    pair.add(pair.alice, 500_000n);
    pair.settle();
    expect([...pair.bob.received.values()].map((h) => h.dustExposed)).toEqual([true, true]);
  });
});

describe('remove an HTLC', () => {
  it('fulfilled: told at once, before any commitment_signed', () => {
    const pair = committed();
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    pair.deliver(pair.alice);
    expect([...pair.alice.payments.values()][0]?.ended).toEqual({ kind: 'fulfilled' });
    expect(pair.alice.live.commitments.htlcs[0]?.state).toBe('RCVD_REMOVE_HTLC');
  });

  it('failed: told only when its removal is irrevocable', () => {
    const pair = committed();
    const reason = new Uint8Array(292).fill(1);
    pair.decide(pair.bob, 0n, { kind: 'fail', reason });
    const ended = () => [...pair.alice.payments.values()][0]?.ended;
    pair.deliver(pair.alice);
    pair.sign(pair.bob);
    pair.deliver(pair.alice);
    pair.deliver(pair.bob);
    pair.sign(pair.alice);
    expect(ended()).toBeUndefined();
    pair.settle();
    expect(ended()).toEqual({ kind: 'failed', why: { kind: 'encrypted', reason } });
    expect(pair.bob.effects).toContainEqual({ kind: 'htlcRemoved', htlcId: 0n });
  });

  it('failed as malformed: the code and the hash of the onion are told', () => {
    const pair = committed();
    pair.decide(pair.bob, 0n, { kind: 'malformed' });
    pair.settle();
    expect([...pair.alice.payments.values()][0]?.ended).toEqual({
      kind: 'failed',
      why: { kind: 'malformed', failureCode: 0xc005, sha256OfOnion: sha256(ONION) },
    });
  });

  it('is not asked for twice, nor with a wrong preimage', () => {
    const pair = committed();
    const wrong = pair.command(pair.bob, {
      kind: 'fulfillHtlc',
      htlcId: 0n,
      preimage: new Uint8Array(32),
    });
    expect(messagesIn(wrong)).toEqual([]);
    pair.decide(pair.bob, 0n, { kind: 'fulfill' });
    const again = pair.command(pair.bob, { kind: 'failHtlc', htlcId: 0n, reason: ONION });
    expect(messagesIn(again)).toEqual([]);
  });

  const channelId = (pair: Pair) => pair.alice.live.channelId;

  it('receive update_fulfill_htlc with a wrong preimage: warning', () => {
    const pair = committed();
    const message: Message = {
      kind: 'updateFulfillHtlc',
      channelId: channelId(pair),
      id: 0n,
      paymentPreimage: new Uint8Array(32),
      tlvs: {},
    };
    expect(receive(pair, pair.alice, message)).toContain('wrong preimage');
    expect([...pair.alice.payments.values()][0]?.ended).toBeUndefined();
  });

  it('receive a removal of an unknown id, or of one not yet committed by both: warning', () => {
    const pair = committed();
    const fail = (id: bigint): Message => ({
      kind: 'updateFailHtlc',
      channelId: channelId(pair),
      id,
      reason: ONION,
      tlvs: {},
    });
    expect(receive(pair, pair.alice, fail(7n))).toContain('no HTLC 7');
    const early = new Pair().open();
    early.add(early.alice, 5_000_000n);
    early.sign(early.alice);
    expect(
      receive(early, early.alice, { ...fail(0n), channelId: channelId(early) } as Message),
    ).toContain('no HTLC 0');
  });

  it('receive update_fail_malformed_htlc without BADONION: warning', () => {
    const pair = committed();
    const message: Message = {
      kind: 'updateFailMalformedHtlc',
      channelId: channelId(pair),
      id: 0n,
      sha256OfOnion: sha256(ONION),
      failureCode: 0x4005,
    };
    expect(receive(pair, pair.alice, message)).toContain('BADONION');
  });
});

describe('update_fee', () => {
  it('reaches both commitments, and only the last of several counts', () => {
    const pair = new Pair().open();
    pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 1500 });
    pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 2000 });
    pair.settle();
    for (const party of [pair.alice, pair.bob])
      expect(party.live.commitments.fees.map((f) => f.feeratePerKw)).toEqual([2000]);
    expect(pair.complaints).toEqual([]);
  });

  it('that the opener cannot afford above its reserve is not sent', () => {
    const pair = new Pair({ push: msat(980_000_000) }).open();
    const effects = pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 20_000 });
    expect(messagesIn(effects)).toEqual([]);
  });

  it('of the accepter is not sent', () => {
    const pair = new Pair().open();
    const effects = pair.command(pair.bob, { kind: 'updateFee', feeratePerKw: 2000 });
    expect(messagesIn(effects)).toEqual([]);
  });

  it('received from the accepter, out of bounds or not affordable: warning', () => {
    const fee = (pair: Pair, feeratePerKw: number): Message => ({
      kind: 'updateFee',
      channelId: pair.alice.live.channelId,
      feeratePerKw,
    });
    const a = new Pair().open();
    expect(receive(a, a.alice, fee(a, 1000))).toContain('does not pay');
    const b = new Pair().open();
    expect(receive(b, b.bob, fee(b, 252))).toContain('below 253');
    const c = new Pair().open();
    expect(receive(c, c.bob, fee(c, 100_001))).toContain('exceeds');
    const d = new Pair({ push: msat(980_000_000) }).open();
    expect(receive(d, d.bob, fee(d, 20_000))).toContain('fee_not_affordable');
  });

  it('received, that turns more HTLCs into dust than we bear: warning, where they carry fees', () => {
    const raised = (anchors: boolean, feeratePerKw: number): string => {
      const pair = new Pair({ type: { anchors } }).open();
      for (let i = 0; i < 12; i++) pair.add(pair.alice, 15_000_000n);
      pair.settle();
      const { channelId } = pair.alice.live;
      return receive(pair, pair.bob, { kind: 'updateFee', channelId, feeratePerKw });
    };
    expect(raised(false, 25_000)).toContain('dust_exposure');
    expect(raised(false, 15_000)).not.toContain('dust');
    expect(raised(true, 25_000)).not.toContain('dust');
  });
});

describe('commitment_signed and revoke_and_ack', () => {
  it('covers a batch of updates with one signature and one write', () => {
    const pair = new Pair().open();
    for (let i = 0; i < 5; i++) pair.add(pair.alice, 5_000_000n);
    const effects = pair.command(pair.alice, { kind: 'sign' });
    expect(effects.map((e) => e.kind)).toEqual(['persist', 'send']);
    const [signed] = messagesIn(effects);
    expect(signed?.kind === 'commitmentSigned' && signed.htlcSignature.length).toBe(5);
  });

  it('waits for revoke_and_ack before the next commitment_signed', () => {
    const pair = new Pair().open();
    pair.add(pair.alice, 5_000_000n);
    expect(pair.sign(pair.alice)).toBe(true);
    pair.add(pair.alice, 5_000_000n);
    expect(pair.sign(pair.alice)).toBe(false);
    while (pair.deliver(pair.bob));
    pair.deliver(pair.alice);
    expect(pair.sign(pair.alice)).toBe(true);
  });

  it('is not sent without an update', () => {
    const pair = new Pair().open();
    expect(messagesIn(pair.command(pair.alice, { kind: 'sign' }))).toEqual([]);
  });

  it('is on disk before revoke_and_ack is sent, and an HTLC is told after their revocation', () => {
    const pair = new Pair().open();
    pair.add(pair.alice, 5_000_000n);
    pair.sign(pair.alice);
    pair.deliver(pair.bob);
    pair.bob.effects = [];
    pair.deliver(pair.bob);
    expect(pair.bob.effects.map((e) => e.kind)).toEqual(['persist', 'send']);
    pair.sign(pair.bob);
    pair.deliver(pair.alice);
    pair.deliver(pair.alice);
    pair.bob.effects = [];
    pair.deliver(pair.bob);
    expect(pair.bob.effects.map((e) => e.kind)).toEqual([
      'persist',
      'storeRevoked',
      'htlcReceived',
    ]);
  });

  it('with a bad or missing signature: warning, and nothing is revoked', () => {
    const changes: ((m: MessageOf<'commitmentSigned'>) => Message)[] = [
      (m) => ({ ...m, signature: new Uint8Array(64).fill(1) }),
      (m) => ({ ...m, htlcSignature: [] }),
      (m) => ({ ...m, htlcSignature: [new Uint8Array(64).fill(1)] }),
      (m) => ({ ...m, htlcSignature: [...m.htlcSignature, ...m.htlcSignature] }),
    ];
    for (const change of changes) {
      const pair = new Pair().open();
      pair.add(pair.alice, 5_000_000n);
      pair.deliver(pair.bob);
      const [signed] = messagesIn(pair.command(pair.alice, { kind: 'sign' }));
      const before = pair.bob.live.commitments.local;
      expect(receive(pair, pair.bob, change(signed as MessageOf<'commitmentSigned'>))).toContain(
        'commitment_signed',
      );
      expect(pair.bob.live.commitments.local).toEqual(before);
      expect(pair.bob.live.failure).toBeUndefined();
    }
  });

  it('revoke_and_ack with a wrong secret, or unasked: the channel fails', () => {
    const pair = new Pair().open();
    pair.add(pair.alice, 5_000_000n);
    pair.sign(pair.alice);
    while (pair.deliver(pair.bob));
    const revoke = messagesIn(pair.bob.effects).find((m) => m.kind === 'revokeAndAck');
    const wrong = {
      ...(revoke as MessageOf<'revokeAndAck'>),
      perCommitmentSecret: new Uint8Array(32).fill(1),
    };
    expect(receive(pair, pair.alice, wrong)).toContain('secret');
    expect(pair.alice.live.failure?.behind).toBe(false);
    expect(pair.alice.broadcasts.map((b) => b.purpose)).toEqual(['commitment']);

    const other = new Pair().open();
    expect(receive(other, other.alice, wrong)).toContain('nothing was to be revoked');
  });

  it('keeps no onion longer than it may be needed', () => {
    const pair = committed();
    expect(pair.alice.live.commitments.htlcs[0]?.onion.length).toBe(0);
    expect(toHex(pair.bob.live.commitments.htlcs[0]?.onion as Uint8Array)).toBe(toHex(ONION));
  });
});

describe('a view', () => {
  it('tells balances, HTLCs and limits in figures', () => {
    const pair = committed({ funding: sat(2_000_000), push: msat(500_000_000) });
    const view = channelView(pair.bob.state);
    expect(view).toMatchObject({
      status: 'CHANNELD_NORMAL',
      ready: true,
      opener: 'remote',
      private: true,
      totalMsat: 2_000_000_000n,
      toLocalMsat: 500_000_000n,
      feeratePerKw: 1000,
      localAlias: 22n,
      remoteAlias: 11n,
    });
    expect(view.local?.reserve).toBe(20_000n);
    expect(view.htlcs).toMatchObject([
      { direction: 'in', id: 0n, amountMsat: 50_000_000n, state: 'RCVD_ADD_ACK_REVOCATION' },
    ]);
    expect(channelView(pair.alice.state).toLocalMsat).toBe(1_500_000_000n);
  });
});
