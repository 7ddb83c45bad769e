import { describe, expect, it } from 'vitest';
import { EMPTY, msat, sat } from '../../../src/core/bytes/index.js';
import {
  acceptChannel,
  channelStatus,
  encodeChannelType,
  openChannel,
  refuseOpen,
} from '../../../src/core/channel/index.js';
import { featureBits, type MessageOf } from '../../../src/core/wire/index.js';
import { messagesIn, Pair, type PairOptions } from './harness.js';

type Open = MessageOf<'openChannel'>;
type Accept = MessageOf<'acceptChannel'>;

/** bob's answer to an open_channel of alice's that was changed on its way. */
function answerTo(change: Partial<Open>, options: PairOptions = {}): string {
  const pair = new Pair(options);
  const { effects } = openChannel(pair.openParams(), pair.context(pair.alice));
  const [open] = messagesIn(effects) as [Open];
  const answer = acceptChannel(pair.acceptParams(), { ...open, ...change }, pair.context(pair.bob));
  const [message] = messagesIn(answer.effects);
  return message?.kind === 'error' ? new TextDecoder().decode(message.data) : String(message?.kind);
}

/** alice's answer to an accept_channel of bob's that was changed on its way. */
function answerToAccept(change: Partial<Accept>, options: PairOptions = {}): string {
  const pair = new Pair(options).begin();
  pair.deliver(pair.bob);
  const [accept] = messagesIn(pair.bob.effects) as [Accept];
  const effects = pair.input(pair.alice, { kind: 'message', message: { ...accept, ...change } });
  const error = messagesIn(effects).find((m) => m.kind === 'error');
  return error === undefined ? 'taken' : new TextDecoder().decode(error.data);
}

const type = (bits: readonly number[]) => ({
  channelType: featureBits(bits),
  upfrontShutdownScript: EMPTY,
});

