/**
 * Two channel machines under everything that a network and a power cut can do, in every order:
 * the model is rust-lightning's chanmon_consistency. Whatever happens, honest peers never fail a
 * channel or warn each other, no satoshi appears or vanishes, both sides agree on every commitment
 * (their signatures verify), and every HTLC ends exactly once and the same for both.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTx } from '../../src/core/bitcoin/index.js';
import { msat, sat, toHex } from '../../src/core/bytes/index.js';
import { commitmentCost, summarize } from '../../src/core/channel/balances.js';
import {
  buildCommitment,
  decodeChannel,
  encodeChannel,
  type LiveState,
  type LocalTerms,
  ourCommitment,
  revokedHtlcs,
  specOf,
  verifyCommitment,
} from '../../src/core/channel/index.js';
import { largestAdd, offerBounds, refuseAdd } from '../../src/core/channel/limits.js';
import { ripemd160 } from '../../src/core/crypto/index.js';
import { conserved } from '../support/conserved.js';
import { Pair, type Party } from '../unit/channel/harness.js';
import { FEES } from '../unit/channel/kit.js';

type Who = 'alice' | 'bob';

type Action =
  | { readonly kind: 'deliver'; readonly who: Who; readonly count: number }
  | { readonly kind: 'sign'; readonly who: Who }
  /** The usual course of things for a while: deliver what is there, sign what is due. */
  | { readonly kind: 'flow'; readonly first: Who; readonly steps: number }
  | { readonly kind: 'add'; readonly who: Who; readonly amount: bigint }
  /** As much as alice may, and many small ones of bob's that cross with it. */
  | { readonly kind: 'cross'; readonly count: number }
  | { readonly kind: 'end'; readonly who: Who; readonly pick: number; readonly how: 0 | 1 | 2 }
  | { readonly kind: 'fee'; readonly feerate: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'crash'; readonly who: Who }
  | { readonly kind: 'flush'; readonly who: Who }
  | { readonly kind: 'connect' }
  | { readonly kind: 'block' };

const who = fc.constantFrom<Who>('alice', 'bob');

const amount = fc.oneof(
  { weight: 3, arbitrary: fc.bigInt({ min: 1n, max: 2_000_000n }) },
  { weight: 3, arbitrary: fc.bigInt({ min: 2_000_000n, max: 60_000_000n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 60_000_000n, max: 1_000_000_000n }) },
  // As much as the channel lets pass: found when the action is carried out.
  { weight: 1, arbitrary: fc.constant(-1n) },
);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      who,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('sign' as const), who }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('flow' as const),
      first: who,
      steps: fc.integer({ min: 1, max: 16 }),
    }),
  },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant('add' as const), who, amount }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('cross' as const),
      count: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      who,
      pick: fc.nat(100),
      how: fc.constantFrom<0 | 1 | 2>(0, 0, 0, 1, 1, 2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fee' as const),
      feerate: fc.integer({ min: 253, max: 5000 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'cut' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const), who }) },
  { weight: 5, arbitrary: fc.constant({ kind: 'connect' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'block' as const }) },
);

function sameAfterDisk(state: LiveState): void {
  const bytes = encodeChannel(state);
  const decoded = decodeChannel(bytes);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
  const { offer: _, lastRemoteFee: __, ...shutdown } = state.shutdown;
  const announcement = { ...state.announcement, sent: false };
  const link = { kind: 'offline' as const };
  expect(decoded.value).toEqual({ ...state, announcement, shutdown, link });
}

/**
 * Seen by the accepter: what the opener signed leaves it its reserve, at the feerate in force or,
 * where HTLCs have crossed that not even the lowest feerate pays for, at none.
 */
function reserveIsKept({ params, commitments, shutdown }: LiveState): void {
  // Feerates stay as they are once a close has begun.
  if (shutdown.localScript !== undefined || shutdown.remoteScript !== undefined) return;
  const keeps = (feeratePerKw?: number): boolean => {
    const s = summarize(params, commitments, 'local', feeratePerKw ? { feeratePerKw } : {});
    const cost = commitmentCost(params.format, s.feeratePerKw, s.untrimmed);
    return s.balances.remote >= (params.local.channelReserve + cost) * 1000n;
  };
  expect(keeps() || !keeps(FEES.minimum)).toBe(true);
}

