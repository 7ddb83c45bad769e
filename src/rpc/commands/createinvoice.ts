import { z } from 'zod';
import { equal } from '../../core/bytes/index.js';
import { sha256 } from '../../core/crypto/index.js';
import { expiresAt } from '../../core/invoice/index.js';
import { seconds } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { createError } from './invoice.js';
import { invoiceJson, invoiceResult, secret32 } from './payment-shapes.js';
import { signedByUs } from './signinvoice.js';

export const createinvoice = defineCommand({
  name: 'createinvoice',
  category: 'payment',
  summary: 'Sign and keep an invoice that was written elsewhere.',
  description:
    'Signs an invoice (BOLT 11) as it stands, whatever signature it has, and takes its payment from ' +
    'now on: with the terms of the invoice, and this preimage.',
  params: () =>
    z.object({
      invstring: p.bolt11().describe('The invoice.'),
      label: p.label().describe('A name of its own, as for `invoice`.'),
      preimage: secret32().describe('32 bytes whose SHA256 is the payment hash.'),
    }),
  result: () => r.object(invoiceResult),
  errors: [
    { code: codes.badParameter, meaning: 'It cannot be read, or cannot be ours; or it is over.' },
    { code: codes.invoiceLabelExists, meaning: 'The label is taken.' },
    { code: codes.invoicePreimageExists, meaning: 'There is an invoice with this hash.' },
  ],
  seeAlso: ['signinvoice', 'invoice', 'listinvoices'],
  run: async ({ invstring, label, preimage }, { node }) => {
    const { bolt11, invoice } = signedByUs(node, invstring);
    if (!equal(sha256(preimage), invoice.paymentHash))
      throw new RpcError(codes.badParameter, 'preimage: is not that of the payment hash');
    if (expiresAt(invoice) <= seconds(node.clock))
      throw new RpcError(codes.badParameter, 'invstring: it has expired');
    const kept = await node.invoices.adopt({ label, preimage, bolt11, invoice });
    if (!kept.ok) throw createError(kept.error);
    return invoiceJson(kept.value.row);
  },
});
