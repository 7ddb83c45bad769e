/** pay and keysend: what is wished for, from an invoice or without one. */
import {
  err,
  type Msat,
  msat,
  type NodeId,
  ok,
  type Result,
  toHex,
} from '../../core/bytes/index.js';
import { sha256 } from '../../core/crypto/index.js';
import type { Invoice, RouteHintHop } from '../../core/invoice/index.js';
import { MAX_PARTS } from '../../core/payment/index.js';
import type { HintChannel } from '../../core/routing/index.js';
import { hasFeature } from '../../core/wire/index.js';
import type { Clock, Entropy } from '../../ports/index.js';
import type { Wish } from './pays.js';
import { directionOf } from './route.js';
import { readInvoice } from './terms.js';
import type { KeysendParams, PayError, PayLimits, PaymentsOptions, PayParams } from './types.js';

/** Blocks that may be found while the payment is on its way. */
const CLTV_SLACK = 3;
/** bLIP 3: what a payee of spontaneous payments takes at the least, in practice. */
const KEYSEND_FINAL_CLTV = 22;

const DEFAULTS = {
  riskFactor: 10,
  maxFeePercent: 0.5,
  exemptFee: msat(5000),
  retryFor: 60,
  maxDelay: 2016,
};

export function wishOfInvoice(
  params: PayParams,
  options: PaymentsOptions,
  clock: Clock,
): Result<Wish, PayError> {
  const read = readInvoice(params.bolt11, options.invoicePrefix, 'bolt11');
  if (!read.ok) return read;
  const invoice = read.value;
  const total = amountOf(params, invoice);
  if (!total.ok) return total;
  const { partialMsat } = params;
  const ours = partialMsat ?? total.value;
  if (ours > total.value || ours <= 0n)
    return bad('partial_msat', `it must be above 0 and at most ${total.value} msat, the whole`);
  const partial = ours < total.value;
  const divisible = hasFeature(invoice.features, 'basicMpp');
  if (partial && !divisible) return bad('partial_msat', 'the invoice takes no parts (basic_mpp)');
  const destination = toHex(invoice.payee) as NodeId;
  if (destination === options.nodeId) return bad('bolt11', 'it is an invoice of this node');
  return ok({
    paymentHash: toHex(invoice.paymentHash),
    goal: {
      source: options.nodeId,
      destination,
      amountMsat: ours,
      ...(partial ? { partial } : {}),
      maxParts: divisible ? MAX_PARTS : 1,
      finalCltv: invoice.minFinalCltvExpiryDelta + CLTV_SLACK,
      hints: hintChannels(invoice),
      finalExtraBytes: invoice.metadata === undefined ? 0 : invoice.metadata.length + 4,
      ...limitsOf(params, ours),
    },
    totalMsat: total.value,
    ...times(params, clock),
    send: {
      paymentHash: params.bolt11,
      label: params.label,
      description: params.description,
    },
  });
}

export function wishOfKeysend(
  params: KeysendParams,
  options: PaymentsOptions,
  deps: { readonly clock: Clock; readonly entropy: Entropy },
): Wish {
  const preimage = deps.entropy.bytes(32);
  const paymentHash = toHex(sha256(preimage));
  const extra = params.extraTlvs ?? [];
  const { destination, amountMsat, hints = [] } = params;
  return {
    paymentHash,
    goal: {
      source: options.nodeId,
      destination,
      amountMsat,
      // bLIP 3 has no payment secret, by which a payee would know the parts of one payment.
      maxParts: 1,
      finalCltv: KEYSEND_FINAL_CLTV + CLTV_SLACK,
      hints,
      finalExtraBytes: extra.reduce((sum, { value }) => sum + value.length + 12, 48),
      ...limitsOf(params, amountMsat),
    },
    totalMsat: amountMsat,
    ...times(params, deps.clock),
    send: {
      paymentHash,
      label: params.label,
      keysendPreimage: preimage,
      ...(extra.length > 0 ? { extraTlvs: extra } : {}),
    },
  };
}

function limitsOf(limits: PayLimits, amount: Msat) {
  const { maxFee, maxFeePercent = DEFAULTS.maxFeePercent } = limits;
  const exempt = limits.exemptFee ?? DEFAULTS.exemptFee;
  const share = (amount * BigInt(Math.round(maxFeePercent * 10_000))) / 1_000_000n;
  return {
    maxFeeMsat: maxFee ?? msat(share > exempt ? share : exempt),
    riskFactor: limits.riskFactor ?? DEFAULTS.riskFactor,
    maxDelay: limits.maxDelay ?? DEFAULTS.maxDelay,
    exclude: limits.exclude ?? [],
  };
}

function times({ retryFor = DEFAULTS.retryFor, layers = [] }: PayLimits, clock: Clock) {
  const began = clock.now();
  const more = layers.length === 0 ? {} : { layers };
  return { began, deadline: began + retryFor * 1000, ...more };
}

const bad = (field: string, reason: string) =>
  err<PayError>({ code: 'bad_parameter', field, reason });

function amountOf(params: PayParams, invoice: Invoice): Result<Msat, PayError> {
  if (invoice.amountMsat === undefined)
    return params.amountMsat === undefined
      ? bad('amount_msat', 'it must be given, the invoice names no amount')
      : ok(params.amountMsat);
  if (params.amountMsat !== undefined && params.amountMsat !== invoice.amountMsat)
    return bad('amount_msat', `the invoice names its own amount, ${invoice.amountMsat} msat`);
  return ok(invoice.amountMsat);
}

/** The ways that an invoice tells, as channels for the search. */
export const hintChannels = (invoice: Pick<Invoice, 'routeHints' | 'payee'>): HintChannel[] =>
  channelsOfHints(invoice.routeHints, toHex(invoice.payee) as NodeId);

/** Each hint is a way to the payee, hop by hop. */
export const channelsOfHints = (
  hints: readonly (readonly RouteHintHop[])[],
  payee: NodeId,
): HintChannel[] =>
  hints.flatMap((hint) =>
    hint.map((hop, i): HintChannel => {
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
