/** BOLT 5, "Revoked Transaction Close Handling": a cheater loses everything, at every stage. */
import { describe, expect, it } from 'vitest';
import type { Transaction } from '../../../src/core/bitcoin/index.js';
import { toHex } from '../../../src/core/bytes/index.js';
import type { CommitmentFormat } from '../../../src/core/channel/commitment/index.js';
import { DELAY, FUNDING, htlc, idOf, type StateSpec, World, type WorldOptions } from './kit.js';

const FORMATS: readonly CommitmentFormat[] = ['staticRemotekey', 'anchors'];
const COINS = 190_000n;
const FEES = 8000n;
const expiry = 180;

/** Alice ends with the whole channel but for what the revoked commitment burned as fee and anchors. */
function expectAll(world: World): void {
  const got = world.wallet.balance() - COINS;
  expect(got).toBeGreaterThan(BigInt(FUNDING) - FEES);
  expect(world.refused).toEqual([]);
}

/** Whether a confirmed transaction spends the output named so. */
const isSpent = (w: World, key: string): boolean =>
  w.state.spends.some(({ tx }) => tx.inputs.some((i) => `${toHex(i.txid)}:${i.vout}` === key));

const offered = htlc(7, 'local', 50_000, expiry);
const received = htlc(8, 'remote', 60_000, expiry);
/** Bob had most, then HTLCs both ways, then alice has most. */
const STATES: readonly StateSpec[] = [
  { alice: 200_000, htlcs: [] },
  { alice: 150_000, htlcs: [offered] },
  { alice: 150_000, htlcs: [offered, received] },
  { alice: 150_000, htlcs: [received] },
  { alice: 900_000, htlcs: [] },
];

