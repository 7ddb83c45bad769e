import { z } from 'zod';
import { msat } from '../../core/bytes/index.js';
import type { PayError } from '../../node/payments/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { invoiceErrors, limits, limitsOf, teller } from './pay-shared.js';
import { payError, payJson } from './payment-shapes.js';
import { badParameter } from './shared.js';

/** The fee at most where none is given: 1 %, or 5 sat where that is more. */
const DEFAULT_LIMIT = { maxFeePercent: 1, exemptFee: msat(5000) };

/** The invoice has another name here than in `pay`. */
const withField = (error: PayError): PayError =>
  error.code === 'bad_parameter' && error.field === 'bolt11'
    ? { ...error, field: 'invstring' }
    : error;

export const xpay = defineCommand({
  name: 'xpay',
  category: 'payment',
  summary: 'Pay an invoice, in parts where that is needed.',
  description:
    "As `pay`, with the parameters and the answer of Core Lightning's `xpay`: the fee is limited " +
    'by `maxfee` alone, and the answer counts the parts.',
  params: () =>
    z.object({
      invstring: p.bolt11().describe('The invoice.'),
      amount_msat: p.msat().optional().describe('For an invoice that names no amount.'),
      maxfee: p
        .msat()
        .optional()
        .describe('The fee of all parts together at most; 1 %, or 5 sat, if left out.'),
      layers: p
        .array(p.string())
        .optional()
        .describe('Layers that the search goes by beside what payments taught (`getroutes`).'),
      retry_for: limits.retry_for,
      partial_msat: limits.partial_msat,
      maxdelay: limits.maxdelay,
    }),
  result: () =>
    r.object({
      payment_preimage: r.hash().describe('The proof of payment.'),
      failed_parts: r.integer().describe('Tries that failed.'),
      successful_parts: r.integer().describe('Parts that arrived.'),
      amount_msat: r.msat().describe('What arrived.'),
      amount_sent_msat: r.msat().describe('What was sent, with fees.'),
    }),
  errors: invoiceErrors,
  examples: [{ cli: 'lightning-cli xpay lnbc100n1…' }],
  seeAlso: ['pay', 'listpays', 'paystatus', 'getroutes'],
  run: async (params, { node, notify }) => {
    const layers = params.layers ?? [];
    const stranger = layers.find((name) => !node.routes.layers.knows(name));
    if (stranger !== undefined) throw badParameter('layers', 'unknown layer', stranger);
    const wish = {
      layers,
      bolt11: params.invstring,
      amountMsat: params.amount_msat,
      partialMsat: params.partial_msat,
      ...limitsOf(params),
      ...(params.maxfee === undefined ? DEFAULT_LIMIT : {}),
    };
    const result = await node.payments.pay(wish, teller(notify));
    if (!result.ok) throw payError(withField(result.error));
    const { rows, attempts } = result.value;
    const { payment_preimage, amount_msat, amount_sent_msat } = payJson(rows, attempts);
    return {
      payment_preimage,
      failed_parts: Math.max(0, attempts - rows.length),
      successful_parts: rows.length,
      amount_msat,
      amount_sent_msat,
    };
  },
});