/** Small channels in which every limit is met sooner or later. */
interface Setting {
  readonly anchors: boolean;
  readonly funding: number;
  /** Percent. */
  readonly push: number;
  readonly alice: SideSetting;
  readonly bob: SideSetting;
}

interface SideSetting {
  readonly dustLimit: number;
  readonly maxAcceptedHtlcs: number;
  readonly maxInFlight: number;
}

const sideSetting: fc.Arbitrary<SideSetting> = fc.record({
  dustLimit: fc.constantFrom(354, 546, 1062),
  maxAcceptedHtlcs: fc.constantFrom(1, 3, 12, 100),
  maxInFlight: fc.constantFrom(5_000_000, 50_000_000, 1_000_000_000),
});

const settings = (anchors: boolean): fc.Arbitrary<Setting> =>
  fc.record({
    anchors: fc.constant(anchors),
    funding: fc.constantFrom(30_000, 100_000, 1_000_000),
    push: fc.constantFrom(0, 2, 50, 80),
    alice: sideSetting,
    bob: sideSetting,
  });

/** Nothing bounds what both offer but their balances. */
const wide: SideSetting = { dustLimit: 354, maxAcceptedHtlcs: 100, maxInFlight: 1_000_000_000 };
const roomy: fc.Arbitrary<Setting> = fc.record({
  anchors: fc.constant(true),
  funding: fc.constantFrom(100_000, 1_000_000),
  push: fc.constantFrom(50, 80, 95),
  alice: fc.constant(wide),
  bob: fc.constant(wide),
});

const termsOf = (s: SideSetting): Partial<LocalTerms> => ({
  dustLimit: sat(s.dustLimit),
  maxAcceptedHtlcs: s.maxAcceptedHtlcs,
  maxHtlcValueInFlight: msat(s.maxInFlight),
  channelReserve: sat(1500),
});

const nameOf = (offeredBy: string, hash: Uint8Array, expiry: number): string =>
  `${offeredBy} ${toHex(hash)} ${expiry}`;

class Run {
  readonly pair: Pair;
  steps = 0;
  /** What each side could broadcast: of every commitment it ever had, the HTLCs with an output. */
  readonly history: Record<Who, Map<bigint, string[]>> = { alice: new Map(), bob: new Map() };

  constructor(setting: Setting) {
    const { anchors, funding, push, alice, bob } = setting;
    this.pair = new Pair({
      type: { anchors },
      funding: sat(funding),
      push: msat(BigInt(funding) * 10n * BigInt(push)),
      feeratePerKw: 500,
      terms: { alice: termsOf(alice), bob: termsOf(bob) },
    }).open();
    this.pair.check = (party) => {
      if (party.state.kind !== 'live') return;
      conserved(party.state);
      if (this.steps++ % 16 === 0) sameAfterDisk(party.state);
      if (party === this.pair.bob && anchors) reserveIsKept(party.state);
      this.couldClose(party, party.state);
    };
  }

  /**
   * At any instant a side may go to the chain: its latest commitment is fully signed, and the other
   * side, whatever it has forgotten by a crash, knows what that is.
   */
  private couldClose(party: Party, s: LiveState): void {
    const { number, signature, htlcSignatures } = s.commitments.local;
    if (this.history[party.name].has(number)) return;
    const ours = ourCommitment(s, party.signer);
    expect(verifyCommitment(ours, { signature, htlcSignatures })).toEqual({
      ok: true,
      value: undefined,
    });
    this.history[party.name].set(
      number,
      ours.htlcs
        .map(({ htlc }) => nameOf(htlc.offeredBy, ripemd160(htlc.paymentHash), htlc.cltvExpiry))
        .sort(),
    );
    const { state } = this.pair.other(party);
    if (state.kind !== 'live') return;
    const { remote } = state.commitments;
    const view = number === remote.number ? 'remoteUnrevoked' : 'remote';
    const spec = specOf(state.commitments, view);
    expect(spec.commitmentNumber).toBe(number);
    const point = number === remote.number ? remote.point : (remote.nextPoint as Uint8Array);
    const theirs = buildCommitment(state.params, 'remote', point, spec);
    expect(toHex(theirs.txid)).toBe(toHex(ours.txid));
  }

