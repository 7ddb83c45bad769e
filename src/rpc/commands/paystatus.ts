import { z } from 'zod';
import { scidToString } from '../../core/bytes/index.js';
import { decodeFailure, decodeRoute, type PaymentRow } from '../../node/payments/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { filterHash } from './payment-shapes.js';

const time = (seconds: number): string => new Date(seconds * 1000).toISOString();

function attemptJson(row: PaymentRow, now: number) {
  const failure = row.status === 'failed' ? { ...decodeFailure(row) } : undefined;
  return {
    strategy: row.partid === 0 ? 'the whole in one part' : `part ${row.partid}`,
    partid: row.partid,
    start_time: time(row.created_at),
    age_in_seconds: Math.max(0, now - row.created_at),
    end_time: row.completed_at === null ? undefined : time(row.completed_at),
    status: row.status,
    amount_msat: row.amount_msat ?? undefined,
    amount_sent_msat: row.amount_sent_msat,
    route: decodeRoute(row.route).map((hop) => ({
      id: hop.id,
      channel: `${scidToString(hop.channel)}/${hop.direction}`,
      amount_msat: hop.amountMsat,
      delay: hop.delay,
    })),
    success:
      row.preimage === null ? undefined : { id: row.created_index, payment_preimage: row.preimage },
    failure,
  };
}

const attempt = r.object({
  strategy: r.string().describe('What was tried.'),
  partid: r.integer().describe('Which part; 0: the whole.'),
  start_time: r.string().describe('When it was sent.'),
  age_in_seconds: r.integer().describe('How long ago that is.'),
  end_time: r.string().optional().describe('When it ended.'),
  status: r.oneOf('pending', 'complete', 'failed').describe('How it stands.'),
  amount_msat: r.msat().optional().describe('What was to arrive.'),
  amount_sent_msat: r.msat().describe('What was sent, with fees.'),
  route: r
    .array(
      r.object({
        id: r.nodeId().describe('The node at the end of the hop.'),
        channel: r.scidDir().describe('The channel and its direction.'),
        amount_msat: r.msat().describe('What was to arrive there.'),
        delay: r.integer().describe('Blocks left there.'),
      }),
    )
    .describe('The way it took.'),
  success: r
    .object({
      id: r.integer().describe('Its number in `listsendpays`.'),
      payment_preimage: r.hash().describe('The proof of payment.'),
    })
    .optional()
    .describe('Where it succeeded.'),
  failure: z
    .record(z.string(), z.unknown())
    .meta({ result: 'object' })
    .optional()
    .describe('Where it failed: who, why, and what was learned, as `sendpay` tells it.'),
});

export const paystatus = defineCommand({
  name: 'paystatus',
  category: 'payment',
  summary: 'Show what pay has tried.',
  description:
    'Every try to pay an invoice, with its route, its outcome, who failed it and what the route ' +
    'table learned from it. Without an invoice, of all payments.',
  params: z.object({ invstring: p.string().optional().describe('Only this invoice.') }),
  result: r.object({
    pay: r.array(
      r.object({
        bolt11: r.string().optional().describe('The invoice.'),
        payment_hash: r.hash().describe('Its hash.'),
        status: r.oneOf('pending', 'complete', 'failed').describe('How the payment stands.'),
        destination: r.nodeId().optional().describe('Who is paid.'),
        label: r.string().optional().describe('As given.'),
        attempts: r.array(attempt).describe('Oldest first.'),
      }),
    ),
  }),
  errors: [{ code: codes.badParameter, meaning: 'It is no invoice; the message says why.' }],
  seeAlso: ['pay', 'listpays', 'listsendpays', 'listconstraints'],
  run: async ({ invstring }, { node }) => {
    const paymentHash = filterHash(node, { bolt11: invstring }, 'invstring');
    const rows = await node.payments.list(paymentHash === undefined ? {} : { paymentHash });
    const now = Math.floor(node.clock.now() / 1000);
    const byHash = new Map<string, PaymentRow[]>();
    for (const row of rows) {
      const tries = byHash.get(row.payment_hash) ?? [];
      byHash.set(row.payment_hash, [...tries, row]);
    }
    const statusOf = (tries: readonly PaymentRow[]): PaymentRow['status'] =>
      (['complete', 'pending'] as const).find((s) => tries.some((row) => row.status === s)) ??
      'failed';
    return {
      pay: [...byHash.values()].map((tries) => {
        const [first] = tries as [PaymentRow];
        return {
          bolt11: first.bolt11 ?? undefined,
          payment_hash: first.payment_hash,
          status: node.payments.isPaying(first.payment_hash) ? 'pending' : statusOf(tries),
          destination: first.destination ?? undefined,
          label: first.label ?? undefined,
          attempts: tries.map((row) => attemptJson(row, now)),
        };
      }),
    };
  },
});
