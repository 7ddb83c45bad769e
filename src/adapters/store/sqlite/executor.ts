import { closeSync, openSync } from 'node:fs';
import {
  DatabaseSync,
  type DatabaseSyncInstance,
  type StatementSyncInstance,
} from '@photostructure/sqlite';
import type { TableName } from '../../../ports/index.js';
import { columnsOf, type EncodedQuery, type EncodedWrite, type Value } from './codec.js';
import { StoreError, storeError } from './errors.js';
import { migrations } from './migrations.js';
import { schema } from './schema.js';

type Statement = StatementSyncInstance;

export type Request =
  | { readonly commit: readonly EncodedWrite[]; readonly lazy?: boolean }
  | { readonly select: EncodedQuery };

/** In the order of the requests: nothing for a commit, the rows of a select, or why not. */
export type Outcome =
  | undefined
  | { readonly table: TableName; readonly rows: Value[][] }
  | { readonly error: StoreError };

/** "Levn", the mark of our files in SQLite's header. */
const APPLICATION_ID = 0x4c65766e;

/** How long a file that another process is about to let go of is waited for. */
const BUSY_MS = 500;

/** What a query is to SQLite; its values, `from` and the limit are bound in this order. */
export function selectSql(query: Omit<EncodedQuery, 'values' | 'limit'>): string {
  const { table, order, from } = query;
  const terms = query.columns.map((c) => `${c} IS ?`);
  if (order !== undefined && from !== undefined) terms.push(`${order} >= ?`);
  const direction = query.descending ? 'DESC' : 'ASC';
  // The key decides last, so that the same rows always come in the same order; what is one and the
  // same in all of them decides nothing.
  const by = [...new Set([...(order === undefined ? [] : [order]), ...schema[table].key])].filter(
    (c, i) => i === 0 || !query.columns.includes(c),
  );
  const names = columnsOf(table).map(([name]) => name);
  return (
    `SELECT ${names.join(', ')} FROM ${table}` +
    `${terms.length > 0 ? ` WHERE ${terms.join(' AND ')}` : ''}` +
    ` ORDER BY ${by.map((c) => `${c} ${direction}`).join(', ')} LIMIT ?`
  );
}

/**
 * The one that speaks to SQLite, synchronously: inline in the lab and in tests, in a worker in the
 * daemon. Requests handed over together share one transaction and one sync of the disk.
 */
export class Executor {
  readonly #path: string;
  readonly #db: DatabaseSyncInstance;
  readonly #statements = new Map<string, Statement>();
  #failed: StoreError | undefined;
  #full = true;

  /** Throws `StoreError`; makes the file (mode 0600) where there is none. */
  constructor(path: string) {
    this.#path = path;
    this.#db = openFile(path);
    try {
      this.#prepareFile();
    } catch (error) {
      this.#db.close();
      throw storeError(error, path);
    }
  }

  #pragma(text: string): unknown {
    return Object.values((this.#db.prepare(`PRAGMA ${text}`).get() ?? {}) as object)[0];
  }

  #prepareFile(): void {
    // Exclusive: the second daemon on a file is refused by SQLite's own lock, which dies with us.
    this.#pragma('locking_mode = EXCLUSIVE');
    const version = this.#knownVersion();
    this.#pragma('journal_mode = WAL');
    this.#db.exec('PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864');
    this.#db.exec('PRAGMA cache_size = -16384');
    // The usual start has no schema to write, and no sync of the disk to wait for.
    if (version === migrations.length) return;
    this.#db.exec('BEGIN IMMEDIATE');
    for (const sql of migrations.slice(version)) this.#db.exec(sql);
    this.#db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    this.#db.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
  }

  /** The schema's version, before anything is changed; throws where the file is not for us. */
  #knownVersion(): number {
    const version = Number(this.#pragma('user_version'));
    const tables = this.#db.prepare('SELECT count(*) AS n FROM sqlite_master').get() as {
      n: number;
    };
    const ours = Number(this.#pragma('application_id')) === APPLICATION_ID;
    if (!ours && tables.n > 0)
      throw new StoreError('corrupt', `${this.#path}: a database, but not one of this program`);
    if (version > migrations.length)
      throw new StoreError(
        'newer_schema',
        `${this.#path}: written by a newer version of this program (schema ${version}, ` +
          `this one knows ${migrations.length}); start that version instead`,
      );
    return ours ? version : 0;
  }

