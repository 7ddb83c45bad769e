/**
 * A payment that counted as failed, and was paid after all: a reorg deeper than the safe depth put
 * the payee's claim in the place of our refund. Its proof is kept all the same, and whoever asks
 * from now on is told the truth.
 */
import { type Bytes, toHex } from '../../core/bytes/index.js';
import type { Store, Write } from '../../ports/index.js';
import { loadProof, proofWrite } from './book.js';
import { endedPay, putPay, selectPays } from './pays.js';
import type { LocalOrigin, PaymentRow } from './types.js';

export interface LatePayment {
  readonly origin: LocalOrigin;
  /** What the HTLC held: of several tries under one name, it tells which. */
  readonly amountMsat: bigint;
  readonly preimage: Bytes;
}

export interface LateDeps {
  readonly store: Store;
  /** Seconds since the epoch. */
  readonly now: number;
  /** The next number of a change. */
  updatedIndex(): number;
}

/** What is to be written of it; `row` is its part as it stands from now on. */
export interface LateEnd {
  readonly row: PaymentRow;
  readonly writes: readonly Write[];
}

/** Nothing where it is known as paid already. `all`: every part of every try with its hash. */
export async function paidLate(
  { origin, amountMsat, preimage }: LatePayment,
  all: readonly PaymentRow[],
  { store, now, updatedIndex }: LateDeps,
): Promise<LateEnd | undefined> {
  const payment_hash = toHex(origin.paymentHash);
  const { groupId: groupid, partId: partid } = origin;
  const paid = { status: 'complete', completed_at: now, preimage: toHex(preimage) } as const;
  const named = all.filter((row) => row.groupid === groupid && row.partid === partid);
  const failed = named.filter(({ status }) => status === 'failed');
  const sent = failed.findLast((row) => row.amount_sent_msat === amountMsat) ?? failed.at(-1);
  if (sent !== undefined) {
    const row = { ...sent, ...paid, updated_index: updatedIndex(), failure: null };
    const pays = await selectPays(store, { payment_hash, groupid });
    const ended = pays.filter(({ status }) => status === 'failed');
    return {
      row,
      writes: [
        { put: 'payments', row },
        ...ended.map((pay) => putPay(endedPay(pay, 'complete', now))),
      ],
    };
  }
  if (named.length > 0 || (await loadProof(store, payment_hash)) !== undefined) return undefined;
  // Its row was deleted as one that had failed: the proof is kept without it.
  const row: PaymentRow = {
    ...{ created_index: 0, updated_index: null, created_at: now, payment_hash, groupid, partid },
    ...{ amount_msat: null, amount_sent_msat: amountMsat, destination: null, label: null },
    ...{ bolt11: null, description: null, route: '[]', shared_secrets: new Uint8Array(0) },
    ...{ ...paid, failure: null },
  };
  return { row, writes: [proofWrite(row)] };
}
