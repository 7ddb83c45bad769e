import { z } from 'zod';
import {
  encodeAddress,
  encodeDer,
  NETWORKS,
  type NetworkParams,
  scriptKind,
} from '../../core/bitcoin/index.js';
import { scidToString, toHex } from '../../core/bytes/index.js';
import {
  decodeInvoice,
  describeInvoiceError,
  fallbackScript,
  type Invoice,
  tagOf,
  wordsToText,
} from '../../core/invoice/index.js';
import { FEATURE_NAMES, FEATURES, type FeatureSet } from '../../core/wire/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';

/** To read is not to pay: every feature that has a name may be required here. */
const ALL_FEATURES: FeatureSet = Object.fromEntries(
  FEATURE_NAMES.filter((name) => FEATURES[name].contexts.includes('invoice')).map((name) => [
    name,
    'optional',
  ]),
);

const KINDS: Readonly<Record<string, string>> = {
  p2pkh: 'P2PKH',
  p2sh: 'P2SH',
  p2wpkh: 'P2WPKH',
  p2wsh: 'P2WSH',
  p2tr: 'P2TR',
};

const networkOf = (invoice: Invoice): NetworkParams =>
  Object.values(NETWORKS).find((n) => n.invoicePrefix === invoice.prefix) ?? NETWORKS.bitcoin;

function fallbackJson(invoice: Invoice, fallback: Invoice['fallbacks'][number]) {
  const script = fallbackScript(fallback);
  return {
    type: KINDS[scriptKind(script)] ?? 'P2W?',
    addr: encodeAddress(script, networkOf(invoice)),
    hex: toHex(script),
  };
}

function invoiceFields(invoice: Invoice) {
  return {
    type: 'bolt11 invoice' as const,
    valid: true,
    currency: invoice.prefix,
    created_at: invoice.timestamp,
    expiry: invoice.expiry,
    payee: toHex(invoice.payee),
    amount_msat: invoice.amountMsat,
    payment_hash: toHex(invoice.paymentHash),
    signature: toHex(encodeDer(invoice.signature)),
    description: invoice.description,
    description_hash: invoice.descriptionHash && toHex(invoice.descriptionHash),
    min_final_cltv_expiry: invoice.minFinalCltvExpiryDelta,
    payment_secret: toHex(invoice.paymentSecret),
    features: invoice.features.length === 0 ? undefined : toHex(invoice.features),
    payment_metadata: invoice.metadata && toHex(invoice.metadata),
    fallbacks:
      invoice.fallbacks.length === 0
        ? undefined
        : invoice.fallbacks.map((fallback) => fallbackJson(invoice, fallback)),
    routes:
      invoice.routeHints.length === 0
        ? undefined
        : invoice.routeHints.map((hint) =>
            hint.map((hop) => ({
              pubkey: toHex(hop.nodeId),
              short_channel_id: scidToString(hop.shortChannelId),
              fee_base_msat: hop.feeBaseMsat,
              fee_proportional_millionths: hop.feeProportionalMillionths,
              cltv_expiry_delta: hop.cltvExpiryDelta,
            })),
          ),
    extra:
      invoice.unknown.length === 0
        ? undefined
        : invoice.unknown.map(({ tag, words }) => ({ tag: tagOf(tag), data: wordsToText(words) })),
  };
}

export const decode = defineCommand({
  name: 'decode',
  category: 'payment',
  summary: 'Read an invoice.',
  description:
    'Reads a BOLT 11 invoice, verifies its checksum and signature, and says all that is in it. ' +
    'Invoices of every network are read.',
  params: () => z.object({ string: p.string().describe('The invoice.') }),
  result: () =>
    r.object({
      type: r.oneOf('bolt11 invoice').describe('What the string is.'),
      valid: r.boolean().describe('It is well-formed and signed.'),
      currency: r.string().describe('`bc`, `tb`, `tbs` or `bcrt`.'),
      created_at: r.integer().describe('Seconds since 1970.'),
      expiry: r.integer().describe('Seconds after that.'),
      payee: r.nodeId().describe('Who signed it, and is to be paid.'),
      amount_msat: r.msat().optional().describe('What is asked for; left out: any amount.'),
      payment_hash: r.hash().describe('SHA256 of the preimage.'),
      signature: r.hex().describe('The signature, in DER.'),
      description: r.string().optional().describe('What it is for.'),
      description_hash: r.hash().optional().describe('The hash of what it is for.'),
      min_final_cltv_expiry: r.integer().describe('Blocks that the last HTLC must have left.'),
      payment_secret: r.hash().describe('Goes to the payee along with the payment.'),
      features: r.hex().optional().describe('Feature bits.'),
      payment_metadata: r.hex().optional().describe('Goes to the payee along with the payment.'),
      fallbacks: r
        .array(
          r.object({
            type: r.string().describe('P2PKH, P2SH, P2WPKH, P2WSH or P2TR.'),
            addr: r.string().optional().describe('The address.'),
            hex: r.hex().describe('The script it pays to.'),
          }),
        )
        .optional()
        .describe('Addresses for a payment on the chain.'),
      routes: r
        .array(
          r.array(
            r.object({
              pubkey: r.nodeId().describe('The node where the channel begins.'),
              short_channel_id: r.scid().describe('The channel.'),
              fee_base_msat: r.integer().describe('Its base fee.'),
              fee_proportional_millionths: r.integer().describe('Its proportional fee.'),
              cltv_expiry_delta: r.integer().describe('Its delay, in blocks.'),
            }),
          ),
        )
        .optional()
        .describe('Ways to the payee that gossip does not tell.'),
      extra: r
        .array(
          r.object({
            tag: r.string().describe('The letter of the field.'),
            data: r.string().describe('Its data, in bech32 letters.'),
          }),
        )
        .optional()
        .describe('Fields that are not read.'),
    }),
  errors: [{ code: codes.badParameter, meaning: 'It is no invoice; the message says why.' }],
  seeAlso: ['pay', 'sendpay', 'invoice'],
  run: ({ string }) => {
    const read = decodeInvoice(string, ALL_FEATURES);
    if (read.ok) return invoiceFields(read.value);
    const why = describeInvoiceError(read.error);
    throw new RpcError(codes.badParameter, `string: not a valid invoice: ${why}`);
  },
});
