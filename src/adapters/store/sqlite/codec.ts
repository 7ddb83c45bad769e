import type { Query, TableName, Tables, Write } from '../../../ports/index.js';
import { StoreError } from './errors.js';
import { type ColumnKind, schema } from './schema.js';

/** What SQLite holds. */
export type Value = number | bigint | string | Uint8Array | null;

/** A write as the executor takes it: values in the order of the columns, nothing shared. */
export type EncodedWrite =
  | { readonly put: TableName; readonly values: readonly Value[] }
  | {
      readonly delete: TableName;
      readonly columns: readonly string[];
      readonly values: readonly Value[];
    };

export interface EncodedQuery {
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly values: readonly Value[];
  readonly keys: readonly string[] | undefined;
  readonly order: string | undefined;
  readonly descending: boolean;
  readonly from: number | string | undefined;
  readonly limit: number | undefined;
}

/** The columns of a table in the order of its declaration. */
export const columnsOf = (table: TableName): [string, ColumnKind][] =>
  Object.entries(schema[table].columns) as [string, ColumnKind][];

const columns = Object.fromEntries(
  (Object.keys(schema) as TableName[]).map((table) => [table, columnsOf(table)]),
) as Record<TableName, [string, ColumnKind][]>;

/** Where byte strings are put that are on their way to the store, and what stands in their place. */
type PutBlob = (bytes: Uint8Array) => Value;

/** The caller's bytes may be a view of something larger, or change afterwards. */
const copy: PutBlob = (bytes) => new Uint8Array(bytes);

function encodeValue(
  table: string,
  name: string,
  kind: ColumnKind,
  value: unknown,
  putBlob: PutBlob = copy,
): Value {
  if (value === null && kind.endsWith('?')) return null;
  switch (kind) {
    case 'int':
    case 'int?':
      if (Number.isSafeInteger(value)) return value as number;
      break;
    case 'big':
    case 'big?':
      // SQLite's integers are signed; the upper half of u64 goes to the negative ones and back.
      if (typeof value === 'bigint' && value >= 0n && value >> 64n === 0n)
        return BigInt.asIntN(64, value);
      break;
    case 'text':
    case 'text?':
      if (typeof value === 'string') return value;
      break;
    case 'blob':
    case 'blob?':
      if (value instanceof Uint8Array) return putBlob(value);
      break;
  }
  const found = value instanceof Uint8Array ? 'bytes' : `${typeof value} ${String(value)}`;
  throw new StoreError('invalid', `${table}.${name}: ${kind} wanted, found ${found.slice(0, 80)}`);
}

const kindOf = (table: TableName, name: string | undefined): ColumnKind | undefined =>
  columns[table].find(([column]) => column === name)?.[1];

function encodeWhere(
  table: TableName,
  where: object,
  putBlob?: PutBlob,
): { columns: string[]; values: Value[] } {
  const names: string[] = [];
  const values: Value[] = [];
  for (const [name, value] of Object.entries(where)) {
    const column = columns[table].find(([c]) => c === name);
    if (!column) throw new StoreError('invalid', `${table} has no column ${name}`);
    names.push(name);
    values.push(encodeValue(table, name, column[1], value, putBlob));
  }
  return { columns: names, values };
}

/** Throws `StoreError` where a value is none of its column. */
export function encodeWrite(write: Write, putBlob?: PutBlob): EncodedWrite {
  if ('put' in write) {
    const { put: table } = write;
    const row = write.row as Record<string, unknown>;
    const values = columns[table].map(([name, kind]) =>
      encodeValue(table, name, kind, row[name], putBlob),
    );
    return { put: table, values };
  }
  return { delete: write.delete, ...encodeWhere(write.delete, write.where, putBlob) };
}

export function encodeQuery<T extends TableName>(table: T, query: Query<T>): EncodedQuery {
  if (query.order !== undefined && !columns[table].some(([name]) => name === query.order))
    throw new StoreError('invalid', `${table} has no column ${query.order}`);
  const { key } = schema[table] as { key: readonly string[] };
  if (query.keys !== undefined && (key.length !== 1 || kindOf(table, key[0]) !== 'text'))
    throw new StoreError('invalid', `${table} has no single key of text`);
  return {
    table,
    ...encodeWhere(table, query.where ?? {}),
    keys: query.keys,
    order: query.order,
    descending: query.descending ?? false,
    from: query.from,
    limit: query.limit,
  };
}

