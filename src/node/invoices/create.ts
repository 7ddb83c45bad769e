/** From what the operator wants to a signed invoice. */
import { decodeAddress } from '../../core/bitcoin/index.js';
import { type Bytes, err, ok, type Result, toHex, utf8 } from '../../core/bytes/index.js';
import { sha256 } from '../../core/crypto/index.js';
import {
  encodeInvoice,
  type Fallback,
  fallbackOfScript,
  type InvoicePrefix,
  type InvoiceTerms,
} from '../../core/invoice/index.js';
import { seconds } from '../../ports/index.js';
import type {
  AdoptInvoice,
  CreateInvoice,
  CreateInvoiceError,
  InvoiceRow,
  InvoicesDeps,
  InvoicesOptions,
} from './types.js';

const WEEK = 604_800;
/** BOLT 11: a field holds 639 bytes. */
const MAX_DESCRIPTION = 639;

export interface MadeInvoice {
  readonly row: Omit<InvoiceRow, 'created_index'>;
  readonly warnings: Readonly<Record<string, string>>;
}

export function makeInvoice(
  wish: CreateInvoice,
  options: InvoicesOptions,
  deps: InvoicesDeps,
): Result<MadeInvoice, CreateInvoiceError> {
  const { amountMsat, label, description, expiry = WEEK } = wish;
  const length = utf8(description).length;
  const hashOnly = wish.descriptionHashOnly ?? false;
  if (!hashOnly && length > MAX_DESCRIPTION) return err({ code: 'description_too_long', length });
  const fallbacks = readFallbacks(wish.fallbacks ?? [], options);
  if (!fallbacks.ok) return fallbacks;
  const preimage = wish.preimage ?? deps.entropy.bytes(32);
  const paymentHash = sha256(preimage);
  const paymentSecret = deps.entropy.bytes(32);
  const hints = deps.routeHints(wish.expose ?? 'auto', amountMsat);
  const timestamp = seconds(deps.clock);
  const terms: InvoiceTerms = {
    prefix: options.network.invoicePrefix as InvoicePrefix,
    ...(amountMsat === undefined ? {} : { amountMsat }),
    timestamp,
    paymentHash,
    paymentSecret,
    ...(hashOnly ? { descriptionHash: sha256(utf8(description)) } : { description }),
    expiry,
    // BOLT 2, cltv_expiry_delta: what comes with less than the fulfillment deadline is refused.
    minFinalCltvExpiryDelta: Math.max(wish.cltv ?? options.cltvFinal, options.fulfillDeadline),
    fallbacks: fallbacks.value,
    routeHints: hints.hints,
    features: options.features,
    unknown: [],
  };
  const bolt11 = encodeInvoice(terms, (digest) => deps.signer.signRecoverable(digest));
  // What else can be wrong with the terms is ruled out above.
  if (!bolt11.ok) return err({ code: 'bad_amount' });
  const row = rowOf({ label, preimage, bolt11: bolt11.value, description }, terms);
  return ok({ row, warnings: hints.warnings ?? {} });
}

/** An invoice that was written elsewhere and signed by us, with its preimage. */
export function adoptInvoice({ label, preimage, bolt11, invoice }: AdoptInvoice): MadeInvoice {
  return {
    row: rowOf({ label, preimage, bolt11, description: invoice.description ?? null }, invoice),
    warnings: {},
  };
}

const rowOf = (
  said: {
    readonly label: string;
    readonly preimage: Bytes;
    readonly bolt11: string;
    readonly description: string | null;
  },
  terms: InvoiceTerms,
): MadeInvoice['row'] => ({
  updated_index: null,
  label: said.label,
  payment_hash: toHex(terms.paymentHash),
  preimage: toHex(said.preimage),
  status: 'unpaid',
  expires_at: terms.timestamp + terms.expiry,
  pay_index: null,
  paid_at: null,
  amount_received_msat: null,
  amount_msat: terms.amountMsat ?? null,
  description: said.description,
  bolt11: said.bolt11,
  payment_secret: toHex(terms.paymentSecret),
  created_at: terms.timestamp,
  paid_htlcs: null,
});

function readFallbacks(
  addresses: readonly string[],
  { network }: InvoicesOptions,
): Result<Fallback[], CreateInvoiceError> {
  const out: Fallback[] = [];
  for (const address of addresses) {
    const script = decodeAddress(address, network);
    if (!script.ok) return err({ code: 'bad_fallback', address, reason: script.error.code });
    const fallback = fallbackOfScript(script.value);
    if (fallback === undefined) return err({ code: 'bad_fallback', address, reason: 'no_form' });
    out.push(fallback);
  }
  return ok(out);
}
