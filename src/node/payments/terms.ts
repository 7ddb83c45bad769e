/** What a caller of sendpay wants, from its parameters and from the invoice among them. */
import { err, type Msat, type NodeId, ok, type Result, toHex } from '../../core/bytes/index.js';
import {
  decodeInvoice,
  describeInvoiceError,
  expiresAt,
  type Invoice,
} from '../../core/invoice/index.js';
import type { PaymentRequest } from '../../core/payment/index.js';
import type { RouteHop } from '../../core/routing/index.js';
import { hasFeature } from '../../core/wire/index.js';
import type { SendpayError, SendpayParams } from './types.js';

export interface PaymentTerms {
  readonly paymentHash: string;
  readonly partId: number;
  readonly groupId: number | undefined;
  readonly totalMsat: Msat | undefined;
  readonly label: string | null;
  readonly bolt11: string | null;
  readonly description: string | null;
  readonly invoice: Invoice | undefined;
  /** What the final node is told. */
  readonly final: Pick<
    PaymentRequest,
    'paymentSecret' | 'paymentMetadata' | 'keysendPreimage' | 'extraTlvs'
  >;
}

type BadParameter = SendpayError & { code: 'bad_parameter' };

const bad = (field: string, reason: string) =>
  err<BadParameter>({ code: 'bad_parameter', field, reason });

const HASH = /^[0-9a-f]{64}$/;

/** Reads an invoice of this network; `field` is where it came from. */
export function readInvoice(
  text: string,
  prefix: string,
  field: string,
): Result<Invoice, BadParameter> {
  const read = decodeInvoice(text);
  if (!read.ok) return bad(field, describeInvoiceError(read.error));
  if (read.value.prefix !== prefix)
    return bad(field, `it is for another network (ln${read.value.prefix}, not ln${prefix})`);
  return read;
}

export function readTerms(
  params: SendpayParams,
  prefix: string,
): Result<PaymentTerms, BadParameter> {
  const plain = HASH.test(params.paymentHash.toLowerCase());
  const text = plain ? params.bolt11 : params.paymentHash;
  const invoice =
    text === undefined
      ? ok(undefined)
      : readInvoice(text, prefix, plain ? 'bolt11' : 'payment_hash');
  if (!invoice.ok) return invoice;
  const of = invoice.value;
  const paymentHash = plain ? params.paymentHash.toLowerCase() : toHex(of!.paymentHash);
  if (of !== undefined && toHex(of.paymentHash) !== paymentHash)
    return bad('bolt11', 'it is an invoice for another payment_hash');
  const paymentSecret = params.paymentSecret ?? of?.paymentSecret;
  if (paymentSecret !== undefined && paymentSecret.length !== 32)
    return bad('payment_secret', 'it must have 32 bytes');
  const paymentMetadata = params.paymentMetadata ?? of?.metadata;
  const { keysendPreimage, extraTlvs, partId = 0 } = params;
  if (partId > 0 && of !== undefined && !hasFeature(of.features, 'basicMpp'))
    return bad('partid', 'the invoice does not take parts (basic_mpp)');
  return ok({
    paymentHash,
    partId,
    groupId: params.groupId,
    totalMsat: params.amountMsat,
    label: params.label ?? null,
    bolt11:
      text === undefined
        ? null
        : text
            .trim()
            .replace(/^lightning:/i, '')
            .toLowerCase(),
    description: params.description ?? of?.description ?? null,
    invoice: of,
    final: {
      ...(paymentSecret === undefined ? {} : { paymentSecret }),
      ...(paymentMetadata === undefined ? {} : { paymentMetadata }),
      ...(keysendPreimage === undefined ? {} : { keysendPreimage }),
      ...(extraTlvs === undefined ? {} : { extraTlvs }),
    },
  });
}

/** What the whole set is to bring; held against what the invoice asks. */
export function totalOfPayment(terms: PaymentTerms, last: RouteHop): Result<Msat, BadParameter> {
  const { invoice, partId, totalMsat } = terms;
  if (partId === 0 && totalMsat !== undefined && totalMsat !== last.amountMsat)
    return bad('amount_msat', 'without a partid it must be exactly what arrives');
  const total = totalMsat ?? (partId === 0 ? last.amountMsat : invoice?.amountMsat);
  if (total === undefined) return bad('amount_msat', 'it must be given with a partid');
  if (last.amountMsat > total) return bad('amount_msat', 'it is less than this part alone');
  if (invoice === undefined) return ok(total);
  if ((toHex(invoice.payee) as NodeId) !== last.id)
    return bad('route', `it ends at ${last.id}, the invoice is of ${toHex(invoice.payee)}`);
  const asked = invoice.amountMsat;
  const field = totalMsat === undefined ? 'route' : 'amount_msat';
  if (asked !== undefined && total < asked)
    return bad(field, `${total} msat would arrive, the invoice asks for ${asked} msat`);
  if (asked !== undefined && total > 2n * asked)
    return bad(field, `${total} msat is more than twice the ${asked} msat of the invoice`);
  return ok(total);
}

/** The second at which the invoice can no longer be paid, if it is past. */
export function expiredAt(terms: PaymentTerms, now: number): number | undefined {
  if (terms.invoice === undefined) return undefined;
  const end = expiresAt(terms.invoice);
  return end <= now ? end : undefined;
}
