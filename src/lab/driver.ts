import type { VirtualClock } from './clock.js';

interface Waiter {
  readonly what: string;
  readonly deadline: number;
  done: boolean;
  readonly fail: (error: Error) => void;
}

/**
 * Lets virtual time pass for as long as somebody waits for something. Any number may wait at
 * once; there is one loop, so that `Promise.all` over several calls is as repeatable as one.
 */
export class Driver {
  readonly #clock: VirtualClock;
  readonly #onStep: () => void;
  readonly #waiters = new Set<Waiter>();
  #running = false;
  #broken: Error | undefined;

  constructor(
    _options: Record<string, never>,
    deps: { readonly clock: VirtualClock; readonly onStep: () => void },
  ) {
    this.#clock = deps.clock;
    this.#onStep = deps.onStep;
  }

  /** Lets time pass until the promise is settled; rejects where `limitMs` passed before that. */
  run<T>(promise: Promise<T>, what: string, limitMs = 600_000): Promise<T> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise<T>((resolve, reject) => {
      const waiter: Waiter = {
        what,
        deadline: this.#clock.now() + limitMs,
        done: false,
        fail: (error) => {
          waiter.done = true;
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      const end =
        <A>(tell: (value: A) => void) =>
        (value: A): void => {
          waiter.done = true;
          this.#waiters.delete(waiter);
          tell(value);
        };
      promise.then(end(resolve), end(reject));
      this.#loop().catch((error: Error) => {
        // A broken promise of the lab itself: everybody hears of it, from now on.
        this.#broken = error;
        for (const each of this.#waiters) each.fail(error);
        this.#waiters.clear();
      });
    });
  }

  async #loop(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#waiters.size > 0) {
        const went = await this.#clock.step();
        this.#onStep();
        this.#expire(!went);
      }
    } finally {
      this.#running = false;
    }
  }

  /** Fails who has waited too long, or where no timer is left that could help. */
  #expire(idle: boolean): void {
    const now = this.#clock.now();
    for (const waiter of this.#waiters) {
      if (waiter.done || (!idle && now <= waiter.deadline)) continue;
      this.#waiters.delete(waiter);
      const why = idle ? 'nothing is left that could bring it' : 'it took too long';
      waiter.fail(new Error(`the lab: ${waiter.what} did not happen: ${why}`));
    }
  }
}