describe('channel establishment v1', () => {
  for (const anchors of [false, true])
    it(`opens ${anchors ? 'with anchors' : 'with static_remotekey'}, pays and settles`, () => {
      const pair = new Pair({ type: { anchors } }).open();
      expect(pair.alice.live.lockin).toMatchObject({ sentReady: true, receivedReady: true });
      expect(pair.add(pair.alice, 10_000_000n)).toEqual({ ok: true, htlcId: 0n });
      pair.settle();
      expect([...pair.bob.received.keys()]).toEqual([0n]);
      pair.decide(pair.bob, 0n, { kind: 'fulfill' });
      pair.settle();
      expect([...pair.alice.payments.values()][0]?.ended).toEqual({ kind: 'fulfilled' });
      expect(pair.alice.live.commitments.htlcs).toEqual([]);
      expect(pair.bob.live.commitments.settledLocal).toBe(10_000_000n);
      expect(pair.complaints).toEqual([]);
    });

  it('is on disk before funding_signed is sent, and before the funding transaction is broadcast', () => {
    const pair = new Pair().begin().settle();
    const order = (effects: readonly { readonly kind: string }[]) =>
      effects.map((e) => e.kind).filter((k) => k !== 'note');
    expect(order(pair.bob.effects)).toEqual([
      'send',
      'channelIdAssigned',
      'persist',
      'watchFunding',
      'send',
      'stateChanged',
    ]);
    expect(order(pair.alice.effects)).toEqual([
      'send',
      'fund',
      'channelIdAssigned',
      'send',
      'persist',
      'watchFunding',
      'broadcastFunding',
      'stateChanged',
    ]);
    expect(channelStatus(pair.alice.state)).toBe('CHANNELD_AWAITING_LOCKIN');
  });

  it('waits for minimum_depth before channel_ready', () => {
    const pair = new Pair({ minimumDepth: 3 }).begin().settle().confirm().mine(1).settle();
    expect(pair.bob.live.lockin.sentReady).toBe(false);
    pair.mine(1).settle();
    expect(channelStatus(pair.bob.state)).toBe('CHANNELD_NORMAL');
    expect(channelStatus(pair.alice.state)).toBe('CHANNELD_NORMAL');
  });

  it('waits for the depth that the opener chose, where it is the deeper one', () => {
    const pair = new Pair({ minimumDepth: 1, openerDepth: 3 }).begin().settle().confirm().mine(1);
    expect(pair.settle().bob.live.lockin.sentReady).toBe(true);
    expect(pair.alice.live.lockin.sentReady).toBe(false);
    expect(pair.mine(1).settle().alice.live.lockin.sentReady).toBe(true);
    const shallow = new Pair({ minimumDepth: 3, openerDepth: 1 }).begin().settle();
    expect(shallow.alice.live.params.minimumDepth).toBe(3);
  });

  it('opens a zeroconf channel at once, under aliases', () => {
    const pair = new Pair({ type: { zeroconf: true, scidAlias: true } }).begin().settle();
    expect(channelStatus(pair.alice.state)).toBe('CHANNELD_NORMAL');
    expect(pair.alice.live.lockin.remoteAlias).toBe(22n);
    expect(pair.add(pair.alice, 5_000_000n).ok).toBe(true);
  });

  it('never sends channel_ready for a funding output of another amount', () => {
    const pair = new Pair().begin().settle();
    const tx = pair.fundingTx as NonNullable<typeof pair.fundingTx>;
    pair.fundingTx = { ...tx, outputs: tx.outputs.map((o) => ({ ...o, amount: sat(999_999) })) };
    pair.confirm().mine(10).settle();
    expect(pair.bob.live.lockin).toEqual({
      sentReady: false,
      receivedReady: false,
      wrongFunding: true,
    });
  });

  it('gets another short_channel_id after a reorg', () => {
    const pair = new Pair().open();
    for (const party of [pair.alice, pair.bob]) pair.input(party, { kind: 'fundingUnconfirmed' });
    expect(pair.alice.live.lockin.confirmed).toBeUndefined();
    pair.confirm(9);
    expect(pair.alice.live.lockin.confirmed).toEqual({ height: pair.height, txIndex: 9 });
    expect(pair.add(pair.alice, 5_000_000n).ok).toBe(true);
    pair.settle();
    expect(pair.complaints).toEqual([]);
  });

  it('is forgotten by both where the connection ends before funding_signed', () => {
    const pair = new Pair().begin();
    pair.deliver(pair.bob);
    pair.disconnect();
    expect(pair.alice.state.kind).toBe('closed');
    expect(pair.bob.state.kind).toBe('closed');
    expect(pair.bob.effects.some((e) => e.kind === 'forget')).toBe(true);
  });

  it('is remembered by the accepter from funding_signed on', () => {
    const pair = new Pair().begin();
    while (pair.bob.state?.kind !== 'live') pair.deliver(pair.bob) || pair.deliver(pair.alice);
    pair.disconnect();
    expect(pair.alice.state.kind).toBe('closed');
    expect(pair.bob.state.kind).toBe('live');
  });

  it('is forgotten by the accepter after 2016 blocks without the funding transaction', () => {
    const pair = new Pair().begin().settle().mine(2016);
    expect(pair.bob.state.kind).toBe('live');
    pair.mine(1);
    expect(pair.bob.state.kind).toBe('closed');
    expect(pair.alice.state.kind).toBe('live');
  });

  it('sends channel_ready again on a reconnection before the first commitment_signed', () => {
    const pair = new Pair().begin().settle().confirm().mine(3);
    pair.disconnect().reconnect().settle();
    expect(channelStatus(pair.alice.state)).toBe('CHANNELD_NORMAL');
    expect(channelStatus(pair.bob.state)).toBe('CHANNELD_NORMAL');
    expect(pair.complaints).toEqual([]);
  });

  it('fails where funding_signed or funding_created has a bad signature', () => {
    for (const [to, from] of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      const pair = new Pair().begin();
      const kind = to === 'alice' ? 'fundingSigned' : 'fundingCreated';
      for (;;) {
        const last = messagesIn(pair[from].effects).at(-1);
        if (last?.kind === kind) {
          const message = { ...last, signature: new Uint8Array(64).fill(1) };
          pair.input(pair[to], { kind: 'message', message });
          break;
        }
        pair.deliver(pair.bob) || pair.deliver(pair.alice);
      }
      expect(pair[to].state.kind).toBe('closed');
      expect(pair[to].effects.some((e) => e.kind === 'broadcastFunding')).toBe(false);
    }
  });
});

