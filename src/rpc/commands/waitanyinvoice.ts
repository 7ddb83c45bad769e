import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { invoiceJson, invoiceResult } from './payment-shapes.js';
import { waitError } from './waitinvoice.js';

export const waitanyinvoice = defineCommand({
  name: 'waitanyinvoice',
  category: 'payment',
  summary: 'Wait for the next invoice to be paid.',
  description:
    'Answers the first invoice that was paid after the one with `lastpay_index`, at once if there ' +
    'is one. Called again and again with the `pay_index` of the last answer it misses none, in ' +
    'the order of payment, over restarts of either side.',
  params: () =>
    z.object({
      lastpay_index: p
        .integer(0, Number.MAX_SAFE_INTEGER)
        .default(0)
        .describe('The `pay_index` seen last.'),
      timeout: p.integer().optional().describe('Seconds; left out: for as long as it takes.'),
    }),
  result: () => r.object(invoiceResult),
  errors: [{ code: codes.invoiceWaitTimedOut, meaning: 'The time is over.' }],
  seeAlso: ['waitinvoice', 'listinvoices'],
  run: async ({ lastpay_index, timeout }, { node, signal }) => {
    const result = await node.invoices.waitAny(lastpay_index, {
      signal,
      ...(timeout === undefined ? {} : { timeout }),
    });
    if (!result.ok) throw waitError(result.error);
    return invoiceJson(result.value);
  },
});
