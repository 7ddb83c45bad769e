import type { Bytes } from '../../core/bytes/index.js';
import type { GossipEffect } from '../../core/gossip/index.js';
import { CHECK_BYTES, type SignatureVerifier } from '../../ports/index.js';

type Job = GossipEffect & { kind: 'verify' };

interface Batch {
  readonly jobs: readonly Job[];
  good: Bytes | undefined;
}

/** Signatures handed over at a time: about 6 ms of one core. */
const BATCH = 128;

/**
 * Packs jobs into batches for the threads that check them, keeps these busy, and gives the answers
 * in the order in which the jobs came.
 */
export class Verifier {
  readonly #verifier: SignatureVerifier;
  readonly #answer: (job: number, good: boolean) => void;
  readonly #fatal: (error: unknown) => void;
  #queue: Job[] = [];
  #next = 0;
  /** Signatures in the queue. */
  #signatures = 0;
  /** Handed over, the oldest first. */
  readonly #batches: Batch[] = [];
  #gathering = false;
  #stopped = false;

  constructor(deps: {
    readonly verifier: SignatureVerifier;
    readonly answer: (job: number, good: boolean) => void;
    readonly fatal: (error: unknown) => void;
  }) {
    this.#verifier = deps.verifier;
    this.#answer = deps.answer;
    this.#fatal = deps.fatal;
  }

  add(job: Job): void {
    this.#queue.push(job);
    this.#signatures += job.checks.length;
    if (this.#gathering) return;
    // What comes in this turn goes together.
    this.#gathering = true;
    queueMicrotask(() => {
      this.#gathering = false;
      this.#handOver();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#next = 0;
    this.#batches.length = 0;
  }

  /** Full batches as far as the threads take them; a smaller one only to a thread that rests. */
  #handOver(): void {
    while (this.#signatures > 0 && !this.#stopped) {
      const { length } = this.#batches;
      if (length >= this.#verifier.width || (length > 0 && this.#signatures < BATCH)) return;
      const batch: Batch = { jobs: this.#take(), good: undefined };
      this.#batches.push(batch);
      this.#verifier.verify(pack(batch.jobs)).then((good) => {
        batch.good = good;
        this.#settle();
      }, this.#fatal);
    }
  }

  #take(): Job[] {
    const first = this.#next;
    let signatures = 0;
    while (signatures < BATCH && this.#next < this.#queue.length)
      signatures += (this.#queue[this.#next++] as Job).checks.length;
    const jobs = this.#queue.slice(first, this.#next);
    this.#signatures -= signatures;
    if (this.#next === this.#queue.length || this.#next > 1000) {
      this.#queue.splice(0, this.#next);
      this.#next = 0;
    }
    return jobs;
  }

  #settle(): void {
    while (this.#batches[0]?.good !== undefined) {
      const { jobs, good } = this.#batches.shift() as Batch & { good: Bytes };
      // The threads go on while the answers are applied.
      this.#handOver();
      let at = 0;
      for (const { job, checks } of jobs) {
        let all = true;
        for (let i = 0; i < checks.length; i++, at++)
          all &&= (((good[at >> 3] as number) >> (at & 7)) & 1) === 1;
        this.#answer(job, all);
      }
    }
  }
}

function pack(jobs: readonly Job[]): Bytes {
  const count = jobs.reduce((sum, { checks }) => sum + checks.length, 0);
  const packed = new Uint8Array(count * CHECK_BYTES);
  let at = 0;
  for (const { digest, checks } of jobs)
    for (const { signature, point } of checks) {
      packed.set(digest, at);
      packed.set(signature, at + 32);
      packed.set(point, at + 96);
      at += CHECK_BYTES;
    }
  return packed;
}
