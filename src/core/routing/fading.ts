/** How what was learned fades: bounds towards "unknown", blame towards none. */
import type { Record } from './record.js';

export interface FadingOptions {
  /** Seconds in which a bound loses half of what it says, counted from the end of `holdSeconds`. */
  readonly halfLifeSeconds: number;
  /** How long a bound stands as it was learned. */
  readonly holdSeconds: number;
  /** How long "not usable for a while" lasts. */
  readonly whileSeconds: number;
  /** How long "not usable until an update" lasts where no update comes. */
  readonly untilUpdateSeconds: number;
}

/** Tuned by the payment simulator; see docs/routing.md. */
export const DEFAULT_FADING: FadingOptions = {
  halfLifeSeconds: 24 * 3600,
  holdSeconds: 1800,
  whileSeconds: 1800,
  untilUpdateSeconds: 7 * 24 * 3600,
};

/** What is left of a record at a time, in seconds since the epoch; amounts in millisatoshi. */
export class Fading {
  readonly #options: FadingOptions;

  constructor(options: FadingOptions) {
    this.#options = options;
  }

  lower(r: Record, now: number): number {
    return r.lower === 0 ? 0 : Math.floor(r.lower * this.#weight(r.lowerAt, now));
  }

  /**
   * Rises to the capacity by equal factors in equal times: what a large channel refused hours ago is
   * not believed of it again just since it is large.
   */
  upper(r: Record, capacity: number, now: number): number {
    if (r.upper >= capacity) return capacity;
    if (capacity === Number.POSITIVE_INFINITY) return r.upper;
    const weight = this.#weight(r.upperAt, now);
    if (weight === 1) return r.upper;
    const risen = Math.ceil(capacity * (Math.max(1, r.upper) / capacity) ** weight);
    return Math.min(capacity, Math.max(r.upper, risen));
  }

  blame(r: Record, now: number): number {
    return r.blame === 0 ? 0 : r.blame * this.#weight(r.blameAt, now);
  }

  /** How much of what was learned at `at` is left. */
  #weight(at: number, now: number): number {
    const age = now - at - this.#options.holdSeconds;
    return age <= 0 ? 1 : 2 ** (-age / this.#options.halfLifeSeconds);
  }
}