  party(name: Who): Party {
    return this.pair[name];
  }

  apply(a: Action): void {
    const { pair } = this;
    switch (a.kind) {
      case 'deliver':
        for (let i = 0; i < a.count; i++) pair.deliver(this.party(a.who));
        return;
      case 'sign':
        pair.sign(this.party(a.who));
        return;
      case 'flow':
        this.flow(this.party(a.first), a.steps);
        return;
      case 'add':
        this.add(this.party(a.who), a.amount);
        return;
      case 'cross':
        this.add(pair.alice, -1n);
        for (let i = 0; i < a.count; i++) this.add(pair.bob, 1_100_000n);
        return;
      case 'end': {
        const party = this.party(a.who);
        const ids = [...party.received.keys()].filter((id) => !party.decided.has(id));
        const id = ids[a.pick % Math.max(ids.length, 1)];
        if (id !== undefined) pair.decide(party, id, DECISIONS[a.how]);
        return;
      }
      case 'fee':
        pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: a.feerate });
        return;
      case 'cut':
        if (pair.connected) pair.disconnect();
        return;
      case 'crash':
        pair.crash(this.party(a.who));
        return;
      case 'flush':
        pair.save(this.party(a.who));
        return;
      case 'connect':
        if (!pair.connected) pair.reconnect();
        return;
      case 'block':
        pair.mine();
        return;
    }
  }

  private add(party: Party, wanted: bigint): void {
    const { state } = party;
    if (state.kind !== 'live') return;
    const bounds = offerBounds(state.params, state.commitments, 'local');
    const largest = largestAdd(bounds);
    const value = wanted === -1n ? largest : msat(wanted);
    // What the view promises is what the limits let pass, to the millisatoshi.
    if (largest > 0n) expect(refuseAdd(bounds, largest)).toBeUndefined();
    for (const more of [1n, 1000n, 354_000n, 2_000_000n])
      expect(refuseAdd(bounds, msat(largest + more))).toBeDefined();
    if (value <= 0n) return;
    const result = this.pair.add(party, value);
    const { link, shutdown } = state;
    // An HTLC is refused for the limits, or since nobody is there, and for nothing else.
    if (link.kind === 'online' && shutdown.localScript === undefined)
      expect(result.ok).toBe(refuseAdd(bounds, value) === undefined);
  }

  private flow(first: Party, steps: number): void {
    const { pair } = this;
    const second = pair.other(first);
    for (let i = 0; i < steps; i++)
      if (!pair.deliver(i % 2 === 0 ? first : second)) pair.sign(i % 2 === 0 ? second : first);
  }

  /** Peace at last: connected, everything delivered, every HTLC ended. */
  finish(): void {
    const { pair } = this;
    if (!pair.connected) pair.reconnect();
    pair.settle();
    for (const party of [pair.alice, pair.bob])
      for (const id of [...party.received.keys()])
        pair.decide(party, id, DECISIONS[id % 2n === 0n ? 0 : 1]);
    pair.settle();
  }

  /** Ends in a close, perhaps cut short: both have one transaction that pays what is due. */
  close(by: Who, cuts: readonly number[]): void {
    const { pair } = this;
    const party = this.party(by);
    pair.command(party, { kind: 'shutdown', ref: party.ref++ });
    for (const steps of cuts) {
      this.flow(pair.alice, steps);
      if (steps % 2 === 0) pair.crash(pair.other(party));
      else pair.disconnect();
      pair.reconnect();
    }
    pair.settle();
    expect(pair.complaints).toEqual([]);
    const [a, b] = [pair.alice.live.shutdown.tx, pair.bob.live.shutdown.tx];
    if (a === undefined || b === undefined) throw new Error('the two did not agree on a close');
    const { commitments, params } = pair.alice.live;
    // BOLT 3, Legacy Closing Transaction: each side leaves out what is below its own dust limit,
    // so that an output between the two limits gives two transactions, either of them good.
    const between = [commitments.settledLocal, commitments.settledRemote].some(
      (msats) => msats < 3_000_000n,
    );
    if (!between) expect(toHex(a)).toBe(toHex(b));
    const outputs = decodeTx(a)?.outputs ?? [];
    const sum = outputs.reduce((total, o) => total + o.amount, 0n);
    const dust = [commitments.settledLocal, commitments.settledRemote].reduce(
      (total, msats) => total + (msats / 1000n < 3000n ? msats / 1000n : 0n),
      0n,
    );
    expect(params.fundingAmount - sum <= 5000n + dust).toBe(true);
  }

  judge(): void {
    const { alice, bob } = this.pair;
    expect(this.pair.complaints).toEqual([]);
    for (const [sender, receiver] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      for (const payment of sender.payments.values()) {
        const decided = [...receiver.decided.values()].find(
          (d) => toHex(d.htlc.paymentHash) === payment.hash,
        );
        const { ended } = payment;
        if (ended === undefined) throw new Error('an HTLC never ended');
        if (decided === undefined) {
          expect(ended).toEqual({ kind: 'failed', why: { kind: 'uncommitted' } });
          expect(receiver.everReceived.has(payment.hash)).toBe(false);
        } else
          expect(ended.kind).toBe(decided.decision.kind === 'fulfill' ? 'fulfilled' : 'failed');
      }
    }
    const [a, b] = [alice.live, bob.live];
    expect(a.commitments.htlcs).toEqual([]);
    expect(b.commitments.htlcs).toEqual([]);
    const won = (party: Party): bigint =>
      [...party.payments.values()].reduce(
        (sum, p) => sum + (p.ended?.kind === 'fulfilled' ? p.amountMsat : 0n),
        0n,
      );
    const start = a.params.fundingAmount * 1000n - a.params.pushMsat;
    expect(a.commitments.settledLocal).toBe(start - won(alice) + won(bob));
    expect(a.commitments.settledLocal).toBe(b.commitments.settledRemote);
    expect(a.commitments.settledRemote).toBe(b.commitments.settledLocal);
    expect(a.commitments.local.number).toBe(b.commitments.remote.number);
    expect(a.commitments.remote.number).toBe(b.commitments.local.number);
    this.penalties(alice);
    this.penalties(bob);
  }

  /** Of every revoked commitment the rows tell each HTLC output, so that a penalty can claim it. */
  private penalties(party: Party): void {
    const { params, commitments } = party.live;
    const rows = [...new Map(party.revoked.map((r) => [r.number, r.data])).entries()]
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([commitmentNumber, data]) => ({ commitmentNumber, data }));
    expect(rows.length).toBe(Number(commitments.remote.number));
    const unrevoked = specOf(commitments, 'remoteUnrevoked');
    const other = this.pair.other(party).name;
    for (const [i, row] of rows.entries()) {
      const known = revokedHtlcs(params, row.commitmentNumber, rows.slice(i, i + 64), unrevoked);
      const mirrored = known?.map((h) =>
        nameOf(h.offeredBy === 'local' ? 'remote' : 'local', h.hash, h.cltvExpiry),
      );
      expect(mirrored?.sort()).toEqual(this.history[other].get(row.commitmentNumber));
    }
  }
}

const DECISIONS = [
  { kind: 'fulfill' },
  { kind: 'fail', reason: new Uint8Array(292).fill(3) },
  { kind: 'malformed' },
] as const;

const RUNS = Number(process.env['CHANNEL_RUNS'] ?? 60);

function hold(setting: fc.Arbitrary<Setting>, runs: number): void {
  fc.assert(
    fc.property(
      fc.array(action, { minLength: 20, maxLength: 150 }),
      setting,
      who,
      fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
      (actions, chosen, closer, cuts) => {
        const run = new Run(chosen);
        for (const a of actions) run.apply(a);
        run.finish();
        run.judge();
        run.close(closer, cuts);
      },
    ),
    { numRuns: runs, interruptAfterTimeLimit: 600_000 },
  );
}

describe('two honest channels', () => {
  for (const anchors of [true, false])
    it(`keep every promise under any interleaving (${anchors ? 'anchors' : 'static_remotekey'})`, () => {
      hold(settings(anchors), RUNS);
    }, 700_000);

  it('keep the opener’s reserve, though HTLCs of both sides cross', () => {
    hold(roomy, Math.ceil(RUNS / 2));
  }, 700_000);
});