describe('receive open_channel', () => {
  it('as alice sends it: accept_channel', () => {
    expect(answerTo({})).toBe('acceptChannel');
  });

  const cases: [string, Partial<Open>, string, PairOptions?][] = [
    ['another chain', { chainHash: new Uint8Array(32) }, 'chain_hash'],
    ['no channel_type', { tlvs: {} }, 'without channel_type'],
    ['an undefined channel_type', { tlvs: type([12, 20]) }, 'not a defined one'],
    ['an optional bit in channel_type', { tlvs: type([13]) }, 'not a defined one'],
    [
      'a longer bitmap than needed',
      { tlvs: { channelType: Uint8Array.from([0, 0x10, 0]) } },
      'not a defined one',
    ],
    ['scid_alias on an announced channel', { channelFlags: 1, tlvs: type([12, 46]) }, 'scid_alias'],
    ['zeroconf from anyone', { tlvs: type([12, 50]) }, 'zeroconf'],
    [
      'anchors that were not agreed on',
      { tlvs: type([12, 22]) },
      'anchors',
      { features: featureBits([13]) },
    ],
    ['too small a channel', { fundingSatoshis: sat(9_999) }, 'funding_satoshis'],
    [
      'a large channel without option_support_large_channel',
      { fundingSatoshis: sat(1n << 24n) },
      'large',
      { features: featureBits([13, 23]) },
    ],
    ['push_msat above the funding', { pushMsat: msat(1_000_000_001) }, 'push_msat'],
    ['an opener that cannot pay the fee', { pushMsat: msat(999_999_000) }, 'cannot pay'],
    [
      'nobody above the reserve',
      { channelReserveSatoshis: sat(10_000), fundingSatoshis: sat(10_000) },
      'channel_reserve',
    ],
    ['too long a to_self_delay', { toSelfDelay: 2017 }, 'to_self_delay'],
    ['max_accepted_htlcs above 483', { maxAcceptedHtlcs: 484 }, 'max_accepted_htlcs'],
    ['no HTLC accepted', { maxAcceptedHtlcs: 0 }, 'max_accepted_htlcs'],
    ['a feerate below the minimum', { feeratePerKw: 252 }, 'feerate_per_kw'],
    ['an absurd feerate', { feeratePerKw: 100_001 }, 'feerate_per_kw'],
    ['dust limit below 354', { dustLimitSatoshis: sat(353) }, 'dust_limit'],
    ['an absurd dust limit', { dustLimitSatoshis: sat(1_063) }, 'dust_limit'],
    ['more satoshi than there are', { fundingSatoshis: sat(2_100_000_000_000_001n) }, 'funding'],
    [
      'dust limit above the reserve',
      { dustLimitSatoshis: sat(1001), channelReserveSatoshis: sat(1000) },
      'dust_limit',
    ],
    ['a reserve below our dust limit', { channelReserveSatoshis: sat(545) }, 'channel_reserve'],
    ['a reserve of a fifth and more', { channelReserveSatoshis: sat(200_001) }, 'channel_reserve'],
    ['too large an htlc_minimum_msat', { htlcMinimumMsat: msat(10_000_001) }, 'htlc_minimum'],
    [
      'too small a max_htlc_value_in_flight',
      { maxHtlcValueInFlightMsat: msat(999_999) },
      'max_htlc_value_in_flight',
    ],
    [
      'an upfront script in no known form',
      { tlvs: { ...type([12, 22]), upfrontShutdownScript: Uint8Array.from([0x51]) } },
      'upfront_shutdown_script',
    ],
  ];
  for (const [name, change, reason, options] of cases)
    it(`with ${name}: error`, () => {
      expect(answerTo(change, options)).toContain(reason);
    });

  it('with undefined channel_flags: they are ignored', () => {
    expect(answerTo({ channelFlags: 0xfe })).toBe('acceptChannel');
  });
});

describe('receive accept_channel', () => {
  it('as bob sends it: taken', () => {
    expect(answerToAccept({})).toBe('taken');
  });

  const cases: [string, Partial<Accept>, string, PairOptions?][] = [
    ['no channel_type', { tlvs: {} }, 'channel_type'],
    ['another channel_type', { tlvs: type([12]) }, 'channel_type'],
    ['a reserve below our dust limit', { channelReserveSatoshis: sat(545) }, 'reserve'],
    ['a dust limit above our reserve', { dustLimitSatoshis: sat(10_001) }, 'dust_limit'],
    ['a dust limit below 354', { dustLimitSatoshis: sat(353) }, 'dust_limit'],
    ['an absurd minimum_depth', { minimumDepth: 2017 }, 'minimum_depth'],
    ['max_accepted_htlcs above 483', { maxAcceptedHtlcs: 484 }, 'max_accepted_htlcs'],
    ['too long a to_self_delay', { toSelfDelay: 2017 }, 'to_self_delay'],
    [
      'minimum_depth on a zeroconf channel',
      { minimumDepth: 1 },
      'minimum_depth',
      { type: { zeroconf: true, scidAlias: true } },
    ],
  ];
  for (const [name, change, reason, options] of cases)
    it(`with ${name}: error`, () => {
      expect(answerToAccept(change, options)).toContain(reason);
    });
});

describe('open a channel', () => {
  it('refuses at once what the peer would have to refuse', () => {
    const params = new Pair().openParams();
    expect(refuseOpen(params)).toBeUndefined();
    expect(refuseOpen({ ...params, pushMsat: msat(10n ** 12n) })).toContain('push_msat');
    expect(
      refuseOpen({ ...params, announce: true, type: { ...params.type, scidAlias: true } }),
    ).toContain('scid_alias');
    const small = featureBits([13]);
    expect(
      refuseOpen({ ...params, fundingAmount: sat(1n << 24n), remoteFeatures: small }),
    ).toContain('large');
  });

  it('sends the smallest bitmap of the channel_type', () => {
    const bits = (anchors: boolean, scidAlias: boolean) =>
      encodeChannelType({ anchors, scidAlias, zeroconf: false });
    expect(bits(false, false)).toEqual(featureBits([12]));
    expect(bits(true, true)).toEqual(featureBits([12, 22, 46]));
  });
});
