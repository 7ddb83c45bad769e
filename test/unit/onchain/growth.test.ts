/** What is kept to punish a cheater: how it grows with a channel's life, and how it is found. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeQuery } from '../../../src/adapters/store/sqlite/codec.js';
import { selectSql } from '../../../src/adapters/store/sqlite/executor.js';
import { openStore } from '../../../src/adapters/store/sqlite/index.js';
import { msat, sat } from '../../../src/core/bytes/index.js';
import {
  type CommitmentChannel,
  type CommitmentHtlc,
  type CommitmentSpec,
  REVOKED_ROWS,
  revokedData,
  revokedHtlcs,
} from '../../../src/core/channel/commitment/index.js';
import { alice, bob, DELAY, hashOf, KEY } from './kit.js';

const UPDATES = 10_000;
/** Of HTLCs that are in flight at any time. */
const IN_FLIGHT = 12;
const side = (points: CommitmentChannel['local']['points']) => ({
  points,
  dustLimit: sat(546),
  toSelfDelay: DELAY,
});
const channel: CommitmentChannel = {
  format: 'anchors',
  fundingTxid: new Uint8Array(32),
  fundingVout: 0,
  fundingAmount: sat(10_000_000),
  opener: 'local',
  local: side(alice.channelPoints(KEY)),
  remote: side(bob.channelPoints(KEY)),
};

/** HTLC number `id`: the payments go both ways. */
const htlc = (id: number): CommitmentHtlc => ({
  id: BigInt(id >> 1),
  offeredBy: id % 2 === 0 ? 'local' : 'remote',
  amountMsat: msat(5_000_000 + id),
  paymentHash: hashOf(id),
  cltvExpiry: 800_000 + id,
});

/** Each update brings the next HTLC or removes the oldest: a payment is two of them. */
const spec = (number: number): CommitmentSpec => {
  const [from, to] = [number >> 1, ((number + 1) >> 1) + IN_FLIGHT];
  return {
    commitmentNumber: BigInt(number),
    feeratePerKw: 2500,
    localMsat: msat(4_000_000_000),
    remoteMsat: msat(4_000_000_000),
    htlcs: Array.from({ length: to - from }, (_, i) => htlc(from + i)),
  };
};

/** What is asked for when the peer's commitment `number` is on the chain. */
const rowsFrom = (number: number) => ({
  where: { channel_key: KEY },
  order: 'commitment_number' as const,
  from: number,
  limit: REVOKED_ROWS,
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'levin-growth-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('the rows of revoked states', () => {
  it('grow by no more than 100 bytes an update, and are found by the key', async () => {
    const path = join(dir, 'lightningd.sqlite3');
    const sizeOf = async (
      work: (store: Awaited<ReturnType<typeof openStore>>) => Promise<void>,
    ) => {
      const store = await openStore({ path, inline: true });
      await work(store);
      await store.close();
      return statSync(path).size;
    };
    const before = await sizeOf(async () => {});
    const after = await sizeOf(async (store) => {
      for (let from = 0; from < UPDATES; from += 1000)
        await store.commit(
          Array.from({ length: 1000 }, (_, i) => ({
            put: 'revoked' as const,
            row: {
              channel_key: KEY,
              commitment_number: from + i,
              data: revokedData(channel, spec(from + i), spec(from + i + 1)),
            },
          })),
        );
    });
    expect((after - before) / UPDATES).toBeLessThan(100);

    await sizeOf(async (store) => {
      for (const number of [0, 1, 63, 64, 4711, UPDATES - 1]) {
        const rows = await store.select('revoked', rowsFrom(number));
        const known = rows.map((row) => ({
          commitmentNumber: BigInt(row.commitment_number),
          data: row.data,
        }));
        const found = revokedHtlcs(channel, BigInt(number), known, spec(UPDATES));
        expect(new Set(found?.map((h) => h.cltvExpiry))).toEqual(
          new Set(spec(number).htlcs.map((h) => h.cltvExpiry)),
        );
      }
    });
    const asked = selectSql(encodeQuery('revoked', rowsFrom(4711)));
    const db = new DatabaseSync(path);
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${asked}`).all(KEY, 4711, REVOKED_ROWS);
    db.close();
    expect(plan.map((step) => (step as { detail: string }).detail)).toEqual([
      'SEARCH revoked USING PRIMARY KEY (channel_key=? AND commitment_number>?)',
    ]);
  });
});