  /** Outcomes are durable when this returns. A failed disk fails this and all that comes after. */
  run(requests: readonly Request[]): Outcome[] {
    if (this.#failed) return requests.map(() => ({ error: this.#failed as StoreError }));
    try {
      if (requests.every((request) => 'select' in request))
        return requests.map((request) => this.#execute(request));
      this.#sync(requests.some((request) => 'commit' in request && request.lazy !== true));
      this.#db.exec('BEGIN IMMEDIATE');
      const outcomes = requests.map((request) => this.#execute(request));
      this.#db.exec('COMMIT');
      return outcomes;
    } catch (thrown) {
      const error = storeError(thrown, this.#path);
      this.#rollback();
      if (error.code !== 'invalid') this.#failed = error;
      // One bad commit must not take down those that merely came at the same time.
      else if (requests.length > 1) return requests.flatMap((request) => this.run([request]));
      return requests.map(() => ({ error }));
    }
  }

  /**
   * Whether the next transaction waits for the disk. One that does not stands in the log before all
   * that follow, and the first of these that does takes it along.
   */
  #sync(full: boolean): void {
    if (full === this.#full) return;
    this.#db.exec(`PRAGMA synchronous = ${full ? 'FULL' : 'NORMAL'}`);
    this.#full = full;
  }

  #rollback(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    } catch (error) {
      this.#failed = storeError(error, this.#path);
    }
  }

  #execute(request: Request): Outcome {
    if ('commit' in request) {
      for (const write of request.commit) this.#write(write);
      return undefined;
    }
    return { table: request.select.table, rows: this.#select(request.select) };
  }

  #write(write: EncodedWrite): void {
    if ('put' in write) this.#put(write.put).run(...write.values);
    else if (write.columns.length > 0)
      this.#statement(
        `DELETE FROM ${write.delete} WHERE ${write.columns.map((c) => `${c} IS ?`).join(' AND ')}`,
      ).run(...write.values);
  }

  #put(table: TableName): Statement {
    const cached = this.#statements.get(table);
    if (cached) return cached;
    const { key } = schema[table] as { key: readonly string[] };
    const names = columnsOf(table).map(([name]) => name);
    const rest = names.filter((name) => !key.includes(name));
    const update = rest.map((name) => `${name} = excluded.${name}`).join(', ');
    const statement = this.#db.prepare(
      `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
       ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${update}`,
    );
    this.#statements.set(table, statement);
    return statement;
  }

  #select(query: EncodedQuery): Value[][] {
    const { table, order, from, keys } = query;
    if (keys !== undefined) return this.#selectKeys(table, keys);
    const values = [...query.values];
    if (order !== undefined && from !== undefined) values.push(from);
    const statement = this.#statement(selectSql(query));
    statement.setReturnArrays(true);
    statement.setReadBigInts(columnsOf(table).some(([, kind]) => kind.startsWith('big')));
    return statement.all(...values, query.limit ?? -1) as Value[][];
  }

  #selectKeys(table: TableName, keys: readonly string[]): Value[][] {
    const names = columnsOf(table).map(([name]) => name);
    const [key] = schema[table].key;
    const statement = this.#statement(`SELECT ${names.join(', ')} FROM ${table} WHERE ${key} = ?`);
    statement.setReturnArrays(true);
    statement.setReadBigInts(columnsOf(table).some(([, kind]) => kind.startsWith('big')));
    return keys.flatMap((value) => {
      const row = statement.get(value) as unknown as Value[] | undefined;
      return row === undefined ? [] : [row];
    });
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Leaves one whole file, without a log beside it. */
  close(): void {
    if (!this.#db.isOpen) return;
    const failed = this.#failed !== undefined;
    this.#failed ??= new StoreError('closed', `${this.#path}: the store is closed`);
    this.#statements.clear();
    try {
      // The library ends statements only when they are collected, and the lock lives as long:
      // so it is let go of by hand.
      if (!failed) {
        this.#pragma('journal_mode = DELETE');
        this.#pragma('locking_mode = NORMAL');
        this.#pragma('user_version');
      }
    } catch {
      // What was committed is durable all the same; the next start reads it from the log.
    }
    this.#db.close();
  }
}

function openFile(path: string): DatabaseSyncInstance {
  try {
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    return new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
      throw new StoreError('read_only', `${path}: it cannot be written to (${code})`);
    if (code === 'ENOSPC') throw new StoreError('disk_full', `${path}: the disk is full`);
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR')
      throw new StoreError('io', `${path}: it cannot be opened (${code})`);
    throw storeError(error, path);
  }
}
