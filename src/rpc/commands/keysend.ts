import { z } from 'zod';
import type { Bytes, NodeId } from '../../core/bytes/index.js';
import { fromHex } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { checkFeeLimits, exclusion, limits } from './pay-limits.js';
import { payError, payJson, payResult } from './payment-shapes.js';

/** `{"133773310": "68656c6c6f"}`: more records for the payee. */
const tlvs = () =>
  p.param<{ type: bigint; value: Bytes }[]>(
    'object of TLV types and hex',
    'should be an object of TLV types and hex values',
    (v) => {
      if (typeof v !== 'object' || v === null || Array.isArray(v)) return undefined;
      const out: { type: bigint; value: Bytes }[] = [];
      for (const [type, text] of Object.entries(v)) {
        const value = typeof text === 'string' ? fromHex(text) : undefined;
        if (value === undefined || !/^\d{1,19}$/.test(type)) return undefined;
        out.push({ type: BigInt(type), value });
      }
      return out.sort((a, b) => (a.type < b.type ? -1 : 1));
    },
  );

/** Types of the payload that we write ourselves. */
const RESERVED = 0x10000n;
const KEYSEND = 5482373484n;

export const keysend = defineCommand({
  name: 'keysend',
  category: 'payment',
  summary: 'Pay a node that made no invoice.',
  description:
    'Sends the preimage along with the payment (bLIP 3). Nothing proves what it was for: whoever ' +
    'holds the preimage made it up himself.',
  params: z.object({
    destination: p.nodeId().describe('Who is paid.'),
    amount_msat: p.msat().describe('What is to arrive.'),
    label: p.label().optional().describe('A name for `listpays`.'),
    maxfeepercent: limits.maxfeepercent,
    retry_for: limits.retry_for,
    maxdelay: limits.maxdelay,
    exemptfee: limits.exemptfee,
    routehints: p
      .array(p.array(p.object({})))
      .optional()
      .describe('Not supported yet.'),
    extratlvs: tlvs().optional().describe('More records for the payee: types and hex.'),
    maxfee: p.msat().optional().describe('The fee at most, in place of percentages.'),
    exclude: p.array(exclusion()).optional().describe('Nodes and channels not to be used.'),
  }),
  result: r.object(payResult),
  errors: [
    { code: codes.payDestinationPermFail, meaning: 'The payee refused it.' },
    { code: codes.payRouteNotFound, meaning: 'There is no route, and the message says why.' },
    { code: codes.payRouteTooExpensive, meaning: 'The cheapest route costs more than allowed.' },
    { code: codes.payStoppedRetrying, meaning: 'The time is over.' },
  ],
  seeAlso: ['pay', 'sendpay'],
  run: async (params, { node }) => {
    checkFeeLimits(params);
    const bad = (message: string) => new RpcError(codes.badParameter, message);
    if (params.routehints?.length) throw bad('routehints: not supported yet');
    if (params.destination === node.nodeId) throw bad('destination: it is this node');
    if (params.amount_msat === 0n) throw bad('amount_msat: it must be above zero');
    const own = params.extratlvs?.find(({ type }) => type < RESERVED || type === KEYSEND);
    if (own !== undefined) throw bad(`extratlvs: type ${own.type} is not free`);
    const result = await node.payments.keysend({
      destination: params.destination as NodeId,
      amountMsat: params.amount_msat,
      label: params.label,
      maxFeePercent: params.maxfeepercent,
      exemptFee: params.exemptfee,
      maxFee: params.maxfee,
      retryFor: params.retry_for,
      maxDelay: params.maxdelay,
      exclude: params.exclude,
      extraTlvs: params.extratlvs,
    });
    if (!result.ok) throw payError(result.error);
    return payJson(result.value.rows, result.value.attempts);
  },
});
