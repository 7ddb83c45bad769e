import type { Worker } from 'node:worker_threads';
import type { Bytes } from '../../core/bytes/index.js';
import type { Logger, SignatureVerifier } from '../../ports/index.js';
import { startThread } from '../thread.js';
import { checkAll } from './check.js';

interface Batch {
  readonly checks: Bytes;
  readonly resolve: (good: Bytes) => void;
}

/** Two for each thread: it never waits for us while there is work. */
const AHEAD = 2;
/** A batch that was with a thread when it died so often is checked on our own. */
const MOST_DEATHS = 2;
/** Its garbage is small buffers: without a limit V8 lets tens of megabytes of it gather. */
const LIMITS = { maxYoungGenerationSizeMb: 4 };

/** A thread with the batches it has, which come back in the order in which they went. */
interface Thread {
  readonly worker: Worker;
  readonly batches: Batch[];
}

/** Threads that check signatures. They are started with the first work. */
export class WorkerVerifier implements SignatureVerifier {
  readonly width: number;
  readonly #threads: (Thread | undefined)[];
  readonly #log: Logger;
  readonly #start: () => Worker;
  readonly #line: Batch[] = [];
  readonly #deaths = new Map<Batch, number>();
  #closed = false;

  /** `start` is for tests: what to run in place of the thread. */
  constructor(
    options: { readonly threads: number; readonly start?: () => Worker },
    deps: { readonly log: Logger },
  ) {
    this.#threads = Array.from({ length: options.threads }, () => undefined);
    this.width = AHEAD * options.threads;
    this.#log = deps.log;
    this.#start =
      options.start ??
      (() =>
        startThread(import.meta.url, 'verify-worker', {
          name: 'verify',
          resourceLimits: LIMITS,
        }));
  }

  verify(checks: Bytes): Promise<Bytes> {
    return new Promise((resolve) => {
      this.#line.push({ checks, resolve });
      this.#handOut();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#line.length = 0;
    const running = this.#threads.flatMap((thread) => thread ?? []);
    await Promise.all(running.map(({ worker }) => worker.terminate()));
  }

  /** The next batches to the threads that have the fewest. */
  #handOut(): void {
    while (!this.#closed && this.#line.length > 0) {
      const at = this.#idlest();
      if (at < 0) return;
      const thread = this.#threads[at] ?? this.#open(at);
      const batch = this.#line.shift() as Batch;
      thread.batches.push(batch);
      // A copy goes over: should the thread die, the batch is still here.
      thread.worker.postMessage(batch.checks);
    }
  }

  #idlest(): number {
    let best = -1;
    let fewest = AHEAD;
    this.#threads.forEach((thread, i) => {
      const batches = thread?.batches.length ?? 0;
      if (batches >= fewest) return;
      fewest = batches;
      best = i;
    });
    return best;
  }

  #open(at: number): Thread {
    const thread: Thread = { worker: this.#start(), batches: [] };
    this.#threads[at] = thread;
    thread.worker.on('message', (good: Uint8Array) => {
      const batch = thread.batches.shift();
      if (batch === undefined || this.#closed) return;
      this.#deaths.delete(batch);
      batch.resolve(good);
      this.#handOut();
    });
    thread.worker.once('error', (error) =>
      this.#log.warn('a thread that checks signatures failed', { error: String(error) }),
    );
    thread.worker.once('exit', () => this.#died(at, thread));
    return thread;
  }

  /** What it had goes to the front of the line; what fells thread after thread we do ourselves. */
  #died(at: number, thread: Thread): void {
    if (this.#threads[at] === thread) this.#threads[at] = undefined;
    if (this.#closed) return;
    this.#log.warn('a thread that checked signatures ended; its work begins anew', {
      batches: thread.batches.length,
    });
    const again: Batch[] = [];
    for (const batch of thread.batches.splice(0)) {
      const deaths = (this.#deaths.get(batch) ?? 0) + 1;
      if (deaths < MOST_DEATHS) {
        this.#deaths.set(batch, deaths);
        again.push(batch);
        continue;
      }
      this.#deaths.delete(batch);
      batch.resolve(checkAll(batch.checks));
    }
    this.#line.unshift(...again);
    this.#handOut();
  }
}
