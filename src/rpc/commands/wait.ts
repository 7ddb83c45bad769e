import { z } from 'zod';
import { fromUtf8 } from '../../core/bytes/index.js';
import type { Store, TableName } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { ChannelNames } from './listforwards.js';

type Indexed = Extract<TableName, 'invoices' | 'payments' | 'forwards'>;

const TABLE = { invoices: 'invoices', sendpays: 'payments', forwards: 'forwards' } as const;

type Row = Readonly<Record<string, unknown>>;

interface Found {
  readonly index: number;
  readonly row: Row | undefined;
}

type IndexName = 'created' | 'updated' | 'deleted';

/** The number that was given last, and the row that reached `wanted` where there is one. */
async function look(
  store: Pick<Store, 'select'>,
  table: Indexed,
  indexname: IndexName,
  wanted: number,
): Promise<Found> {
  // Counters are written with what is deleted: rows alone would count back.
  const [counted] = await store.select('vars', { where: { name: `${table}/counters` } });
  const counters = counted === undefined ? {} : JSON.parse(fromUtf8(counted.value));
  const given: number = counters[indexname] ?? 0;
  if (indexname === 'deleted') return { index: given, row: undefined };
  const order = `${indexname}_index` as 'created_index';
  const [newest] = await store.select(table, { order, descending: true, limit: 1 });
  const [row] = await store.select(table, { order, from: Math.max(wanted, 1), limit: 1 });
  return { index: Math.max(given, newest?.[order] ?? 0), row };
}

const KEYS: Record<keyof typeof TABLE, readonly string[]> = {
  invoices: ['status', 'label', 'description', 'bolt11', 'payment_hash'],
  sendpays: ['status', 'partid', 'groupid', 'payment_hash'],
  forwards: ['status', 'in_channel', 'in_htlc_id', 'in_msat', 'out_channel'],
};

/** The row in the words of its list. */
async function details(
  node: NodeApi,
  subsystem: keyof typeof TABLE,
  row: Row,
): Promise<Record<string, unknown>> {
  const names = new ChannelNames(node);
  const out: Record<string, unknown> = {};
  for (const key of KEYS[subsystem]) {
    const value = row[key];
    if (value === null || value === undefined) continue;
    out[key] = key.endsWith('_channel') ? await names.of(value as string) : value;
  }
  return out;
}

const reached = (text: string) =>
  z.record(z.string(), z.unknown()).meta({ result: 'object' }).optional().describe(text);

export const wait = defineCommand({
  name: 'wait',
  category: 'utility',
  summary: 'Wait for the next thing to happen.',
  description:
    'Everything of a kind is numbered in the order in which it was made (`created`) and, of its ' +
    'own, in which it changed (`updated`) or was deleted (`deleted`). The command answers once the ' +
    'number is `nextvalue` or more; with 0 it answers at once with the number reached. So nothing ' +
    'is missed by a program that asks each time for one more than it was told. Changes of ' +
    'forwards are not numbered.',
  params: () =>
    z.object({
      subsystem: p.oneOf('invoices', 'sendpays', 'forwards').describe('What to wait for.'),
      indexname: p.oneOf('created', 'updated', 'deleted').describe('New ones, changes, or ends.'),
      nextvalue: p.integer(0, Number.MAX_SAFE_INTEGER).describe('The number to wait for.'),
    }),
  result: () =>
    r.object({
      subsystem: r.oneOf('invoices', 'sendpays', 'forwards').describe('What was waited for.'),
      created: r.integer().optional().describe('The number of the newest.'),
      updated: r.integer().optional().describe('The number of the last change.'),
      deleted: r.integer().optional().describe('How many were deleted.'),
      invoices: reached('The invoice that reached the number.'),
      sendpays: reached('The part of a payment that reached it.'),
      forwards: reached('The forward that reached it; of what is gone nothing is kept.'),
      details: reached('The same, by the name of before.'),
    }),
  errors: [{ code: codes.badParameter, meaning: 'A parameter is wrong.' }],
  examples: [
    {
      cli: 'lightning-cli wait invoices created 0',
      reply: { subsystem: 'invoices', created: 7 },
    },
  ],
  seeAlso: ['waitinvoice', 'waitanyinvoice', 'waitsendpay'],
  run: async ({ subsystem, indexname, nextvalue }, { node, signal }) => {
    if (subsystem === 'forwards' && indexname === 'updated')
      throw new RpcError(codes.badParameter, 'indexname: forwards are numbered by created alone');
    const { store } = node;
    const table = TABLE[subsystem];
    for (;;) {
      const place = store.lineUp(table, signal);
      const found = await look(store, table, indexname, nextvalue);
      if (found.index >= nextvalue) {
        place.leave();
        const answer = { subsystem, [indexname]: found.index };
        if (nextvalue === 0 || found.row === undefined) return answer;
        const told = await details(node, subsystem, found.row);
        return { ...answer, [subsystem]: told, details: told };
      }
      if ((await place.ended) !== 'signalled') throw signal.reason;
    }
  },
});
