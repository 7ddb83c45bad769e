/** `delpay`: what is over is deleted, but never the proof of a success. */
import { err, ok, type Result } from '../../core/bytes/index.js';
import type { Write } from '../../ports/index.js';
import { proofWrite } from './book.js';
import type { DeletePaymentError, PaymentRow, PaymentStatus } from './types.js';

export interface Deletion {
  readonly rows: readonly PaymentRow[];
  readonly writes: readonly Write[];
}

/** Of all parts with one hash, those with this status, of one part or group where it is named. */
export function deletion(
  all: readonly PaymentRow[],
  status: Exclude<PaymentStatus, 'pending'>,
  which: { readonly partId?: number; readonly groupId?: number },
): Result<Deletion, DeletePaymentError> {
  const named = all.filter(
    (row) =>
      (which.partId === undefined || row.partid === which.partId) &&
      (which.groupId === undefined || row.groupid === which.groupId),
  );
  const [first] = named;
  if (first === undefined) return err({ code: 'unknown_payment' });
  const rows = named.filter((row) => row.status === status);
  if (rows.length === 0) return err({ code: 'status_unexpected', current: first.status });
  const kept = new Set(all.filter((row) => !rows.includes(row)).map((row) => row.groupid));
  const emptied = new Set(rows.map((row) => row.groupid).filter((id) => !kept.has(id)));
  const writes = [
    ...rows.map(({ created_index }): Write => ({ delete: 'payments', where: { created_index } })),
    // The hash is never paid again.
    ...rows.filter((row) => row.status === 'complete').map(proofWrite),
    ...[...emptied].map(
      (groupid): Write => ({
        delete: 'pays',
        where: { payment_hash: first.payment_hash, groupid },
      }),
    ),
  ];
  return ok({ rows, writes });
}
