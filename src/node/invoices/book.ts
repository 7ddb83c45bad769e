import { fromUtf8, utf8 } from '../../core/bytes/index.js';
import type { Store, Write } from '../../ports/index.js';
import { newest } from '../util/index.js';

/** Numbers that are given once and never again, whatever is deleted. */
export interface InvoiceCounters {
  created: number;
  updated: number;
  deleted: number;
  pay: number;
}

const NAME = 'invoices/counters';

export const NO_COUNTERS: Readonly<InvoiceCounters> = {
  created: 0,
  updated: 0,
  deleted: 0,
  pay: 0,
};

/**
 * The counters as they were written last, and never behind the rows: a number that is given twice
 * would put one invoice in the place of another.
 */
export async function loadCounters(store: Store): Promise<InvoiceCounters> {
  const [[row], created, updated, pay] = await Promise.all([
    store.select('vars', { where: { name: NAME } }),
    newest(store, 'invoices', 'created_index'),
    newest(store, 'invoices', 'updated_index'),
    newest(store, 'invoices', 'pay_index'),
  ]);
  const stored: InvoiceCounters = {
    ...NO_COUNTERS,
    ...(row === undefined ? {} : (JSON.parse(fromUtf8(row.value)) as Partial<InvoiceCounters>)),
  };
  return {
    ...stored,
    created: Math.max(stored.created, created),
    updated: Math.max(stored.updated, updated),
    pay: Math.max(stored.pay, pay),
  };
}

/** Goes into the same commit as the rows whose numbers it counted. */
export const countersWrite = (counters: InvoiceCounters): Write => ({
  put: 'vars',
  row: { name: NAME, value: utf8(JSON.stringify(counters)) },
});
