import { z } from 'zod';
import type { WaitError } from '../../node/invoices/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { invoiceJson, invoiceResult } from './payment-shapes.js';

export function waitError(error: WaitError): RpcError {
  switch (error.code) {
    case 'not_found':
      return new RpcError(codes.general, 'Label not found');
    case 'deleted':
      return new RpcError(codes.general, 'The invoice was deleted');
    case 'expired':
      return new RpcError(
        codes.invoiceExpiredDuringWait,
        'The invoice expired',
        invoiceJson(error.row),
      );
    case 'timeout':
      return new RpcError(codes.invoiceWaitTimedOut, 'Timed out');
    case 'aborted':
      return new RpcError(codes.general, 'The wait was ended');
  }
}

export const waitinvoice = defineCommand({
  name: 'waitinvoice',
  category: 'payment',
  summary: 'Wait until an invoice is paid.',
  description:
    'Answers when the invoice is paid, at once if it is already. An error says that it expired or ' +
    'was deleted.',
  params: () => z.object({ label: p.label().describe('The label of the invoice.') }),
  result: () => r.object(invoiceResult),
  errors: [
    { code: codes.general, meaning: 'No invoice has the label, or it was deleted.' },
    { code: codes.invoiceExpiredDuringWait, meaning: 'It expired; `data` holds the invoice.' },
  ],
  seeAlso: ['invoice', 'waitanyinvoice'],
  run: async ({ label }, { node, signal }) => {
    const result = await node.invoices.wait(label, signal);
    if (!result.ok) throw waitError(result.error);
    return invoiceJson(result.value);
  },
});
