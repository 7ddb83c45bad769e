import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, msat } from '../../../../src/core/bytes/index.js';
import {
  buildCommitment,
  type CommitmentHtlc,
  type CommitmentSpec,
  pastHtlcs,
  REVOKED_ROWS,
  type RevokedRow,
  revokedData,
  revokedHtlcs,
} from '../../../../src/core/channel/commitment/index.js';
import { ripemd160, sha256 } from '../../../../src/core/crypto/index.js';
import { channelOf, perCommitmentPoint } from '../../../vectors/bolt03/support.js';

const channel = channelOf('anchors', 546);

const htlc = (id: number, sats: number, mine: boolean): CommitmentHtlc => ({
  id: BigInt(id),
  offeredBy: mine ? 'local' : 'remote',
  amountMsat: msat(sats * 1000),
  paymentHash: sha256(Uint8Array.of(id & 255, id >> 8)),
  cltvExpiry: 500 + id,
});

const spec = (number: number, htlcs: readonly CommitmentHtlc[]): CommitmentSpec => ({
  commitmentNumber: BigInt(number),
  feeratePerKw: 1000,
  localMsat: msat(5e9),
  remoteMsat: msat(4e9),
  htlcs,
});

/** Each step adds or removes some HTLCs; the history is the specs of the peer's commitments. */
const histories = fc
  .array(fc.record({ add: fc.nat(4), remove: fc.nat(4), mine: fc.boolean() }), {
    minLength: 1,
    maxLength: 300,
  })
  .map((steps) => {
    let live: CommitmentHtlc[] = [];
    let id = 0;
    return steps.map(({ add, remove, mine }, number) => {
      live = live.slice(Math.min(remove, live.length));
      for (let i = 0; i < add; i++, id++) live.push(htlc(id, id % 5 === 0 ? 0 : 1000 + id, mine));
      return spec(number, [...live]);
    });
  });

const rowsOf = (history: readonly CommitmentSpec[], of = channel): RevokedRow[] =>
  history.slice(0, -1).map((revoked, i) => ({
    commitmentNumber: revoked.commitmentNumber,
    data: revokedData(of, revoked, history[i + 1] as CommitmentSpec),
  }));

/** One and the same history, whose feerate makes outputs of HTLCs and takes them away. */
const fixed = (): CommitmentSpec[] => {
  let live: CommitmentHtlc[] = [];
  return Array.from({ length: 140 }, (_, n) => {
    if (n % 3 === 1) live = live.slice(n % 5);
    if (n % 2 === 0) live = [...live, htlc(n, [0, 700, 1000, 1500, 9000][n % 5] ?? 0, n % 4 === 0)];
    return { ...spec(n, live), feeratePerKw: [253, 1000, 5000][n % 3] as number };
  });
};
const plain = channelOf('staticRemotekey', 546);
/** The rows of that history, as version 1 wrote them. */
const FROZEN = join(import.meta.dirname, '../fixtures/revoked-v1.hex');
const frozen = (): RevokedRow[] =>
  readFileSync(FROZEN, 'utf8')
    .trim()
    .split('\n')
    .map((row, n) => ({ commitmentNumber: BigInt(n), data: fromHex(row) as Uint8Array }));

const outputsOf = (of: CommitmentSpec) =>
  buildCommitment(plain, 'remote', perCommitmentPoint, of)
    .htlcs.map((output) => `${output.htlc.offeredBy}/${output.htlc.id}`)
    .sort();

describe('what is kept of revoked commitments', () => {
  it('may be of version 1 up to any number: the HTLC outputs are the same', () => {
    const history = fixed();
    const last = history.at(-1) as CommitmentSpec;
    const [old, now] = [frozen(), rowsOf(history, plain)];
    expect(old.length).toBe(now.length);
    for (const changed of [0, 1, 30, 63, 64, 65, 100, 139]) {
      const rows = [...old.slice(0, changed), ...now.slice(changed)];
      for (const { commitmentNumber } of rows) {
        const n = Number(commitmentNumber);
        const found = revokedHtlcs(plain, commitmentNumber, rows.slice(n, n + REVOKED_ROWS), last);
        const names = found?.map((h) => `${h.offeredBy}/${h.id}`).sort();
        expect(names).toEqual(outputsOf(history[n] as CommitmentSpec));
      }
    }
  });

  it('tells of every HTLC that is over, once, with or without an output', () => {
    const history = fixed();
    const now = new Set(history.at(-1)?.htlcs.map(({ id }) => id));
    const ever = new Map(history.flatMap(({ htlcs }) => htlcs.map((h) => [h.id, h] as const)));
    const over = [...ever.values()].filter(({ id }) => !now.has(id));
    const told = pastHtlcs(rowsOf(history, plain)).filter(({ id }) => !now.has(id));
    expect(told.length).toBe(over.length);
    for (const h of told) expect(h).toMatchObject(ever.get(h.id) as CommitmentHtlc);
    expect(pastHtlcs(frozen())).toEqual([]);
  });

  it('gives back the HTLC outputs of any of them, from at most 64 rows', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, pick) => {
        const rows = rowsOf(history);
        const number = pick % history.length;
        const found = revokedHtlcs(
          channel,
          BigInt(number),
          rows.slice(number, number + REVOKED_ROWS),
          history.at(-1) as CommitmentSpec,
        );
        const wanted = history[number] as CommitmentSpec;
        const outputs = buildCommitment(channel, 'remote', perCommitmentPoint, wanted).htlcs;
        const order = (a: { id: bigint }, b: { id: bigint }): number => Number(a.id - b.id);
        expect(found?.sort(order)).toEqual(
          outputs
            .map(({ htlc: { id, offeredBy, paymentHash, cltvExpiry } }) => ({
              id,
              offeredBy,
              hash: ripemd160(paymentHash),
              cltvExpiry,
            }))
            .sort(order),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('takes less than 100 bytes an update while a payment goes through, others in flight', () => {
    const others = Array.from({ length: 20 }, (_, i) => htlc(i, 2000, true));
    const history = Array.from({ length: 1000 }, (_, n) =>
      spec(n, n % 2 === 0 ? others : [...others, htlc(100 + n, 2000, false)]),
    );
    const total = rowsOf(history).reduce((sum, row) => sum + row.data.length, 0);
    expect(total / 1000).toBeLessThan(45);
  });

  it('a row that is missing or damaged is noticed', () => {
    const history = [1, 2, 3, 4].map((n) => spec(n, [htlc(n, 5000, true)]));
    const rows = rowsOf(history);
    const last = history.at(-1) as CommitmentSpec;
    expect(revokedHtlcs(channel, 1n, rows, last)?.length).toBe(1);
    expect(revokedHtlcs(channel, 1n, rows.slice(0, 1), last)).toBeUndefined();
    expect(revokedHtlcs(channel, 1n, rows.slice(1), last)).toBeUndefined();
    for (const data of [new Uint8Array(0), Uint8Array.of(9), rows[0]?.data.slice(0, -1)]) {
      const bad = [{ commitmentNumber: 1n, data: data as Uint8Array }, ...rows.slice(1)];
      expect(revokedHtlcs(channel, 1n, bad, last)).toBeUndefined();
    }
  });
});
