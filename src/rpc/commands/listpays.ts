import { z } from 'zod';
import type { PaymentRow, PayStatus } from '../../node/payments/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { page } from './listsendpays.js';
import { filterHash, standing } from './payment-shapes.js';

/** All parts of one try, as one payment. */
function payJson(rows: readonly PaymentRow[], goesOn: boolean, asked: PayStatus | undefined) {
  const [first] = rows as [PaymentRow];
  const complete = rows.filter((row) => row.status === 'complete');
  const status = standing(rows, asked, goesOn);
  // The payee takes all parts or none: with one of them those in flight are paid too.
  const counts = status === 'complete' ? ['complete', 'pending'] : [status];
  const counted = rows.filter((row) => counts.includes(row.status));
  const sum = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n);
  const brought = sum(counted.map((row) => row.amount_msat ?? 0n));
  const ends = counted.map((row) => row.completed_at ?? 0);
  const changes = rows.flatMap((row) => row.updated_index ?? []);
  return {
    payment_hash: first.payment_hash,
    status,
    created_at: first.created_at,
    created_index: first.created_index,
    updated_index: changes.length === 0 ? undefined : Math.max(...changes),
    completed_at: status === 'pending' || ends.length === 0 ? undefined : Math.max(...ends),
    destination: first.destination ?? undefined,
    amount_msat: status === 'failed' ? undefined : (asked?.amountMsat ?? brought),
    amount_sent_msat: status === 'failed' ? 0n : sum(counted.map((row) => row.amount_sent_msat)),
    label: first.label ?? undefined,
    bolt11: first.bolt11 ?? undefined,
    description: first.description ?? undefined,
    preimage: complete[0]?.preimage ?? undefined,
    number_of_parts: counted.length > 1 ? counted.length : undefined,
    failed_attempts: rows.filter((row) => row.status === 'failed').length || undefined,
    error: status === 'failed' ? asked?.failure?.message : undefined,
  };
}

export const listpays = defineCommand({
  name: 'listpays',
  category: 'payment',
  summary: 'List payments, each with all its parts and tries together.',
  description:
    'As `listsendpays`, but what was tried under one hash and group is one entry. It is `pending` ' +
    'until nothing is in flight and nothing more will be sent, also between two tries and over a ' +
    'restart: `failed` is said once, and for good.',
  params: () =>
    z.object({
      bolt11: p.string().optional().describe('Only those of this invoice.'),
      payment_hash: p.hash32().optional().describe('Only those with this hash.'),
      status: p.oneOf('pending', 'complete', 'failed').optional().describe('Only those.'),
      ...page,
    }),
  result: () =>
    r.object({
      pays: r.array(
        r.object({
          payment_hash: r.hash().describe('SHA256 of the preimage.'),
          status: r.oneOf('pending', 'complete', 'failed').describe('How it stands.'),
          created_at: r.integer().describe('When it was first sent, seconds since 1970.'),
          created_index: r.integer().describe('The number of its first part.'),
          updated_index: r.integer().optional().describe('The number of the last change of one.'),
          completed_at: r.integer().optional().describe('When it ended.'),
          destination: r.nodeId().optional().describe('Who is paid.'),
          amount_msat: r.msat().optional().describe('What arrives.'),
          amount_sent_msat: r.msat().describe('What is sent, with fees.'),
          label: r.string().optional().describe('As given.'),
          bolt11: r.string().optional().describe('The invoice.'),
          description: r.string().optional().describe('What it is for.'),
          preimage: r.hash().optional().describe('The proof of payment (only if complete).'),
          number_of_parts: r.integer().optional().describe('Where there is more than one.'),
          failed_attempts: r
            .integer()
            .optional()
            .describe('Parts that failed; `paystatus` tells of each.'),
          error: r.string().optional().describe('Why `pay` gave up (only if failed).'),
        }),
      ),
    }),
  errors: [{ code: codes.badParameter, meaning: 'A parameter is wrong; the message names it.' }],
  seeAlso: ['pay', 'listsendpays'],
  run: async (params, { node }) => {
    const { status, index, start, limit } = params;
    const paymentHash = filterHash(node, params);
    const before = node.payments.paying;
    const rows = await node.payments.list({
      ...(paymentHash === undefined ? {} : { paymentHash }),
      ...(index === undefined ? {} : { index }),
      ...(start === undefined ? {} : { start }),
    });
    const groups = new Map<string, PaymentRow[]>();
    const newest = new Map<string, number>();
    for (const row of rows) {
      const key = `${row.payment_hash}/${row.groupid}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [row]);
      else group.push(row);
      newest.set(row.payment_hash, Math.max(newest.get(row.payment_hash) ?? 0, row.groupid));
    }
    // Between two tries of a pay nothing is in flight, and it has not failed either.
    const goesOn = ({ payment_hash, groupid }: PaymentRow): boolean =>
      newest.get(payment_hash) === groupid &&
      (before.has(payment_hash) || node.payments.paying.has(payment_hash));
    // Asked after the rows: what is said of a row is never older than the row.
    const asked = new Map(
      (await node.payments.pays(paymentHash)).map((pay) => [
        `${pay.paymentHash}/${pay.groupId}`,
        pay,
      ]),
    );
    const pays = [...groups]
      .map(([key, group]) => payJson(group, goesOn(group[0] as PaymentRow), asked.get(key)))
      .filter((pay) => status === undefined || pay.status === status);
    return { pays: limit === undefined ? pays : pays.slice(0, limit) };
  },
});
