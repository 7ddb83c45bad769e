import type { Worker } from 'node:worker_threads';
import type {
  CommitOptions,
  Query,
  Store,
  TableName,
  Tables,
  Write,
} from '../../../ports/index.js';
import { startThread } from '../../thread.js';
import { Blobs, decodeRows, encodeQuery, encodeWrite, unpackRows } from './codec.js';
import { StoreError } from './errors.js';
import type { Request } from './executor.js';
import type { FromWorker, PackedOutcome, ToWorker } from './protocol.js';

interface Waiting {
  readonly resolve: (outcome: Exclude<PackedOutcome, { error: unknown }>) => void;
  readonly reject: (error: StoreError) => void;
}

const startWorker = (path: string): Worker =>
  startThread(import.meta.url, 'worker', {
    workerData: { path },
    name: 'store',
    stdout: false,
    stderr: false,
  });

/** The store of a daemon: its commits are made durable by a thread of their own. */
export class WorkerStore implements Store {
  readonly #path: string;
  readonly #worker: Worker;
  /** Requests of this turn of the event loop, sent together; their byte strings beside them. */
  #outbox: Request[] = [];
  readonly #blobs = new Blobs();
  /** In the order in which the requests were sent; answers come in the same order. */
  readonly #waiting: Waiting[] = [];

  #dead: StoreError | undefined;
  #closed: Promise<void> | undefined;

  private constructor(path: string, worker: Worker) {
    this.#path = path;
    this.#worker = worker;
  }

  static open(path: string): Promise<WorkerStore> {
    const worker = startWorker(path);
    const store = new WorkerStore(path, worker);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if ('outcomes' in message) store.#settle(message.outcomes);
        else if ('opened' in message) resolve(store);
        else if ('failed' in message)
          reject(new StoreError(message.failed.code, message.failed.message));
      });
      const died = (error: StoreError) => {
        store.#die(error);
        reject(error);
      };
      worker.on('error', (error) => died(new StoreError('io', `${path}: ${error.message}`)));
      worker.on('exit', () => died(new StoreError('closed', `${path}: the store is closed`)));
    });
  }

  commit(writes: readonly Write[], { lazy = false }: CommitOptions = {}): Promise<void> {
    try {
      const commit = writes.map((write) => encodeWrite(write, this.#blobs.put));
      return this.#send({ commit, lazy }).then(() => undefined);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  select<T extends TableName>(table: T, query: Query<T> = {}): Promise<Tables[T][]> {
    try {
      return this.#send({ select: encodeQuery(table, query) }).then((packed) =>
        packed === undefined ? [] : decodeRows(table, unpackRows(table, packed)),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What was committed before it is durable when it resolves. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      if (this.#dead) return resolve();
      this.#flush();
      this.#worker.once('exit', () => resolve());
      this.#worker.postMessage('close');
      this.#dead = new StoreError('closed', `${this.#path}: the store is closed`);
    });
    return this.#closed;
  }

  #send(request: Request): Promise<Exclude<PackedOutcome, { error: unknown }>> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#outbox.push(request);
      if (this.#outbox.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    const blobs = this.#blobs.take();
    const message: ToWorker = { requests: this.#outbox, blobs };
    this.#worker.postMessage(message, [blobs.buffer as ArrayBuffer]);
    this.#outbox = [];
  }

  #settle(outcomes: readonly PackedOutcome[]): void {
    const answered = this.#waiting.splice(0, outcomes.length);
    outcomes.forEach((outcome, i) => {
      const { resolve, reject } = answered[i] as Waiting;
      if (outcome && 'error' in outcome)
        reject(new StoreError(outcome.error.code, outcome.error.message));
      else resolve(outcome);
    });
  }

  #die(error: StoreError): void {
    this.#dead ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}
