/** Payments that nobody asked for (bLIP 3). */
import { toHex } from '../../core/bytes/index.js';
import { sha256 } from '../../core/crypto/index.js';
import {
  type ArrivedHtlc,
  checkArrival,
  isTooLate,
  type ReceiveContext,
  totalOf,
} from '../../core/payment/index.js';
import type { InvoiceRow } from './types.js';

/** The paid invoice that an HTLC with a preimage of its own makes; nothing where it is none. */
export function keysendInvoice(
  payment_hash: string,
  part: ArrivedHtlc,
  context: ReceiveContext & { readonly cltvFinal: number },
): Omit<InvoiceRow, 'created_index'> | undefined {
  const { payload, amountMsat, cltvExpiry } = part;
  const preimage = payload.keysendPreimage;
  if (preimage === undefined || toHex(sha256(preimage)) !== payment_hash) return undefined;
  if (checkArrival(part) !== undefined) return undefined;
  if (cltvExpiry < context.height + context.cltvFinal) return undefined;
  if (isTooLate(part, context)) return undefined;
  // All of it comes in one part: there is no invoice to say what the whole is.
  if (totalOf(part) !== payload.amtToForward || amountMsat === 0n) return undefined;
  return {
    updated_index: null,
    label: `keysend-${payment_hash}`,
    payment_hash,
    preimage: toHex(preimage),
    status: 'paid',
    expires_at: context.now,
    pay_index: null,
    paid_at: context.now,
    amount_received_msat: amountMsat,
    amount_msat: null,
    description: 'keysend',
    bolt11: '',
    payment_secret: '',
    created_at: context.now,
    paid_htlcs: JSON.stringify([part.key]),
  };
}
