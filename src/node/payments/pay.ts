/** pay and keysend: what is wished for, from an invoice or without one. */
import { err, type Msat, type NodeId, ok, type Result, toHex } from '../../core/bytes/index.js';
import { sha256 } from '../../core/crypto/index.js';
import type { Invoice, RouteHintHop } from '../../core/invoice/index.js';
import type { HintChannel } from '../../core/routing/index.js';
import { hasFeature } from '../../core/wire/index.js';
import { PayRun, type Sender, type Wish } from './pay-run.js';
import { directionOf } from './route.js';
import { readInvoice } from './terms.js';
import type {
  KeysendParams,
  Paid,
  PayError,
  PaymentsDeps,
  PaymentsOptions,
  PayParams,
} from './types.js';

/** Blocks that may be found while the payment is on its way. */
const CLTV_SLACK = 3;
/** bLIP 3: what a payee of spontaneous payments takes at the least, in practice. */
const KEYSEND_FINAL_CLTV = 22;

export async function payInvoice(
  params: PayParams,
  options: PaymentsOptions,
  deps: PaymentsDeps,
  sender: Sender,
): Promise<Result<Paid, PayError>> {
  const read = readInvoice(params.bolt11, options.invoicePrefix, 'bolt11');
  if (!read.ok) return read;
  const invoice = read.value;
  const amount = amountOf(params, invoice);
  if (!amount.ok) return amount;
  const paymentHash = toHex(invoice.paymentHash);
  const destination = toHex(invoice.payee) as NodeId;
  const paid = await sender.completed(paymentHash);
  // Contract, pay: a payment that was made stays made; its proof is the answer.
  if (paid.length > 0) return ok({ rows: paid, attempts: 0 });
  if (destination === options.nodeId)
    return err({ code: 'bad_parameter', field: 'bolt11', reason: 'it is an invoice of this node' });
  const wish: Wish = {
    destination,
    amountMsat: amount.value,
    finalCltv: invoice.minFinalCltvExpiryDelta + CLTV_SLACK,
    hints: hintChannels(invoice),
    finalExtraBytes: invoice.metadata === undefined ? 0 : invoice.metadata.length + 4,
    paymentHash,
    divisible: hasFeature(invoice.features, 'basicMpp'),
    send: {
      paymentHash: params.bolt11,
      label: params.label,
      description: params.description,
    },
  };
  return new PayRun(wish, params, deps, sender).run();
}

export async function payKeysend(
  params: KeysendParams,
  deps: PaymentsDeps,
  sender: Sender,
): Promise<Result<Paid, PayError>> {
  const preimage = deps.entropy.bytes(32);
  const paymentHash = toHex(sha256(preimage));
  const extra = params.extraTlvs ?? [];
  const wish: Wish = {
    destination: params.destination,
    amountMsat: params.amountMsat,
    finalCltv: KEYSEND_FINAL_CLTV + CLTV_SLACK,
    hints: params.hints ?? [],
    finalExtraBytes: extra.reduce((sum, { value }) => sum + value.length + 12, 48),
    paymentHash,
    divisible: false,
    send: {
      paymentHash,
      label: params.label,
      keysendPreimage: preimage,
      ...(extra.length > 0 ? { extraTlvs: extra } : {}),
    },
  };
  return new PayRun(wish, params, deps, sender).run();
}

function amountOf(params: PayParams, invoice: Invoice): Result<Msat, PayError> {
  const bad = (reason: string) =>
    err<PayError>({ code: 'bad_parameter', field: 'amount_msat', reason });
  if (invoice.amountMsat === undefined)
    return params.amountMsat === undefined
      ? bad('it must be given, the invoice names no amount')
      : ok(params.amountMsat);
  if (params.amountMsat !== undefined && params.amountMsat !== invoice.amountMsat)
    return bad(`the invoice names its own amount, ${invoice.amountMsat} msat`);
  return ok(invoice.amountMsat);
}

/** The ways that an invoice tells, as channels for the search. */
export function hintChannels(invoice: Pick<Invoice, 'routeHints' | 'payee'>): HintChannel[] {
  const payee = toHex(invoice.payee) as NodeId;
  return invoice.routeHints.flatMap((hint) =>
    hint.map((hop: RouteHintHop, i): HintChannel => {
      const source = toHex(hop.nodeId) as NodeId;
      const after = hint[i + 1];
      const target = after === undefined ? payee : (toHex(after.nodeId) as NodeId);
      return {
        scid: hop.shortChannelId,
        direction: directionOf(source, target),
        source,
        target,
        feeBaseMsat: hop.feeBaseMsat,
        feeProportionalMillionths: hop.feeProportionalMillionths,
        cltvDelta: hop.cltvExpiryDelta,
      };
    }),
  );
}