for (const format of FORMATS) {
  const world = (options: Partial<WorldOptions> = {}): World =>
    new World({ format, states: STATES, ...options });

  describe(`${format}: the peer broadcasts a revoked commitment`, () => {
    for (const n of [0, 1, 2, 3]) {
      it(`number ${n}: one penalty takes all its outputs`, () => {
        const w = world();
        w.confirm(w.remoteCommitment(n));
        expect(w.endings()).toEqual(['revoked']);
        expect(w.purposes()).toEqual(['penalty', 'sweep']);
        w.mine(1);
        expectAll(w);
        expect(w.broadcasts.filter((b) => b.purpose === 'penalty').length).toBe(1);
        w.mine(98);
        expect(w.resolved()).toBe(false);
        w.mine(1);
        expect(w.resolved()).toBe(true);
      });
    }

    it('one after the other of 50 revoked states: each loses everything', () => {
      const states = Array.from({ length: 51 }, (_, i) => ({
        alice: 100_000 + i * 1000,
        htlcs:
          i % 3 === 0
            ? []
            : [
                htlc(i, 'local', 20_000, expiry),
                htlc(1000 + i - (i % 3), 'remote', 30_000, expiry),
              ],
      }));
      for (const n of [0, 1, 7, 24, 48, 49]) {
        const w = world({ states });
        w.confirm(w.remoteCommitment(n));
        w.mine(2);
        expectAll(w);
      }
    });

    it('and its HTLC-success: the penalty takes the second stage, the preimage goes upstream', () => {
      const w = world();
      // Bob's coins pay for the anchor format's zero-fee transaction by a block of his own.
      w.confirm(w.remoteCommitment(2));
      w.confirm(w.bobSecondStage(2, 7));
      w.mine(1);
      expectAll(w);
      w.mine(110);
      expect(w.resolved()).toBe(true);
    });

    it('and its HTLC-timeout, after the first penalty was kept from confirming', () => {
      const w = world();
      w.confirm(w.remoteCommitment(2));
      w.wait(2);
      while (w.height < expiry) w.wait(1);
      // The cheater's time for to_local has come, but we split and it did not move.
      w.confirm(w.bobSecondStage(2, 8));
      w.mine(2);
      expect(w.wallet.balance() - COINS).toBeGreaterThan(BigInt(FUNDING) - 30_000n);
    });

    it('both second stages in one block with nothing else', () => {
      const w = world({
        states: STATES.map((s) => ({
          ...s,
          htlcs: s.htlcs.map((h) => ({ ...h, cltvExpiry: 100 })),
        })),
      });
      w.confirm(w.remoteCommitment(2));
      w.confirm(w.bobSecondStage(2, 7), w.bobSecondStage(2, 8));
      w.mine(1);
      expectAll(w);
    });

    if (format === 'anchors') {
      // Signed with SIGHASH_SINGLE, they may be joined where their locktimes are equal.
      it('two HTLC-success transactions joined into one', () => {
        const two = [offered, htlc(6, 'local', 40_000, expiry), received];
        const w = world({ states: [{ alice: 100_000, htlcs: two }, ...STATES.slice(4)] });
        w.confirm(w.remoteCommitment(0));
        w.confirm(w.bobSecondStages(0, [7, 6]));
        w.mine(1);
        expectAll(w);
      });
    }

    it('an HTLC still alive that the revoked state does not have fails upstream', () => {
      const alive = htlc(9, 'local', 70_000, 5000);
      const w = world({ states: [...STATES, { alice: 800_000, htlcs: [alive] }] });
      w.confirm(w.remoteCommitment(0));
      w.mine(1);
      expect(w.outcomes(9)).toEqual([]);
      w.mine(1);
      expect(w.outcomes(9)).toEqual(['htlcFailed']);
    });

    it('an HTLC still alive is fulfilled upstream where the cheater shows its preimage', () => {
      const w = world({ states: [...STATES.slice(0, 3), { alice: 500_000, htlcs: [offered] }] });
      w.confirm(w.remoteCommitment(2));
      w.confirm(w.bobSecondStage(2, 7));
      expect(w.outcomes(7)).toEqual(['htlcFulfilled']);
      w.mine(2);
      expectAll(w);
    });

    it('near the end of its delay each output is claimed by itself', () => {
      const w = world();
      w.confirm(w.remoteCommitment(2));
      const count = (): number => w.broadcasts.filter((b) => b.purpose === 'penalty').length;
      expect(count()).toBe(1);
      w.wait(DELAY - 18);
      const apart = w.state.claims.filter((c) => c.purpose === 'penalty');
      expect(apart.map((c) => c.outputs.length)).toEqual([1, 1, 1]);
      // BIP 125: the first one pays more than the one it replaces, and for its relay.
      expect(w.refused).toEqual([]);
      for (const { tx } of apart)
        expect(w.chain.mempool.get(idOf(tx as Transaction))).toBeDefined();
      w.mine(2);
      expect(w.wallet.balance() - COINS).toBeGreaterThan(BigInt(FUNDING) - 20_000n);
    });

    it('where no output alone can pay for the replacement, as few as can stay together', () => {
      const small = Array.from({ length: 12 }, (_, i) => htlc(20 + i, 'local', 4000, expiry));
      // Bob has nothing in it but HTLCs.
      const all = { alice: FUNDING - 48_000 - 1000, htlcs: small };
      const w = world({
        states: [all, { alice: FUNDING - 20_000, htlcs: [] }],
        feeratePerKw: 4000,
      });
      w.confirm(w.remoteCommitment(0));
      const penalties = () => w.state.claims.filter((c) => c.purpose === 'penalty');
      const whole = penalties()[0]?.outputs.length ?? 0;
      expect(whole).toBeGreaterThanOrEqual(12);
      w.wait(DELAY - 18);
      const sizes = penalties().map((c) => c.outputs.length);
      expect(sizes[0]).toBeGreaterThan(1);
      expect(sizes[0]).toBeLessThan(whole);
      expect(new Set(sizes.slice(1))).toEqual(new Set([1]));
      expect(w.refused).toEqual([]);
      w.wait(5);
      expect(w.refused).toEqual([]);
      w.mine(1);
      expect(penalties().every((c) => c.outputs.every((key) => isSpent(w, key)))).toBe(true);
    });

    it('with its HTLCs unknown to us the balances are taken all the same', () => {
      const w = world();
      w.loseRows();
      w.confirm(w.remoteCommitment(2));
      w.mine(1);
      expect(w.said.some((e) => e.kind === 'note' && e.level === 'error')).toBe(true);
      expect(w.wallet.balance() - COINS).toBeGreaterThan(BigInt(FUNDING - 110_000) - FEES);
    });
  });

  describe(`${format}: our own revoked commitment, from a restored backup`, () => {
    it('is named so, and our output is claimed if the peer sleeps', () => {
      const w = world();
      w.confirm(w.ownRevokedCommitment(0));
      expect(w.endings()).toEqual(['ownRevoked']);
      w.mine(DELAY + 5);
      expect(w.wallet.balance() - COINS).toBeGreaterThan(200_000n - FEES);
    });
  });
}

describe('a revoked commitment that a reorg replaces by the current one', () => {
  it('is dealt with as what it is each time', () => {
    const w = new World({ format: 'anchors', states: STATES });
    const [old, current] = [w.remoteCommitment(1), w.remoteCommitment(4)];
    w.confirm(old);
    expect(w.endings()).toEqual(['revoked']);
    w.reorgInto([current]);
    expect(w.endings()).toEqual(['revoked', 'remote']);
    expect(idOf(w.state.spends[0]?.tx as never)).toBe(idOf(current));
    w.mine(110);
    expect(w.wallet.balance() - COINS).toBeGreaterThan(900_000n - FEES);
    expect(w.resolved()).toBe(true);
  });
});