function decodeValue(kind: ColumnKind, value: Value): unknown {
  if (value === null) return null;
  if (kind.startsWith('int')) return Number(value);
  if (kind.startsWith('big')) return BigInt.asUintN(64, value as bigint);
  return value;
}

export function decodeRows<T extends TableName>(
  table: T,
  rows: readonly (readonly Value[])[],
): Tables[T][] {
  const declared = columns[table];
  return rows.map((values) => {
    const row: Record<string, unknown> = {};
    for (let i = 0; i < declared.length; i++) {
      const [name, kind] = declared[i] as [string, ColumnKind];
      row[name] = decodeValue(kind, values[i] as Value);
    }
    return row as Tables[T];
  });
}

/** Rows on their way between threads: all their bytes in one buffer, which is handed over. */
export interface PackedRows {
  readonly rows: Value[][];
  readonly bytes: Uint8Array;
}

/** Takes the byte strings out of the rows; a length stands in the place of each. */
export function packRows(table: TableName, rows: Value[][]): PackedRows {
  const blobs = columns[table].flatMap(([, kind], i) => (kind.startsWith('blob') ? [i] : []));
  if (rows.length === 1 && blobs.length === 1)
    return packRow(rows[0] as Value[], blobs[0] as number);
  let size = 0;
  for (const row of rows) for (const i of blobs) size += (row[i] as Uint8Array | null)?.length ?? 0;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const row of rows)
    for (const i of blobs) {
      const blob = row[i] as Uint8Array | null;
      if (blob === null) continue;
      bytes.set(blob, at);
      at += blob.length;
      row[i] = blob.length;
    }
  return { rows, bytes };
}

/** One row's only byte string goes as it lies: it may have megabytes, as a snapshot of the graph. */
function packRow(row: Value[], at: number): PackedRows {
  const blob = row[at] as Uint8Array | null;
  row[at] = blob === null ? null : blob.length;
  const whole = blob !== null && blob.length === blob.buffer.byteLength;
  return { rows: [row], bytes: whole ? blob : new Uint8Array(blob ?? []) };
}

export function unpackRows(table: TableName, { rows, bytes }: PackedRows): Value[][] {
  const blobs = columns[table].flatMap(([, kind], i) => (kind.startsWith('blob') ? [i] : []));
  let at = 0;
  for (const row of rows)
    for (const i of blobs) {
      const length = row[i] as number | null;
      if (length === null) continue;
      row[i] = bytes.subarray(at, at + length);
      at += length;
    }
  return rows;
}

/**
 * Gathers the byte strings of writes that go to another thread: one buffer for them all, which is
 * handed over. A length stands in the place of each.
 */
export class Blobs {
  #bytes = new Uint8Array(0);
  #used = 0;

  readonly put: PutBlob = (bytes) => {
    if (this.#used + bytes.length > this.#bytes.length) {
      const size = Math.max(4096, 2 * this.#bytes.length, this.#used + bytes.length);
      const bigger = new Uint8Array(size);
      bigger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = bigger;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
    return bytes.length;
  };

  /** All that was put since the last time. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#used);
    this.#bytes = new Uint8Array(0);
    this.#used = 0;
    return taken;
  }
}

/** The byte strings back into the writes, in the order in which they were put. */
export function unpackWrites(
  commits: readonly (readonly EncodedWrite[])[],
  bytes: Uint8Array,
): void {
  let at = 0;
  for (const writes of commits)
    for (const write of writes) {
      const kinds =
        'put' in write
          ? columns[write.put].map(([, kind]) => kind)
          : write.columns.map((name) => kindOf(write.delete, name));
      const values = write.values as Value[];
      kinds.forEach((kind, i) => {
        if (!kind?.startsWith('blob') || values[i] === null) return;
        const length = values[i] as number;
        values[i] = bytes.subarray(at, at + length);
        at += length;
      });
    }
}
