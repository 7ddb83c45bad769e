import { z } from 'zod';
import type { Clock, Store, TableName } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';

type Indexed = Extract<TableName, 'invoices' | 'payments' | 'forwards'>;

const TABLE = { invoices: 'invoices', sendpays: 'payments', forwards: 'forwards' } as const;

/** How soon after its commit a change is noticed, in milliseconds. */
const EVERY = 250;

interface Found {
  readonly index: number;
  readonly row: Record<string, unknown> | undefined;
}

/** The newest index, and the row that reached `wanted` where one has. */
async function look(
  store: Store,
  table: Indexed,
  column: 'created_index' | 'updated_index',
  wanted: number,
): Promise<Found> {
  const order = column as 'created_index';
  const [newest] = await store.select(table, { order, descending: true, limit: 1 });
  const index = (newest as Record<string, unknown> | undefined)?.[column];
  if (typeof index !== 'number') return { index: 0, row: undefined };
  const [row] = await store.select(table, { order, from: Math.max(wanted, 1), limit: 1 });
  return { index, row: row as Record<string, unknown> | undefined };
}

function sleep(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(EVERY, () => {
      signal.removeEventListener('abort', gone);
      resolve();
    });
    if (signal.aborted) return gone();
    signal.addEventListener('abort', gone, { once: true });
  });
}

const KEYS: Record<keyof typeof TABLE, readonly string[]> = {
  invoices: ['status', 'label', 'description', 'bolt11', 'payment_hash'],
  sendpays: ['status', 'partid', 'groupid', 'payment_hash'],
  forwards: ['status', 'in_channel', 'in_htlc_id', 'in_msat', 'out_channel'],
};

function details(subsystem: keyof typeof TABLE, row: Found['row']): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key of KEYS[subsystem])
    if (row?.[key] !== null && row?.[key] !== undefined) out[key] = row[key];
  return out;
}

export const wait = defineCommand({
  name: 'wait',
  category: 'utility',
  summary: 'Wait for the next thing to happen.',
  description:
    'Everything of a kind is numbered in the order in which it was made (`created`) and, of its ' +
    'own, in which it changed (`updated`). The command answers once the number is `nextvalue` or ' +
    'more; with 0 it answers at once with the number reached. So nothing is missed by a program ' +
    'that asks each time for one more than it was told.',
  params: z.object({
    subsystem: p.oneOf('invoices', 'sendpays', 'forwards').describe('What to wait for.'),
    indexname: p.oneOf('created', 'updated').describe('New ones, or changes.'),
    nextvalue: p.integer(0, Number.MAX_SAFE_INTEGER).describe('The number to wait for.'),
  }),
  result: r.object({
    subsystem: r.oneOf('invoices', 'sendpays', 'forwards').describe('What was waited for.'),
    created: r.integer().optional().describe('The number of the newest.'),
    updated: r.integer().optional().describe('The number of the last change.'),
    details: z
      .record(z.string(), z.unknown())
      .meta({ result: 'object' })
      .optional()
      .describe('What reached the number.'),
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
    const column = indexname === 'created' ? 'created_index' : 'updated_index';
    for (;;) {
      const found = await look(node.store, TABLE[subsystem], column, nextvalue);
      if (found.index >= nextvalue) {
        const reached = nextvalue === 0 ? undefined : found.row;
        return {
          subsystem,
          [indexname]: found.index,
          details: reached === undefined ? undefined : details(subsystem, reached),
        };
      }
      await sleep(node.clock, signal);
    }
  },
});
