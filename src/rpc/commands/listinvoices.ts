import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { page } from './listsendpays.js';
import { filterHash, invoiceJson, invoiceResult } from './payment-shapes.js';

export const listinvoices = defineCommand({
  name: 'listinvoices',
  aliases: ['listinvoice'],
  category: 'payment',
  summary: 'List invoices, or one.',
  description:
    'Lists the invoices that were made and not deleted, oldest first, or the one with a label, a ' +
    'payment hash, or an invoice string. Where there is none, the list is empty.',
  params: () =>
    z.object({
      label: p.label().optional().describe('The one with this label.'),
      invstring: p.string().optional().describe('The one with this BOLT 11 string.'),
      payment_hash: p.hash32().optional().describe('The one with this hash.'),
      offer_id: p.hash32().optional().describe('Those of an offer; there are none yet.'),
      ...page,
    }),
  result: () => r.object({ invoices: r.array(r.object(invoiceResult)) }),
  errors: [{ code: codes.badParameter, meaning: 'A parameter is wrong; the message names it.' }],
  seeAlso: ['invoice', 'waitinvoice', 'delinvoice'],
  run: async (params, { node }) => {
    const { label, invstring, payment_hash, offer_id, index, start, limit } = params;
    const filters = [label, invstring, payment_hash, offer_id].filter((f) => f !== undefined);
    if (filters.length > 1)
      throw new RpcError(
        codes.badParameter,
        'Can only specify one of {label}, {invstring}, {payment_hash} or {offer_id}',
      );
    if (offer_id !== undefined) return { invoices: [] };
    const paymentHash = filterHash(node, { payment_hash, bolt11: invstring }, 'invstring');
    const rows = await node.invoices.list({
      ...(label === undefined ? {} : { label }),
      ...(paymentHash === undefined ? {} : { paymentHash }),
      ...(index === undefined ? {} : { index }),
      ...(start === undefined ? {} : { start }),
      ...(limit === undefined ? {} : { limit }),
    });
    return { invoices: rows.map(invoiceJson) };
  },
});
