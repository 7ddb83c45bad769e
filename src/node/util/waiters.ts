import type { Clock } from '../../ports/index.js';

export type WaitEnd = 'signalled' | 'timeout' | 'aborted';

/** A place in line. */
export interface Waiting {
  readonly ended: Promise<WaitEnd>;
  /** Nobody waits any more. */
  leave(): void;
}

/** Callers that wait for something to happen under a key. */
export class Waiters<K> {
  readonly #clock: Clock;
  readonly #waiting = new Map<K, Set<(end: WaitEnd) => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Everybody who waits for `key` goes on. */
  signal(key: K): void {
    for (const go of [...(this.#waiting.get(key) ?? [])]) go('signalled');
  }

  /**
   * In line as soon as it is called: a caller lines up, looks at the state, and only then waits,
   * so that no change between the two is missed.
   */
  lineUp(key: K, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Waiting {
    const { timeoutMs, signal } = options;
    const all = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, all);
    let leave = () => {};
    const ended = new Promise<WaitEnd>((resolve) => {
      const go = (end: WaitEnd) => {
        if (!all.delete(go)) return;
        if (all.size === 0 && this.#waiting.get(key) === all) this.#waiting.delete(key);
        cancel?.();
        signal?.removeEventListener('abort', abort);
        resolve(end);
      };
      const abort = () => go('aborted');
      leave = abort;
      all.add(go);
      const cancel =
        timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, () => go('timeout'));
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
    return { ended, leave };
  }
}
