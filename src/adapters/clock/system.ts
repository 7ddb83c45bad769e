import type { Clock } from '../../ports/index.js';

/** setTimeout counts in 31 bits; what is later is set again on the way. */
const LONGEST_MS = 2 ** 31 - 1;

/** The machine's own time. Its timers keep the process alive, as a daemon's should. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout;
    let left = Math.max(0, ms);
    const arm = () => {
      const step = Math.min(left, LONGEST_MS);
      left -= step;
      timer = setTimeout(() => (left > 0 ? arm() : fn()), step);
    };
    arm();
    return () => clearTimeout(timer);
  },
};
