/**
 * The receiving side of BOLT 4: whether an HTLC may pay an invoice, and the set of HTLCs that pay
 * it together ("Basic Multi-Part Payments"). Pure: what is decided comes back as a value.
 */
import { type BlockHeight, type Bytes, equal, type Msat, msat } from '../bytes/index.js';
import { equalSecret } from '../crypto/index.js';
import type { CompletePayload, FailureMessage } from '../onion/index.js';

/** An HTLC whose onion ends here. `key` names it for ever: channel and id. */
export interface ArrivedHtlc {
  readonly key: string;
  readonly amountMsat: Msat;
  readonly cltvExpiry: BlockHeight;
  readonly payload: CompletePayload;
}

/** What an HTLC is held against. */
export interface Receivable {
  /** Left out: any amount is welcome. */
  readonly amountMsat?: Msat;
  readonly paymentSecret: Bytes;
  readonly paymentMetadata?: Bytes;
  readonly minFinalCltvExpiryDelta: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

export interface ReceiveContext {
  readonly height: BlockHeight;
  /** Blocks before its expiry at which an HTLC that we fulfilled is taken to the chain. */
  readonly fulfillDeadline: number;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** What the whole set is to bring; what this HTLC brings, where its payer names no total. */
export const totalOf = ({ payload }: ArrivedHtlc): Msat =>
  payload.paymentData?.totalMsat ?? payload.amtToForward;

/** All that is wrong with the payment itself has this one answer, so that probes learn nothing. */
export const unknownDetails = (htlc: ArrivedHtlc, height: BlockHeight): FailureMessage => ({
  kind: 'incorrectOrUnknownPaymentDetails',
  htlcMsat: htlc.amountMsat,
  height,
});

/** What the last relay did to the HTLC, against what the payer told it to do. */
export function checkArrival(htlc: ArrivedHtlc): FailureMessage | undefined {
  const { payload, amountMsat, cltvExpiry } = htlc;
  // BOLT 4, final_incorrect_cltv_expiry: the HTLC expires no earlier than its onion says.
  if (cltvExpiry < payload.outgoingCltvValue)
    return { kind: 'finalIncorrectCltvExpiry', cltvExpiry };
  // BOLT 4, final_incorrect_htlc_amount: the HTLC brings no less than its onion says.
  if (amountMsat < payload.amtToForward)
    return { kind: 'finalIncorrectHtlcAmount', incomingHtlcAmt: amountMsat };
  return undefined;
}

/** Whether the HTLC may be part of a payment of this invoice; undefined: it may. */
export function checkPart(
  htlc: ArrivedHtlc,
  invoice: Receivable | undefined,
  context: ReceiveContext,
): FailureMessage | undefined {
  const tampered = checkArrival(htlc);
  if (tampered !== undefined) return tampered;
  const refuse = unknownDetails(htlc, context.height);
  // BOLT 4, failure messages: an unknown payment hash (or one already paid, which is no invoice).
  if (invoice === undefined) return refuse;
  const secret = htlc.payload.paymentData?.paymentSecret;
  // BOLT 4, failure messages: the payment secret is there, and right.
  if (secret === undefined || !equalSecret(secret, invoice.paymentSecret)) return refuse;
  const metadata = invoice.paymentMetadata;
  // BOLT 4, failure messages: so is the metadata, where the invoice has any.
  if (metadata !== undefined && !equal(htlc.payload.paymentMetadata ?? NONE, metadata))
    return refuse;
  // BOLT 11, payee: not after the invoice has expired.
  if (context.now >= invoice.expiresAt) return refuse;
  // BOLT 4, payload format: the HTLC lives long enough for us to claim it on chain.
  if (htlc.cltvExpiry < context.height + invoice.minFinalCltvExpiryDelta) return refuse;
  if (isTooLate(htlc, context)) return refuse;
  const total = totalOf(htlc);
  // BOLT 4, failure messages: no less than what was asked, and not more than twice that.
  if (invoice.amountMsat !== undefined) {
    if (total < invoice.amountMsat || total > 2n * invoice.amountMsat) return refuse;
  }
  if (total === 0n) return refuse;
  return undefined;
}

/**
 * BOLT 2, cltv_expiry_delta: an HTLC whose fulfillment deadline is past is failed, whatever its
 * invoice bears: who knows the preimage could wait for its expiry.
 */
export const isTooLate = (
  { cltvExpiry }: Pick<ArrivedHtlc, 'cltvExpiry'>,
  { height, fulfillDeadline }: Pick<ReceiveContext, 'height' | 'fulfillDeadline'>,
): boolean => cltvExpiry < height + fulfillDeadline;

const NONE = new Uint8Array(0);

/** Seconds that an incomplete set is waited for, from its first HTLC. BOLT 4 asks for 60. */
export const SET_TIMEOUT = 60;

/** HTLCs of one payment hash that wait for one another. */
export interface HtlcSet {
  readonly totalMsat: Msat;
  readonly parts: readonly ArrivedHtlc[];
}

export type SetOutcome =
  | { readonly kind: 'waiting'; readonly set: HtlcSet }
  /** All of it is here: fulfil every part, once the invoice is paid on disk. */
  | { readonly kind: 'complete'; readonly set: HtlcSet; readonly receivedMsat: Msat }
  /** The parts do not belong together, or are far too much: fail them all, the new one too. */
  | { readonly kind: 'refused'; readonly parts: readonly ArrivedHtlc[] };

export const receivedBy = (set: HtlcSet): Msat =>
  msat(set.parts.reduce((sum, part) => sum + part.amountMsat, 0n));

/** Adds an HTLC that `checkPart` let pass. The same HTLC added again changes nothing. */
export function addPart(set: HtlcSet | undefined, htlc: ArrivedHtlc): SetOutcome {
  const totalMsat = totalOf(htlc);
  const parts = [...(set?.parts ?? []).filter((part) => part.key !== htlc.key), htlc];
  // BOLT 4, basic multi-part payments: all parts name the same total.
  if (set !== undefined && set.totalMsat !== totalMsat) return { kind: 'refused', parts };
  const next: HtlcSet = { totalMsat, parts };
  const promised = parts.reduce((sum, part) => sum + part.payload.amtToForward, 0n);
  if (promised < totalMsat) return { kind: 'waiting', set: next };
  const receivedMsat = receivedBy(next);
  // BOLT 4, failure messages: not more than twice what was to be paid, all parts told.
  if (receivedMsat > 2n * totalMsat) return { kind: 'refused', parts };
  return { kind: 'complete', set: next, receivedMsat };
}
