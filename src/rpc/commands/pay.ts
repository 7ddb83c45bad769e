import { z } from 'zod';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { invoiceErrors, limits, limitsOf, teller } from './pay-shared.js';
import { paidJson, payResult } from './payment-shapes.js';

export const pay = defineCommand({
  name: 'pay',
  category: 'payment',
  summary: 'Pay an invoice: find routes and try them until it is paid.',
  description:
    'Sends the amount over one route, or in parts where that is cheaper, counting fees and the ' +
    'chance to get through. Where a node on the way fails it learns, and sends what failed another ' +
    'way, until the invoice is paid, the payee refuses, no affordable route is left, or `retry_for` ' +
    'seconds have passed. The fee limit holds for all parts together, those in flight and those ' +
    'that are sent again.\n\n' +
    'It goes on when the client goes away, and after a restart of the daemon: `listpays` says ' +
    '`pending` until it has ended for good. An invoice that was paid before is not paid again: the ' +
    'answer is the proof.\n\n' +
    'A client that asked for `notifications` is told of each part that is sent, of each failure ' +
    'with what was learned, and of each new try.',
  params: () =>
    z.object({
      bolt11: p.bolt11().describe('The invoice.'),
      amount_msat: p.msat().optional().describe('For an invoice that names no amount.'),
      label: p.label().optional().describe('A name for `listpays`.'),
      riskfactor: p.number().default(10).describe('Yearly cost of stuck funds, percent.'),
      maxfeepercent: limits.maxfeepercent,
      retry_for: limits.retry_for,
      maxdelay: limits.maxdelay,
      exemptfee: limits.exemptfee,
      localinvreqid: p.hash32().optional().describe('Accepted for other tools; not used.'),
      exclude: limits.exclude,
      maxfee: limits.maxfee,
      description: p
        .string()
        .optional()
        .describe('What it is for; needed where only its hash is known.'),
      partial_msat: limits.partial_msat,
    }),
  result: () => r.object(payResult),
  errors: invoiceErrors,
  examples: [{ cli: 'lightning-cli pay lnbc100n1…' }],
  seeAlso: ['sendpay', 'listpays', 'paystatus', 'keysend', 'decode', 'notifications'],
  run: async (params, { node, notify }) => {
    const wish = {
      bolt11: params.bolt11,
      amountMsat: params.amount_msat,
      partialMsat: params.partial_msat,
      label: params.label,
      description: params.description,
      ...limitsOf(params),
    };
    return paidJson(await node.payments.pay(wish, teller(notify)));
  },
});
