import { z } from 'zod';
import { utf8 } from '../../core/bytes/index.js';
import type { CreateInvoiceError, Expose } from '../../node/invoices/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { secret32 } from './payment-shapes.js';

const MAX_LABEL = 128;

/** `true`: all private channels; `false`: none; or the channels themselves. */
const expose = () =>
  p.param<Expose>('boolean|array', 'should be a boolean or an array of short_channel_ids', (v) => {
    if (v === true || v === 'true') return 'all';
    if (v === false || v === 'false') return 'none';
    const read = z.array(p.scid()).safeParse(Array.isArray(v) ? v : [v]);
    return read.success ? read.data : undefined;
  });

/** Why there is no invoice, for clients. */
export function createError(error: CreateInvoiceError): RpcError {
  switch (error.code) {
    case 'label_exists':
      return new RpcError(codes.invoiceLabelExists, `Duplicate label '${error.label}'`);
    case 'preimage_exists':
      return new RpcError(
        codes.invoicePreimageExists,
        `preimage already used, by the invoice '${error.label}'`,
      );
    case 'bad_amount':
      return new RpcError(codes.badParameter, 'amount_msat: more than there is');
    case 'bad_fallback':
      return new RpcError(
        codes.badParameter,
        `fallbacks: '${error.address}' is no address of this network (${error.reason})`,
      );
    case 'description_too_long':
      return new RpcError(
        codes.badParameter,
        `description: ${error.length} bytes, 639 at most; with deschashonly any length will do`,
      );
  }
}

export const invoice = defineCommand({
  name: 'invoice',
  category: 'payment',
  summary: 'Make an invoice, for somebody to pay us.',
  description:
    'Makes an invoice (BOLT 11) and keeps it: it is on disk before the answer. If the daemon dies ' +
    'before it answers, `listinvoices` with the label tells whether the invoice was made.\n\n' +
    'Where none of our channels is public, private ones are named in the invoice, so that payers ' +
    'find us; `exposeprivatechannels` says which.',
  params: () =>
    z.object({
      amount_msat: p.msatOrAny().describe('What is asked for, or `any`.'),
      label: p.label().describe('A name of its own for this invoice, up to 128 bytes.'),
      description: p.string().describe('What it is for, shown to the payer; up to 639 bytes.'),
      expiry: p.integer(1).default(604_800).describe('Seconds until it can no longer be paid.'),
      fallbacks: p.array(p.string()).optional().describe('Addresses for a payment on the chain.'),
      preimage: secret32().optional().describe('32 bytes never used before; left out: random.'),
      exposeprivatechannels: expose().optional().describe('Private channels to name.'),
      cltv: p
        .integer(1, 2016)
        .optional()
        .describe(
          'Blocks an HTLC must have left (`--cltv-final`); no fewer than this node needs to claim ' +
            'it on the chain: half of `--cltv-delta` and one, 18 at most.',
        ),
      deschashonly: p
        .boolean()
        .default(false)
        .describe('Only the hash of the description goes in.'),
    }),
  result: () =>
    r.object({
      bolt11: r.string().describe('The invoice, for the payer.'),
      payment_hash: r.hash().describe('SHA256 of the preimage.'),
      payment_secret: r.hash().describe('What payers prove that they know the invoice with.'),
      expires_at: r.integer().describe('When it can no longer be paid, seconds since 1970.'),
      created_index: r.integer().describe('1 for the first invoice ever made, and so on.'),
      warning_capacity: r.string().optional().describe('Our channels cannot take in so much.'),
      warning_offline: r.string().optional().describe('Only with peers that are away.'),
      warning_deadends: r.string().optional().describe('Our peers have no other channels.'),
      warning_private_unused: r.string().optional().describe('Private channels would do, unnamed.'),
      warning_mpp: r.string().optional().describe('No single channel can take in so much.'),
    }),
  errors: [
    { code: codes.invoiceLabelExists, meaning: 'The label is taken.' },
    { code: codes.invoicePreimageExists, meaning: 'The preimage was used before.' },
  ],
  examples: [{ cli: 'lightning-cli invoice 10000 "order 17" "a cup of tea"' }],
  seeAlso: ['listinvoices', 'waitinvoice', 'delinvoice', 'decode'],
  run: async (params, { node }) => {
    if (utf8(params.label).length > MAX_LABEL)
      throw new RpcError(codes.badParameter, `label: more than ${MAX_LABEL} bytes`);
    if (params.amount_msat === 0n)
      throw new RpcError(codes.badParameter, "amount_msat: must be above zero, or 'any'");
    const created = await node.invoices.create({
      ...(params.amount_msat === 'any' ? {} : { amountMsat: params.amount_msat }),
      label: params.label,
      description: params.description,
      expiry: params.expiry,
      descriptionHashOnly: params.deschashonly,
      ...(params.fallbacks && { fallbacks: params.fallbacks }),
      ...(params.preimage && { preimage: params.preimage }),
      ...(params.exposeprivatechannels && { expose: params.exposeprivatechannels }),
      ...(params.cltv && { cltv: params.cltv }),
    });
    if (!created.ok) throw createError(created.error);
    const { row, warnings } = created.value;
    return {
      bolt11: row.bolt11,
      payment_hash: row.payment_hash,
      payment_secret: row.payment_secret,
      expires_at: row.expires_at,
      created_index: row.created_index,
      ...warnings,
    };
  },
});
