/** Contract, sendpay: one success for each hash, ever; what is in flight is in progress. */
import { err, type Msat, ok, type Result } from '../../core/bytes/index.js';
import { proofOf } from './book.js';
import type { PaymentTerms } from './terms.js';
import type { PaymentRow, Proof, SendpayError } from './types.js';

/**
 * Whether a part with these terms may be sent, by all parts of all tries with its hash, and the
 * proof of a success that was deleted: after a failure a new try is made. Answers its group.
 */
export function guarded(
  terms: Pick<PaymentTerms, 'partId' | 'groupId'>,
  total: Msat,
  rows: readonly PaymentRow[],
  proof: Proof | undefined,
): Result<number, SendpayError> {
  const { partId } = terms;
  const paid = rows.find((row) => row.status === 'complete');
  if (paid !== undefined) return err({ code: 'already_paid', proof: proofOf(paid) });
  if (proof !== undefined) return err({ code: 'already_paid', proof });
  const pending = rows.filter((row) => row.status === 'pending');
  const newest = rows.reduce((group, row) => Math.max(group, row.groupid), 0);
  const group = terms.groupId ?? (partId > 0 ? pending[0]?.groupid : undefined) ?? newest + 1;
  const busy = (reason: string) => err<SendpayError>({ code: 'in_progress', reason });
  if (pending.length === 0) return ok(group);
  if (partId === 0 || pending.some((row) => row.partid === 0))
    return busy('a payment with this hash is in flight');
  if (pending.some((row) => row.groupid !== group))
    return busy('a payment with this hash and another groupid is in flight');
  if (pending.some((row) => row.partid === partId))
    return busy(`part ${partId} of this payment is in flight`);
  const sent = pending.reduce((sum, row) => sum + (row.amount_msat ?? 0n), 0n);
  // BOLT 4, basic multi-part payments: no more HTLCs once their sum is the total.
  if (sent >= total) return busy(`parts for all of ${total} msat are in flight`);
  return ok(group);
}
