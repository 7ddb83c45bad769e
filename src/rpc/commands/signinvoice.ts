import { z } from 'zod';
import { NETWORKS } from '../../core/bitcoin/index.js';
import { describeInvoiceError, resignInvoice } from '../../core/invoice/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import * as r from '../results.js';

/** Signs an invoice that somebody wrote for us; throws -32602 where it cannot be ours. */
export function signedByUs({ settings, signer }: NodeApi, text: string) {
  const signed = resignInvoice(text, signer.nodeId, (digest) => signer.signRecoverable(digest));
  if (!signed.ok) {
    const foreign = signed.error.code === 'bad_signature';
    const why = foreign ? 'it names another payee' : describeInvoiceError(signed.error);
    throw new RpcError(codes.badParameter, `invstring: ${why}`);
  }
  const { invoicePrefix } = NETWORKS[settings.network];
  const { prefix } = signed.value.invoice;
  if (prefix !== invoicePrefix)
    throw new RpcError(
      codes.badParameter,
      `invstring: it is for another network (ln${prefix}, not ln${invoicePrefix})`,
    );
  return signed.value;
}

export const signinvoice = defineCommand({
  name: 'signinvoice',
  category: 'payment',
  summary: 'Sign an invoice that was written elsewhere.',
  description:
    'Signs an invoice (BOLT 11) as it stands, whatever signature it has. It is not kept, and this ' +
    'node does not take its payment: for that there is `createinvoice`.',
  params: () => z.object({ invstring: p.bolt11().describe('The invoice.') }),
  result: () => r.object({ bolt11: r.string().describe('The same, signed by us.') }),
  errors: [{ code: codes.badParameter, meaning: 'It cannot be read, or names another payee.' }],
  seeAlso: ['createinvoice', 'invoice', 'decode'],
  run: ({ invstring }, { node }) => ({ bolt11: signedByUs(node, invstring).bolt11 }),
});
