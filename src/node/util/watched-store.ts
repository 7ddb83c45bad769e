import type {
  Clock,
  CommitOptions,
  Query,
  Store,
  TableName,
  Tables,
  Write,
} from '../../ports/index.js';
import { Waiters, type Waiting } from './waiters.js';

/**
 * A store that tells who waits for it that a table has changed, once that is durable. Where the disk
 * fails it stops the node, whoever asked: what memory knows then, the disk does not.
 */
export class WatchedStore implements Store {
  readonly #store: Store;
  readonly #waiters: Waiters<TableName>;
  readonly #fatal: (error: unknown) => void;
  /** Why nothing is written any more. */
  #failed: { readonly error: unknown } | undefined;
  #closing = false;

  constructor(deps: {
    readonly store: Store;
    readonly clock: Clock;
    readonly fatal: (error: unknown) => void;
  }) {
    this.#store = deps.store;
    this.#fatal = deps.fatal;
    this.#waiters = new Waiters(deps.clock);
  }

  /** In line for the next commit that touches the table. */
  lineUp(table: TableName, signal: AbortSignal): Waiting {
    return this.#waiters.lineUp(table, { signal });
  }

  async commit(writes: readonly Write[], options?: CommitOptions): Promise<void> {
    // What builds on rows that are missing must not come to the disk without them.
    if (this.#failed !== undefined) throw this.#failed.error;
    try {
      await this.#store.commit(writes, options);
    } catch (error) {
      if (this.#failed === undefined && !this.#closing) {
        this.#failed = { error };
        this.#fatal(error);
      }
      throw error;
    }
    const tables = new Set(writes.map((write) => ('put' in write ? write.put : write.delete)));
    for (const table of tables) this.#waiters.signal(table);
  }

  select<T extends TableName>(table: T, query?: Query<T>): Promise<Tables[T][]> {
    return this.#store.select(table, query);
  }

  close(): Promise<void> {
    this.#closing = true;
    return this.#store.close();
  }
}
