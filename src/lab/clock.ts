import type { Clock } from '../ports/index.js';

/** 2026-01-01T00:00:00Z: a date at which invoices and gossip timestamps make sense. */
export const LAB_EPOCH_MS = 1_767_225_600_000;

interface Timer {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void;
  cancelled: boolean;
}

export interface VirtualClockOptions {
  /** Milliseconds since the Unix epoch at which the run begins. */
  readonly start?: number;
}

/**
 * Time that passes only when it is told to. Timers run in the order of (time, sequence of
 * setting), one at a time; after each, everything it caused through promises has happened before
 * the next is looked at. So a run depends on nothing but its inputs, as long as no port of the
 * node does real I/O; where one does, `hold` makes time wait for it.
 */
export class VirtualClock implements Clock {
  #now: number;
  #sequence = 0;
  readonly #heap: Timer[] = [];
  /** Work that is under way outside, and who waits until there is none. */
  #held = 0;
  #freed: (() => void)[] = [];

  constructor(options: VirtualClockOptions = {}) {
    this.#now = options.start ?? LAB_EPOCH_MS;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const delay = Number.isFinite(ms) && ms > 0 ? Math.ceil(ms) : 0;
    const timer: Timer = {
      at: this.#now + delay,
      sequence: this.#sequence++,
      run,
      cancelled: false,
    };
    push(this.#heap, timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** When the next timer is due, in milliseconds since the epoch; nothing where none is set. */
  get nextAt(): number | undefined {
    while (this.#heap[0]?.cancelled) pop(this.#heap);
    return this.#heap[0]?.at;
  }

  /**
   * Time stands still until `work`, real I/O, is settled; answers the same. What else is there may
   * run meanwhile, at this same time.
   */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work;
    } finally {
      if (--this.#held === 0) for (const go of this.#freed.splice(0)) go();
    }
  }

  /** Returns once no promise work is left, and nothing outside is waited for. */
  async #quiesce(): Promise<void> {
    await quiesce();
    while (this.#held > 0) {
      await new Promise<void>((go) => this.#freed.push(go));
      await quiesce();
    }
  }

  /** Lets all work that is due now finish, without letting time pass. */
  async settleNow(): Promise<void> {
    await this.#quiesce();
    while (this.nextAt !== undefined && this.nextAt <= this.#now) await this.#step();
  }

  /** Lets `ms` milliseconds pass, with every timer that falls into them. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#quiesce();
    while (this.nextAt !== undefined && this.nextAt <= end) await this.#step();
    this.#now = end;
  }

  /**
   * Runs timers until `done` holds. Answers false where `limitMs` of virtual time passed first,
   * or no timer was left that could have brought it about.
   */
  async runUntil(done: () => boolean, limitMs: number): Promise<boolean> {
    const end = this.#now + limitMs;
    await this.#quiesce();
    while (!done()) {
      const next = this.nextAt;
      if (next === undefined || next > end) return false;
      await this.#step();
    }
    return true;
  }

  /** Runs the next timer, and all it causes by promises. Answers false where none is set. */
  async step(): Promise<boolean> {
    await this.#quiesce();
    if (this.nextAt === undefined) return false;
    await this.#step();
    return true;
  }

  async #step(): Promise<void> {
    const timer = pop(this.#heap) as Timer;
    if (timer.cancelled) return;
    this.#now = Math.max(this.#now, timer.at);
    timer.run();
    await this.#quiesce();
  }
}

/** Immediates that `quiesce` itself has set and that have not run. */
let ours = 0;

/**
 * Returns once no promise work is left. The event loop turns to its immediates only with the
 * queue of microtasks empty, so one turn drains any chain of promises; where the code under test
 * has set immediates itself, more turns follow until those are done as well.
 */
async function quiesce(): Promise<void> {
  do {
    ours++;
    await new Promise<void>((resolve) =>
      setImmediate(() => {
        ours--;
        resolve();
      }),
    );
  } while (immediates() > ours);
}

const immediates = (): number =>
  process.getActiveResourcesInfo().reduce((n, kind) => (kind === 'Immediate' ? n + 1 : n), 0);

const before = (a: Timer, b: Timer): boolean =>
  a.at < b.at || (a.at === b.at && a.sequence < b.sequence);

function push(heap: Timer[], timer: Timer): void {
  let i = heap.push(timer) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!before(timer, heap[parent] as Timer)) break;
    heap[i] = heap[parent] as Timer;
    i = parent;
  }
  heap[i] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) child++;
    if (!before(heap[child] as Timer, last)) break;
    heap[i] = heap[child] as Timer;
    i = child;
  }
  heap[i] = last;
  return top;
}
