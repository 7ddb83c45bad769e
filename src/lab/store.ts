import { createHash } from 'node:crypto';
import type { Query, Store, TableName, Tables, Write } from '../ports/index.js';

/** What becomes of a commit. */
export type CommitFate =
  | 'durable'
  /** The node dies before the disk has it. */
  | 'crash before'
  /** The disk has it, and the node dies before it hears so. */
  | 'crash after'
  /** The disk refuses: the store rejects, as a full or broken one does. */
  | 'fail';

/**
 * A store between a node and its disk, for one life of the node: it tells of every commit, lets
 * the lab decide what becomes of it, and falls silent when the node dies, as a process that is
 * gone hears nothing more.
 */
export class LabStore implements Store {
  readonly #disk: Store;
  readonly #decide: (writes: readonly Write[]) => CommitFate;
  readonly #die: () => void;
  #alive = true;
  /** Commits, while the disk works: they end in the order they were begun. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    disk: Store,
    deps: {
      /** Asked once for each commit, in order. */
      readonly decide: (writes: readonly Write[]) => CommitFate;
      /** The node's power goes. */
      readonly die: () => void;
    },
  ) {
    this.#disk = disk;
    this.#decide = deps.decide;
    this.#die = deps.die;
  }

  /** From now on no call of this life has an effect or an end. */
  kill(): void {
    this.#alive = false;
  }

  commit(writes: readonly Write[]): Promise<void> {
    if (!this.#alive) return forever();
    const fate = this.#decide(writes);
    if (fate === 'crash before') {
      this.#die();
      return forever();
    }
    if (fate === 'fail') return Promise.reject(new Error('the lab: the disk is broken'));
    const done = this.#disk.commit(writes);
    this.#last = done;
    if (fate === 'crash after') {
      this.#die();
      return forever();
    }
    return this.#ifAlive(done);
  }

  select<T extends TableName>(table: T, query?: Query<T>): Promise<Tables[T][]> {
    return this.#alive ? this.#ifAlive(this.#disk.select(table, query)) : forever();
  }

  /** The disk itself stays open, for the node's next life. */
  async close(): Promise<void> {
    await this.#last;
    this.#alive = false;
  }

  async #ifAlive<T>(promise: Promise<T>): Promise<T> {
    const result = await promise;
    return this.#alive ? result : forever();
  }
}

const forever = <T>(): Promise<T> => new Promise<T>(() => {});

/** The tables that a commit touches, and a digest of its rows: what the trace says of it. */
export function describeCommit(writes: readonly Write[]): string {
  const hash = createHash('sha256');
  const tables = new Map<string, number>();
  for (const write of writes) {
    const [verb, table] = 'put' in write ? ['put', write.put] : ['delete', write.delete];
    hash.update(`${verb} ${table} `);
    for (const [name, value] of Object.entries('put' in write ? write.row : write.where)) {
      hash.update(`${name}=`);
      hash.update(value instanceof Uint8Array ? value : String(value));
    }
    tables.set(`${verb} ${table}`, (tables.get(`${verb} ${table}`) ?? 0) + 1);
  }
  const what = [...tables].map(([name, count]) => (count > 1 ? `${name} x${count}` : name));
  return `${what.join(', ')} ${hash.digest('hex').slice(0, 16)}`;
}
