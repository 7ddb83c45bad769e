import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import {
  attemptJson,
  attemptResult,
  filterHash,
  paymentJson,
  paymentResult,
} from './payment-shapes.js';

/** Parameters of a list by index. */
export const page = {
  index: p
    .oneOf('created', 'updated')
    .optional()
    .describe('Which number `start` and the order are about.'),
  start: p.integer(0, Number.MAX_SAFE_INTEGER).optional().describe('The first number wanted.'),
  limit: p.integer().optional().describe('How many at most.'),
};

export const listsendpays = defineCommand({
  name: 'listsendpays',
  category: 'payment',
  summary: 'List every try to pay, with its outcome.',
  description:
    'One entry for each part of each try, also of those that failed: `sendpay` makes one, `pay` ' +
    'may make several. Each says which way it went; one that failed says who failed it, and what ' +
    'the route table learned.',
  params: () =>
    z.object({
      bolt11: p.string().optional().describe('Only those of this invoice.'),
      payment_hash: p.hash32().optional().describe('Only those with this hash.'),
      status: p.oneOf('pending', 'complete', 'failed').optional().describe('Only those.'),
      ...page,
    }),
  result: () =>
    r.object({
      payments: r
        .array(
          r.object({
            ...paymentResult,
            description: r.string().optional().describe('As given, or as the invoice has it.'),
            ...attemptResult,
          }),
        )
        .describe('Oldest first.'),
    }),
  errors: [{ code: codes.badParameter, meaning: 'A parameter is wrong; the message names it.' }],
  seeAlso: ['sendpay', 'listpays', 'waitsendpay'],
  run: async (params, { node }) => {
    const { status, index, start, limit } = params;
    const paymentHash = filterHash(node, params);
    const rows = await node.payments.list({
      ...(paymentHash === undefined ? {} : { paymentHash }),
      ...(status === undefined ? {} : { status }),
      ...(index === undefined ? {} : { index }),
      ...(start === undefined ? {} : { start }),
      ...(limit === undefined ? {} : { limit }),
    });
    return {
      payments: rows.map((row) => ({
        ...paymentJson(row),
        description: row.description ?? undefined,
        ...attemptJson(row),
      })),
    };
  },
});
