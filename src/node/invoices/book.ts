import { fromUtf8, utf8 } from '../../core/bytes/index.js';
import type { Store, Write } from '../../ports/index.js';

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

export async function loadCounters(store: Store): Promise<InvoiceCounters> {
  const [row] = await store.select('vars', { where: { name: NAME } });
  if (row === undefined) return { ...NO_COUNTERS };
  return { ...NO_COUNTERS, ...(JSON.parse(fromUtf8(row.value)) as Partial<InvoiceCounters>) };
}

/** Goes into the same commit as the rows whose numbers it counted. */
export const countersWrite = (counters: InvoiceCounters): Write => ({
  put: 'vars',
  row: { name: NAME, value: utf8(JSON.stringify(counters)) },
});
