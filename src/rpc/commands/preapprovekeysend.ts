import { z } from 'zod';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';

export const preapprovekeysend = defineCommand({
  name: 'preapprovekeysend',
  category: 'payment',
  summary: 'Ask whether the signer would let a keysend go.',
  description:
    'The signer of this daemon has no rules of its own on what may be paid: it approves all.',
  params: () =>
    z.object({
      destination: p.nodeId().describe('Who is to be paid.'),
      payment_hash: p.hash32().describe('SHA256 of the preimage.'),
      amount_msat: p.msat().describe('How much.'),
    }),
  result: () => r.object({}),
  seeAlso: ['keysend', 'preapproveinvoice'],
  run: () => ({}),
});
