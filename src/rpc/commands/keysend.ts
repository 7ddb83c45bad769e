import { z } from 'zod';
import type { Bytes, NodeId } from '../../core/bytes/index.js';
import { fromHex, hex } from '../../core/bytes/index.js';
import { channelsOfHints } from '../../node/payments/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { limits, limitsOf, payErrors, teller } from './pay-shared.js';
import { paidJson, payResult } from './payment-shapes.js';

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

const hintHop = p.object({
  id: p.nodeId().describe('The node at the start of the channel.'),
  scid: p.scid().describe('The channel.'),
  feebase: p.msat().describe('What it asks for each payment.'),
  feeprop: p.integer(0, 0xffff_ffff).describe('And in millionths of the amount.'),
  expirydelta: p.integer(0, 0xffff).describe('The blocks it wants for itself.'),
});

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
  params: () =>
    z.object({
      destination: p.nodeId().describe('Who is paid.'),
      amount_msat: p.msat().describe('What is to arrive.'),
      label: p.label().optional().describe('A name for `listpays`.'),
      maxfeepercent: limits.maxfeepercent,
      retry_for: limits.retry_for,
      maxdelay: limits.maxdelay,
      exemptfee: limits.exemptfee,
      routehints: p
        .array(p.array(hintHop))
        .optional()
        .describe('Ways to the payee that gossip does not tell, each hop by hop.'),
      extratlvs: tlvs().optional().describe('More records for the payee: types and hex.'),
      maxfee: limits.maxfee,
      exclude: limits.exclude,
    }),
  result: () => r.object(payResult),
  errors: payErrors,
  seeAlso: ['pay', 'sendpay'],
  run: async (params, { node, notify }) => {
    const bad = (message: string) => new RpcError(codes.badParameter, message);
    const destination = params.destination as NodeId;
    if (destination === node.nodeId) throw bad('destination: it is this node');
    if (params.amount_msat === 0n) throw bad('amount_msat: it must be above zero');
    const own = params.extratlvs?.find(({ type }) => type < RESERVED || type === KEYSEND);
    if (own !== undefined) throw bad(`extratlvs: type ${own.type} is not free`);
    const hints = params.routehints?.map((way) =>
      way.map(({ id, scid, feebase, feeprop, expirydelta }) => ({
        nodeId: hex(id),
        shortChannelId: scid,
        feeBaseMsat: Number(feebase),
        feeProportionalMillionths: feeprop,
        cltvExpiryDelta: expirydelta,
      })),
    );
    const wish = {
      destination,
      amountMsat: params.amount_msat,
      label: params.label,
      extraTlvs: params.extratlvs,
      ...(hints === undefined ? {} : { hints: channelsOfHints(hints, destination) }),
      ...limitsOf(params),
    };
    return paidJson(await node.payments.keysend(wish, teller(notify)));
  },
});
