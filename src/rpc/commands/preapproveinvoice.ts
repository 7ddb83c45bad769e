import { z } from 'zod';
import { NETWORKS } from '../../core/bitcoin/index.js';
import { readInvoice } from '../../node/payments/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { sendpayError } from './payment-shapes.js';

export const preapproveinvoice = defineCommand({
  name: 'preapproveinvoice',
  category: 'payment',
  summary: 'Ask whether the signer would let an invoice be paid.',
  description:
    'The signer of this daemon has no rules of its own on what may be paid: it approves every ' +
    'invoice that can be read.',
  params: () => z.object({ bolt11: p.bolt11().describe('The invoice.') }),
  result: () => r.object({}),
  errors: [{ code: codes.badParameter, meaning: 'The invoice cannot be read.' }],
  seeAlso: ['pay', 'preapprovekeysend'],
  run: ({ bolt11 }, { node }) => {
    const prefix = NETWORKS[node.settings.network].invoicePrefix;
    const read = readInvoice(bolt11, prefix, 'bolt11');
    if (!read.ok) throw sendpayError(read.error);
    return {};
  },
});
