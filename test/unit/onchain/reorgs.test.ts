/** BOLT 5: "MUST be prepared to resolve outputs multiple times, in case of blockchain reorganizations." */
import { describe, expect, it } from 'vitest';
import type { CommitmentFormat } from '../../../src/core/channel/commitment/index.js';
import { htlc, World, type WorldOptions } from './kit.js';

const COINS = 190_000n;
const expiry = 150;
const offered = htlc(7, 'local', 50_000, expiry);
const received = htlc(8, 'remote', 60_000, expiry);

interface Story {
  readonly name: string;
  readonly options: Omit<WorldOptions, 'format'>;
  readonly close: (w: World) => void;
  readonly due: number;
  readonly outcome: readonly string[];
}

const current = { alice: 440_000, htlcs: [offered, received] };
const STORIES: readonly Story[] = [
  {
    name: 'our commitment, an HTLC timed out, one taken',
    options: { states: [current], known: [8] },
    close: (w) => w.confirm(w.localCommitment()),
    due: 550_000,
    outcome: ['htlcFailed'],
  },
  {
    name: "the peer's commitment, an HTLC timed out, one taken",
    options: { states: [current], known: [8] },
    close: (w) => w.confirm(w.remoteCommitment(0)),
    due: 550_000,
    outcome: ['htlcFailed'],
  },
  {
    name: "the peer's commitment, our HTLC taken by the peer",
    options: { states: [current] },
    close: (w) => {
      w.confirm(w.remoteCommitment(0));
      w.confirm(w.bobSecondStage(0, 7));
    },
    due: 440_000,
    outcome: ['htlcFulfilled'],
  },
  {
    name: 'a revoked commitment with HTLCs',
    options: {
      states: [
        { alice: 100_000, htlcs: [offered, received] },
        { alice: 700_000, htlcs: [] },
      ],
    },
    close: (w) => w.confirm(w.remoteCommitment(0)),
    due: 990_000,
    outcome: [],
  },
];

for (const format of ['staticRemotekey', 'anchors'] as CommitmentFormat[]) {
  describe(`${format}: a reorg of every depth after every block`, () => {
    for (const { name, options, close, due, outcome } of STORIES) {
      for (const depth of [1, 2, 3, 4, 5, 6]) {
        it(`${name}: ${depth} deep`, () => {
          const w = new World({ format, ...options });
          w.mine(6);
          close(w);
          for (let n = 0; n < 30; n++) {
            w.mine(1);
            // Both kinds: what was confirmed waits again, or is in the new blocks at once.
            if (n % 4 === 0) w.reorg(depth, n % 8 === 0);
            if (n === 10) w.restart();
          }
          w.mine(140);
          const got = w.wallet.balance() - COINS;
          expect(got).toBeGreaterThan(BigInt(due) - 12_000n);
          expect(got).toBeLessThanOrEqual(1_000_000n);
          expect([...new Set(w.outcomes(7))]).toEqual(outcome);
          expect(w.resolved()).toBe(true);
        });
      }
    }
  });
}

/** The close and what it led to, and then the network forgets it all: nobody but us says it again. */
const FORGOTTEN: readonly Story[] = [
  ...STORIES.filter(({ name }) => !name.includes('taken by the peer')),
  {
    name: 'a mutual close',
    options: { states: [{ alice: 440_000, htlcs: [] }] },
    close: (w) => w.confirm(w.mutualClose()),
    due: 440_000,
    outcome: [],
  },
];

for (const format of ['staticRemotekey', 'anchors'] as CommitmentFormat[]) {
  describe(`${format}: a reorg takes the close back, and no mempool remembers it`, () => {
    for (const { name, options, close, due } of FORGOTTEN) {
      for (const after of [0, 1, 6, 60, 97]) {
        it(`${name}: after ${after} blocks`, () => {
          const w = new World({ format, ...options });
          w.mine(6);
          const before = w.height;
          close(w);
          w.mine(after);
          w.reorgForgetting(w.height - before);
          if (after % 2 === 0) w.restart();
          expect(w.chain.mempool.size).toBeGreaterThan(0);
          expect(w.state.spends).toEqual([]);
          w.mine(170);
          const got = w.wallet.balance() - COINS;
          expect(got).toBeGreaterThan(BigInt(due) - 12_000n);
          expect(w.resolved()).toBe(true);
        });
      }
    }
  });
}

describe('a revoked commitment that is taken back', () => {
  it('and its penalty wait for the same block', () => {
    const states = [
      { alice: 100_000, htlcs: [offered, received] },
      { alice: 700_000, htlcs: [] },
    ];
    for (const format of ['staticRemotekey', 'anchors'] as CommitmentFormat[]) {
      const w = new World({ format, states });
      w.confirm(w.remoteCommitment(0));
      w.mine(3);
      w.reorgForgetting(4);
      // One block and no more: the cheater has no time between them.
      w.mine(1);
      expect(w.state.spends.length).toBeGreaterThan(1);
    }
  });

  it('one of our own that was revoked is not said again', () => {
    const states = [
      { alice: 100_000, htlcs: [] },
      { alice: 700_000, htlcs: [] },
    ];
    const w = new World({ format: 'anchors', states });
    w.confirm(w.ownRevokedCommitment(0));
    w.mine(2);
    w.reorgForgetting(3);
    w.mine(3);
    expect(w.state.spends).toEqual([]);
  });
});

describe('a reorg deeper than the safe depth', () => {
  it.each(['staticRemotekey', 'anchors'] as const)(
    '%s: brings the preimage of an HTLC that was told as failed, and it is told',
    (format) => {
      const w = new World({ format, states: [current] });
      w.confirm(w.remoteCommitment(0));
      w.mine(expiry - w.height + 4);
      expect(w.outcomes(7)).toEqual(['htlcFailed']);
      const depth = w.height - expiry;
      w.offline = true;
      w.reorgForgetting(depth);
      w.confirm(w.bobSecondStage(0, 7));
      expect(w.outcomes(7)).toEqual(['htlcFailed', 'htlcFulfilled']);
      w.restart();
      w.mine(10);
      expect(w.outcomes(7)).toEqual(['htlcFailed', 'htlcFulfilled']);
    },
  );
});
