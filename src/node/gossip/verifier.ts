import { verify } from '../../core/crypto/index.js';
import type { GossipEffect } from '../../core/gossip/index.js';
import type { Clock } from '../../ports/index.js';

type Job = GossipEffect & { kind: 'verify' };

/** Signatures checked before other work has its turn: about 6 ms of one core. */
const SLICE = 128;

/** Checks signatures in slices, so that commands and payments are answered meanwhile. */
export class Verifier {
  readonly #clock: Clock;
  readonly #answer: (job: number, good: boolean) => void;
  #queue: Job[] = [];
  #next = 0;
  #cancel: (() => void) | undefined;

  constructor(deps: {
    readonly clock: Clock;
    readonly answer: (job: number, good: boolean) => void;
  }) {
    this.#clock = deps.clock;
    this.#answer = deps.answer;
  }

  add(job: Job): void {
    this.#queue.push(job);
    this.#cancel ??= this.#clock.after(0, () => this.#slice());
  }

  stop(): void {
    this.#cancel?.();
    this.#queue = [];
    this.#next = 0;
  }

  #slice(): void {
    this.#cancel = undefined;
    for (let checked = 0; checked < SLICE && this.#next < this.#queue.length; ) {
      const { job, digest, checks } = this.#queue[this.#next++] as Job;
      checked += checks.length;
      this.#answer(
        job,
        checks.every(({ signature, point }) => verify(signature, digest, point)),
      );
    }
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    } else this.#cancel ??= this.#clock.after(0, () => this.#slice());
  }
}
