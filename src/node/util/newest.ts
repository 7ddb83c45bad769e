import type { Store, TableName, Tables } from '../../ports/index.js';

/** The largest number that a row of the table has in this column; 0 where there is none. */
export async function newest<T extends TableName>(
  store: Pick<Store, 'select'>,
  table: T,
  column: keyof Tables[T] & string,
): Promise<number> {
  const [row] = await store.select(table, { order: column, descending: true, limit: 1 });
  return Number(row?.[column] ?? 0);
}
