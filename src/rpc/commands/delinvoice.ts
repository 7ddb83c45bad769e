import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { invoiceJson, invoiceResult } from './payment-shapes.js';

export const delinvoice = defineCommand({
  name: 'delinvoice',
  category: 'payment',
  summary: 'Delete an invoice, or what it says of its purpose.',
  description:
    'Deletes the invoice if it has the status given; without one, if it is unpaid. An HTLC that ' +
    'pays it at that moment either comes first, and the status is no longer the expected one, or ' +
    'is refused.',
  params: () =>
    z.object({
      label: p.label().describe('The label of the invoice.'),
      status: p
        .oneOf('unpaid', 'paid', 'expired')
        .default('unpaid')
        .describe('Must be its status.'),
      desconly: p.boolean().default(false).describe('Delete the description alone.'),
    }),
  result: () => r.object(invoiceResult),
  errors: [
    { code: codes.invoiceNotFound, meaning: 'No invoice has the label.' },
    { code: codes.invoiceStatusUnexpected, meaning: 'It has another status; `data` says which.' },
    { code: codes.invoiceNoDescription, meaning: 'There is no description any more.' },
  ],
  seeAlso: ['invoice', 'listinvoices'],
  run: async ({ label, status, desconly }, { node }) => {
    const result = await node.invoices.delete(label, status, desconly);
    if (result.ok) return invoiceJson(result.value);
    const { error } = result;
    switch (error.code) {
      case 'not_found':
        throw new RpcError(codes.invoiceNotFound, 'Unknown invoice');
      case 'no_description':
        throw new RpcError(codes.invoiceNoDescription, 'Invoice description already removed');
      case 'status_unexpected':
        throw new RpcError(
          codes.invoiceStatusUnexpected,
          `Invoice status is ${error.current} not ${error.expected}`,
          { current_status: error.current, expected_status: error.expected },
        );
    }
  },
});
