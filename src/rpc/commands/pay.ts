import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { checkFeeLimits, exclusion, limits } from './pay-limits.js';
import { payError, payJson, payResult } from './payment-shapes.js';

export const pay = defineCommand({
  name: 'pay',
  category: 'payment',
  summary: 'Pay an invoice: find routes and try them until it is paid.',
  description:
    'Asks `getroute` for a route, pays along it, and where a node on the way fails learns from it ' +
    'and tries another, until the invoice is paid, the payee refuses, no affordable route is left, ' +
    'or `retry_for` seconds have passed. An invoice that was paid before is not paid again: the ' +
    'answer is the proof.',
  params: z.object({
    bolt11: p.bolt11().describe('The invoice.'),
    amount_msat: p.msat().optional().describe('For an invoice that names no amount.'),
    label: p.label().optional().describe('A name for `listpays`.'),
    riskfactor: p.number().default(10).describe('Yearly cost of stuck funds, percent.'),
    maxfeepercent: limits.maxfeepercent,
    retry_for: limits.retry_for,
    maxdelay: limits.maxdelay,
    exemptfee: limits.exemptfee,
    localinvreqid: p.hash32().optional().describe('Accepted for other tools; not used.'),
    exclude: p.array(exclusion()).optional().describe('Nodes and channels not to be used.'),
    maxfee: p.msat().optional().describe('The fee at most, in place of percentages.'),
    description: p
      .string()
      .optional()
      .describe('What it is for; needed where only its hash is known.'),
    partial_msat: p.msat().optional().describe('Pay only this much of it; not supported yet.'),
  }),
  result: r.object(payResult),
  errors: [
    { code: codes.payInProgress, meaning: 'A payment with this hash is in flight.' },
    { code: codes.payDestinationPermFail, meaning: 'The payee refused it.' },
    { code: codes.payRouteNotFound, meaning: 'There is no route, and the message says why.' },
    { code: codes.payRouteTooExpensive, meaning: 'The cheapest route costs more than allowed.' },
    { code: codes.payInvoiceExpired, meaning: 'The invoice has expired.' },
    { code: codes.payStoppedRetrying, meaning: 'The time is over.' },
  ],
  examples: [{ cli: 'lightning-cli pay lnbc100n1…' }],
  seeAlso: ['sendpay', 'listpays', 'keysend', 'decode'],
  run: async (params, { node }) => {
    checkFeeLimits(params);
    if (params.partial_msat !== undefined)
      throw new RpcError(codes.badParameter, 'partial_msat: not supported yet');
    const result = await node.payments.pay({
      bolt11: params.bolt11,
      amountMsat: params.amount_msat,
      label: params.label,
      description: params.description,
      riskFactor: params.riskfactor,
      maxFeePercent: params.maxfeepercent,
      exemptFee: params.exemptfee,
      maxFee: params.maxfee,
      retryFor: params.retry_for,
      maxDelay: params.maxdelay,
      exclude: params.exclude,
    });
    if (!result.ok) throw payError(result.error);
    return payJson(result.value.rows, result.value.attempts);
  },
});
