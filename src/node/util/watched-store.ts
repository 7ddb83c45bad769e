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

/** A store that tells who waits for it that a table has changed, once that is durable. */
export class WatchedStore implements Store {
  readonly #store: Store;
  readonly #waiters: Waiters<TableName>;

  constructor(deps: { readonly store: Store; readonly clock: Clock }) {
    this.#store = deps.store;
    this.#waiters = new Waiters(deps.clock);
  }

  /** In line for the next commit that touches the table. */
  lineUp(table: TableName, signal: AbortSignal): Waiting {
    return this.#waiters.lineUp(table, { signal });
  }

  async commit(writes: readonly Write[], options?: CommitOptions): Promise<void> {
    await this.#store.commit(writes, options);
    const tables = new Set(writes.map((write) => ('put' in write ? write.put : write.delete)));
    for (const table of tables) this.#waiters.signal(table);
  }

  select<T extends TableName>(table: T, query?: Query<T>): Promise<Tables[T][]> {
    return this.#store.select(table, query);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
