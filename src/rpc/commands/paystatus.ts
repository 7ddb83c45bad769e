import { z } from 'zod';
import type { PaymentRow, PayStatus } from '../../node/payments/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { attemptJson, attemptResult, filterHash, standing } from './payment-shapes.js';

const time = (seconds: number): string => new Date(seconds * 1000).toISOString();

const shownAttempt = (row: PaymentRow, now: number) => ({
  strategy: row.partid === 0 ? 'the whole in one part' : `part ${row.partid}`,
  partid: row.partid,
  groupid: row.groupid,
  start_time: time(row.created_at),
  age_in_seconds: Math.max(0, now - row.created_at),
  end_time: row.completed_at === null ? undefined : time(row.completed_at),
  status: row.status,
  amount_msat: row.amount_msat ?? undefined,
  amount_sent_msat: row.amount_sent_msat,
  success:
    row.preimage === null ? undefined : { id: row.created_index, payment_preimage: row.preimage },
  ...attemptJson(row),
});

const attempt = r.object({
  strategy: r.string().describe('What was tried.'),
  partid: r.integer().describe('Which part; 0: the whole.'),
  groupid: r.integer().describe('Which `pay`, of those with this hash.'),
  start_time: r.string().describe('When it was sent.'),
  age_in_seconds: r.integer().describe('How long ago that is.'),
  end_time: r.string().optional().describe('When it ended.'),
  status: r.oneOf('pending', 'complete', 'failed').describe('How it stands.'),
  amount_msat: r.msat().optional().describe('What was to arrive.'),
  amount_sent_msat: r.msat().describe('What was sent, with fees.'),
  ...attemptResult,
  success: r
    .object({
      id: r.integer().describe('Its number in `listsendpays`.'),
      payment_preimage: r.hash().describe('The proof of payment.'),
    })
    .optional()
    .describe('Where it succeeded.'),
});

export const paystatus = defineCommand({
  name: 'paystatus',
  category: 'payment',
  summary: 'Show what pay has tried.',
  description:
    'Every try to pay an invoice, with its route, its outcome, who failed it and what the route ' +
    'table learned from it. Without an invoice, of all payments. `status` is `pending` until ' +
    'nothing is in flight and nothing more will be sent, also over a restart; `error` is the ' +
    'reason that `pay` gave in the end.',
  params: () => z.object({ invstring: p.string().optional().describe('Only this invoice.') }),
  result: () =>
    r.object({
      pay: r.array(
        r.object({
          bolt11: r.string().optional().describe('The invoice.'),
          payment_hash: r.hash().describe('Its hash.'),
          status: r.oneOf('pending', 'complete', 'failed').describe('How the payment stands.'),
          destination: r.nodeId().optional().describe('Who is paid.'),
          label: r.string().optional().describe('As given.'),
          amount_msat: r.msat().optional().describe('What `pay` was to bring.'),
          maxfee_msat: r
            .msat()
            .optional()
            .describe('What it may cost in fees, all parts together.'),
          deadline: r.string().optional().describe('From when on no new part is sent.'),
          error: r.string().optional().describe('Why it failed, where it did.'),
          attempts: r.array(attempt).describe('Oldest first.'),
        }),
      ),
    }),
  errors: [{ code: codes.badParameter, meaning: 'It is no invoice; the message says why.' }],
  seeAlso: ['pay', 'listpays', 'listsendpays', 'listconstraints'],
  run: async ({ invstring }, { node }) => {
    const paymentHash = filterHash(node, { bolt11: invstring }, 'invstring');
    const { payments } = node;
    const before = payments.paying;
    const rows = await payments.list(paymentHash === undefined ? {} : { paymentHash });
    // Asked after the rows: what was kept with a later one is no riddle then.
    const pays = await payments.pays(paymentHash);
    const now = Math.floor(node.clock.now() / 1000);
    const newest = new Map<string, PayStatus>();
    for (const pay of pays)
      if ((newest.get(pay.paymentHash)?.groupId ?? 0) < pay.groupId)
        newest.set(pay.paymentHash, pay);
    const byHash = new Map<string, PaymentRow[]>();
    for (const row of rows) {
      const tries = byHash.get(row.payment_hash);
      if (tries === undefined) byHash.set(row.payment_hash, [row]);
      else tries.push(row);
    }
    return {
      pay: [...byHash.values()].map((tries) => {
        const [first] = tries as [PaymentRow];
        const asked = newest.get(first.payment_hash);
        const goesOn = before.has(first.payment_hash) || payments.paying.has(first.payment_hash);
        const status = standing(tries, asked, goesOn);
        return {
          bolt11: first.bolt11 ?? undefined,
          payment_hash: first.payment_hash,
          status,
          destination: first.destination ?? undefined,
          label: first.label ?? undefined,
          amount_msat: asked?.amountMsat,
          maxfee_msat: asked?.maxFeeMsat,
          deadline: asked === undefined ? undefined : time(asked.deadline),
          error: status === 'failed' ? asked?.failure?.message : undefined,
          attempts: tries.map((row) => shownAttempt(row, now)),
        };
      }),
    };
  },
});
