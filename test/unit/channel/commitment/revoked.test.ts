import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msat } from '../../../../src/core/bytes/index.js';
import {
  buildCommitment,
  type CommitmentHtlc,
  type CommitmentSpec,
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

const rowsOf = (history: readonly CommitmentSpec[]): RevokedRow[] =>
  history.slice(0, -1).map((revoked, i) => ({
    commitmentNumber: revoked.commitmentNumber,
    data: revokedData(channel, revoked, history[i + 1] as CommitmentSpec),
  }));

describe('what is kept of revoked commitments', () => {
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
    expect(total / 1000).toBeLessThan(40);
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
