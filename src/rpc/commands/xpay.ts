import { z } from 'zod';
import { msat } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { payError, payJson } from './payment-shapes.js';

/** The fee at most where none is given: 1 %, or 5 sat where that is more. */
const PERCENT = 1;
const AT_LEAST = msat(5000);

export const xpay = defineCommand({
  name: 'xpay',
  category: 'payment',
  summary: 'Pay an invoice, in parts where that is needed.',
  description:
    "As `pay`, with the parameters and the answer of Core Lightning's `xpay`: the fee is limited " +
    'by `maxfee` alone, and the answer counts the parts.',
  params: z.object({
    invstring: p.bolt11().describe('The invoice.'),
    amount_msat: p.msat().optional().describe('For an invoice that names no amount.'),
    maxfee: p.msat().optional().describe('The fee at most; 1 %, or 5 sat, if left out.'),
    layers: p.array(p.string()).optional().describe('Accepted for other tools; not used.'),
    retry_for: p.integer().default(60).describe('Seconds in which new tries are begun.'),
    partial_msat: p.msat().optional().describe('Pay only this much of it; not supported yet.'),
    maxdelay: p.integer(0, 0xffff).default(2016).describe('Blocks that the funds may be stuck.'),
  }),
  result: r.object({
    payment_preimage: r.hash().describe('The proof of payment.'),
    failed_parts: r.integer().describe('Tries that failed.'),
    successful_parts: r.integer().describe('Parts that arrived.'),
    amount_msat: r.msat().describe('What arrived.'),
    amount_sent_msat: r.msat().describe('What was sent, with fees.'),
  }),
  errors: [
    { code: codes.payDestinationPermFail, meaning: 'The payee refused it.' },
    { code: codes.payRouteNotFound, meaning: 'There is no route, and the message says why.' },
    { code: codes.payRouteTooExpensive, meaning: 'The cheapest route costs more than allowed.' },
    { code: codes.payInvoiceExpired, meaning: 'The invoice has expired.' },
    { code: codes.payStoppedRetrying, meaning: 'The time is over.' },
  ],
  examples: [{ cli: 'lightning-cli xpay lnbc100n1…' }],
  seeAlso: ['pay', 'listpays', 'paystatus'],
  run: async (params, { node }) => {
    if (params.partial_msat !== undefined)
      throw new RpcError(codes.badParameter, 'partial_msat: not supported yet');
    const result = await node.payments.pay({
      bolt11: params.invstring,
      amountMsat: params.amount_msat,
      maxFeePercent: PERCENT,
      exemptFee: AT_LEAST,
      maxFee: params.maxfee,
      retryFor: params.retry_for,
      maxDelay: params.maxdelay,
    });
    if (!result.ok) throw payError(result.error);
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
