import type {
  CommitOptions,
  Query,
  Store,
  TableName,
  Tables,
  Write,
} from '../../../ports/index.js';
import { decodeRows, encodeQuery, encodeWrite } from './codec.js';
import { Executor, type Outcome, type Request } from './executor.js';

/**
 * The same statements on the caller's own thread, done when the call returns: for the lab, whose
 * runs must repeat, and for tests.
 */
export class InlineStore implements Store {
  readonly #executor: Executor;

  /** Throws `StoreError`. */
  constructor(path: string) {
    this.#executor = new Executor(path);
  }

  async commit(writes: readonly Write[], { lazy = false }: CommitOptions = {}): Promise<void> {
    this.#run({ commit: writes.map((write) => encodeWrite(write)), lazy });
  }

  async select<T extends TableName>(table: T, query: Query<T> = {}): Promise<Tables[T][]> {
    const outcome = this.#run({ select: encodeQuery(table, query) });
    return outcome === undefined ? [] : decodeRows(table, outcome.rows);
  }

  async close(): Promise<void> {
    this.#executor.close();
  }

  #run(request: Request): Exclude<Outcome, { error: unknown }> {
    const [outcome] = this.#executor.run([request]);
    if (outcome && 'error' in outcome) throw outcome.error;
    return outcome;
  }
}
