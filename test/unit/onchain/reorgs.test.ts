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
