/** BOLT 5: each way a channel ends without anyone cheating, on a chain that verifies everything. */
import { describe, expect, it } from 'vitest';
import type { CommitmentFormat } from '../../../src/core/channel/commitment/index.js';
import { DELAY, htlc, preimageOf, World, type WorldOptions } from './kit.js';

const FORMATS: readonly CommitmentFormat[] = ['staticRemotekey', 'anchors'];
/** Of the coins that alice had besides the channel. */
const COINS = 190_000n;
/** What all fees of an ending may come to. */
const FEES = 6000n;

/** Alice ends with `due` satoshis of the channel, less fees that are not absurd. */
function expectPaid(world: World, due: number): void {
  const got = world.wallet.balance() - COINS;
  expect(got).toBeLessThanOrEqual(BigInt(due));
  expect(got).toBeGreaterThan(BigInt(due) - FEES);
  expect(world.refused).toEqual([]);
}

for (const format of FORMATS) {
  const world = (options: Omit<WorldOptions, 'format'>): World => new World({ format, ...options });
  const expiry = 200;

  describe(`${format}: our commitment`, () => {
    it('without HTLCs: to_local is swept once its delay is over', () => {
      const w = world({ states: [{ alice: 600_000, htlcs: [] }] });
      w.confirm(w.localCommitment());
      expect(w.endings()).toEqual(['local']);
      w.wait(DELAY + 2);
      expect(w.broadcasts).toEqual([]);
      w.wait(1);
      expect(w.purposes()).toEqual(['sweep']);
      w.mine(1);
      expectPaid(w, 600_000);
      w.mine(98);
      expect(w.resolved()).toBe(false);
      w.mine(1);
      expect(w.resolved()).toBe(true);
    });

    it('an HTLC we offered that times out comes back, and fails upstream when that is deep', () => {
      const w = world({ states: [{ alice: 500_000, htlcs: [htlc(7, 'local', 50_000, expiry)] }] });
      w.confirm(w.localCommitment());
      w.mine(expiry - w.height - 1);
      expect(w.purposes()).not.toContain('htlc_timeout');
      w.mine(1);
      expect(w.purposes()).toContain('htlc_timeout');
      w.mine(1);
      expect(w.outcomes(7)).toEqual([]);
      w.mine(2);
      expect(w.outcomes(7)).toEqual(['htlcFailed']);
      w.mine(150);
      expectPaid(w, 550_000);
      expect(w.resolved()).toBe(true);
      expect(w.outcomes(7)).toEqual(['htlcFailed']);
    });

    it('an HTLC we offered that the peer takes with its preimage is fulfilled upstream', () => {
      const w = world({ states: [{ alice: 500_000, htlcs: [htlc(7, 'local', 50_000, expiry)] }] });
      w.confirm(w.localCommitment());
      w.feed({ kind: 'preimage', preimage: new Uint8Array(31) });
      expect(w.outcomes(7)).toEqual([]);
      w.confirm(w.peerTakesFromLocal(7));
      expect(w.outcomes(7)).toEqual(['htlcFulfilled']);
      w.mine(150);
      expectPaid(w, 500_000);
      expect(w.outcomes(7)).toEqual(['htlcFulfilled']);
      expect(w.resolved()).toBe(true);
    });

    it('the preimage is learned from the mempool already', () => {
      const w = world({ states: [{ alice: 500_000, htlcs: [htlc(7, 'local', 50_000, expiry)] }] });
      w.confirm(w.localCommitment());
      w.feed({ kind: 'spent', tx: w.encode(w.peerTakesFromLocal(7)) });
      expect(w.outcomes(7)).toEqual(['htlcFulfilled']);
    });

    it('an HTLC offered to us is taken with a preimage known before or learned later', () => {
      for (const known of [[8], []]) {
        const w = world({
          states: [{ alice: 500_000, htlcs: [htlc(8, 'remote', 60_000, expiry)] }],
          known,
        });
        w.confirm(w.localCommitment());
        w.mine(3);
        if (known.length === 0) {
          expect(w.broadcasts).toEqual([]);
          w.feed({ kind: 'preimage', preimage: preimageOf(8) });
        }
        expect(w.purposes()).toEqual(['htlc_success']);
        w.mine(150);
        expectPaid(w, 560_000);
        expect(w.resolved()).toBe(true);
      }
    });

    it('200 blocks later, for a node that was away: HTLCs and balance are claimed at once', () => {
      const w = world({
        states: [
          {
            alice: 450_000,
            htlcs: [htlc(7, 'local', 50_000, expiry), htlc(8, 'remote', 60_000, 500)],
          },
        ],
        known: [8],
      });
      w.offline = true;
      w.chain.mineExactly([w.encode(w.localCommitment())]);
      w.chain.mine(200);
      w.offline = false;
      w.follow();
      expect(w.broadcasts.map((b) => b.purpose).sort()).toEqual([
        'htlc_success',
        'htlc_timeout',
        'sweep',
      ]);
      w.mine(150);
      expectPaid(w, 560_000);
    });

    it('an HTLC offered to us without a preimage is left to the peer', () => {
      const w = world({ states: [{ alice: 500_000, htlcs: [htlc(8, 'remote', 60_000, expiry)] }] });
      w.confirm(w.localCommitment());
      w.mine(expiry - w.height + 98);
      expect(w.resolved()).toBe(false);
      w.mine(1);
      expect(w.resolved()).toBe(true);
      expectPaid(w, 500_000);
      expect(w.purposes()).toEqual(['sweep']);
    });
  });

  describe(`${format}: the peer's commitment`, () => {
    for (const which of ['remote', 'remoteNext'] as const) {
      const offered = htlc(7, 'local', 50_000, expiry);
      const received = htlc(8, 'remote', 60_000, expiry);
      const both = [offered, received];
      const make = (known: readonly number[] = []): World =>
        world({
          states:
            which === 'remote'
              ? [{ alice: 440_000, htlcs: both }]
              : [{ alice: 490_000, htlcs: [received] }],
          ...(which === 'remoteNext' ? { next: { alice: 440_000, htlcs: both } } : {}),
          known,
        });
      const number = which === 'remote' ? 0 : 1;

      it(`${which}: to_remote is swept, timed-out HTLCs come back, ours is taken`, () => {
        const w = make([8]);
        w.confirm(w.remoteCommitment(number));
        expect(w.endings()).toEqual([which]);
        expect(w.purposes()).toEqual(['htlc_success', 'sweep']);
        w.mine(expiry - w.height - 1);
        expect(w.purposes()).not.toContain('htlc_timeout');
        w.mine(4);
        expect(w.outcomes(7)).toEqual(['htlcFailed']);
        w.mine(110);
        expectPaid(w, 440_000 + 50_000 + 60_000);
        expect(w.resolved()).toBe(true);
      });

      it(`${which}: the peer takes our HTLC by its HTLC-success transaction`, () => {
        const w = make();
        w.confirm(w.remoteCommitment(number));
        w.confirm(w.bobSecondStage(number, 7));
        expect(w.outcomes(7)).toEqual(['htlcFulfilled']);
        w.mine(expiry - w.height + 100);
        expectPaid(w, 440_000);
        expect(w.resolved()).toBe(true);
      });

      // With anchors every HTLC output waits for one block.
      if (format === 'staticRemotekey') {
        it(`${which}: commitment and HTLC-success in one block`, () => {
          const w = make();
          w.confirm(w.remoteCommitment(number), w.bobSecondStage(number, 7));
          expect(w.outcomes(7)).toEqual(['htlcFulfilled']);
        });
      }
    }

    it('an HTLC that is only in the next commitment fails once the current one is deep', () => {
      const w = world({
        states: [{ alice: 500_000, htlcs: [] }],
        next: { alice: 450_000, htlcs: [htlc(7, 'local', 50_000, expiry)] },
      });
      w.confirm(w.remoteCommitment(0));
      w.mine(1);
      expect(w.outcomes(7)).toEqual([]);
      w.mine(1);
      expect(w.outcomes(7)).toEqual(['htlcFailed']);
      w.mine(110);
      expectPaid(w, 500_000);
    });

    it('an HTLC that is dust in every commitment fails at once', () => {
      const w = world({ states: [{ alice: 500_000, htlcs: [htlc(7, 'local', 300, expiry)] }] });
      w.feed({ kind: 'spent', tx: w.encode(w.remoteCommitment(0)) });
      expect(w.outcomes(7)).toEqual([]);
      w.confirm(w.remoteCommitment(0));
      expect(w.outcomes(7)).toEqual(['htlcFailed']);
    });

    it('newer than all we know (data loss): our balance is found by its script', () => {
      const w = world({
        states: [{ alice: 500_000, htlcs: [htlc(7, 'local', 50_000, expiry)] }],
        next: { alice: 450_000, htlcs: [] },
      });
      w.forgetNext();
      w.confirm(w.remoteCommitment(1));
      expect(w.endings()).toEqual(['future']);
      w.mine(5);
      expect(w.outcomes(7)).toEqual([]);
      w.mine(expiry - w.height + 3);
      expect(w.outcomes(7)).toEqual(['htlcFailed']);
      w.mine(100);
      expectPaid(w, 450_000);
      expect(w.resolved()).toBe(true);
    });
  });

  describe(`${format}: a channel restored from its backup`, () => {
    const states = [
      { alice: 300_000, htlcs: [] },
      { alice: 500_000, htlcs: [] },
    ];
    const notes = (w: World) =>
      w.said.flatMap((e) => (e.kind === 'note' ? [`${e.level}: ${e.text}`] : []));

    for (const n of [0, 1]) {
      it(`the peer closes with its commitment ${n}: our balance comes home, and no alarm is given`, () => {
        const w = world({ states: states.slice(0, n + 1) });
        const close = w.remoteCommitment(n);
        w.loseState();
        w.confirm(close);
        expect(w.endings()).toEqual(['future']);
        expect(notes(w)).toEqual([expect.stringMatching(/^warn: .*state that this node has lost/)]);
        w.mine(110);
        expectPaid(w, n === 0 ? 300_000 : 500_000);
        expect(w.resolved()).toBe(true);
      });
    }

    it('our own last commitment is on the chain: our balance comes home after its delay', () => {
      const w = world({ states });
      const close = w.localCommitment();
      w.loseState();
      w.confirm(close);
      expect(notes(w)).toEqual([expect.stringMatching(/^warn: .*state that this node has lost/)]);
      w.mine(DELAY + 110);
      expectPaid(w, 500_000);
    });
  });

  describe(`${format}: a spend of the funding output that nobody knows`, () => {
    it('is told to the operator, and our balance is looked for', () => {
      const w = world({ states: [{ alice: 600_000, htlcs: [htlc(7, 'local', 50_000, expiry)] }] });
      w.confirm(w.strangeCommitment());
      expect(w.endings()).toEqual(['unknown']);
      expect(w.said.some((e) => e.kind === 'note' && e.level === 'error')).toBe(true);
      expect(w.outcomes(7)).toEqual([]);
      w.mine(expiry - w.height + 110);
      expect(w.outcomes(7)).toEqual(['htlcFailed']);
      expectPaid(w, 620_000);
      expect(w.resolved()).toBe(true);
    });
  });

  describe(`${format}: a mutual close`, () => {
    it('needs nothing from us', () => {
      const w = world({ states: [{ alice: 600_000, htlcs: [] }] });
      w.confirm(w.mutualClose());
      expect(w.endings()).toEqual(['mutual']);
      w.mine(98);
      expect(w.resolved()).toBe(false);
      w.mine(1);
      expect(w.resolved()).toBe(true);
      expect(w.broadcasts).toEqual([]);
    });
  });
}
