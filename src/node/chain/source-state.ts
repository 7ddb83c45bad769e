import type { BlockHeight } from '../../core/bytes/index.js';
import type { ChainTip, Clock, Logger } from '../../ports/index.js';

/** An answer that takes longer is told of like one that does not come. */
const SLOW_MS = 10_000;
/** A source that is away for so long may have missed more blocks than HTLCs leave us. */
const STALE_MS = 3_600_000;
/** So many blocks behind the source, we do not see the present. */
const BEHIND = 3;

/** What is known of the source of blocks: whether it answers, and whether it shows the present. */
export class SourceState {
  readonly #clock: Clock;
  readonly #log: Logger;
  /** What it is waited for, each said once until it is over. */
  readonly #told = new Set<string>();
  #waitingFor = '';
  #awaySince: number | undefined;
  #slow = false;
  #syncing: ChainTip['syncing'];
  #stopped = false;

  constructor(deps: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** What it is waited for, in words; empty: it answers. */
  get waitingFor(): string {
    return this.#waitingFor;
  }

  /** The blocks that the source itself has still to read, if it has. */
  get syncing(): ChainTip['syncing'] {
    return this.#syncing;
  }

  /** Whether a node that followed up to this height, of the source's tip, sees the present. */
  isCurrent(height: BlockHeight, tipHeight: BlockHeight): boolean {
    if (this.#syncing !== undefined || tipHeight - height >= BEHIND) return false;
    return this.#awaySince === undefined || this.#clock.now() - this.#awaySince < STALE_MS;
  }

  start(): void {
    this.#stopped = false;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A look at the chain begins. */
  look(): void {
    this.#slow = false;
  }

  /** The answer; where it takes long, the log says so. */
  async ask<T>(answer: Promise<T>): Promise<T> {
    const cancel = this.#clock.after(SLOW_MS, () => {
      this.#slow = true;
      this.away('bitcoind, which takes its time to answer');
    });
    try {
      return await answer;
    } finally {
      cancel();
    }
  }

  /** What the source says of itself. */
  saw(tip: ChainTip): void {
    const { syncing, height } = tip;
    if (syncing !== undefined && this.#syncing === undefined)
      this.#log.warn('waiting for bitcoind, which reads what its network has', {
        height,
        headers: syncing.headers,
      });
    if (syncing === undefined && this.#syncing !== undefined)
      this.#log.info('bitcoind has read what its network has', { height });
    this.#syncing = syncing;
  }

  away(what: string): void {
    if (this.#stopped) return;
    if (!this.#told.has(what)) this.#log.warn(`waiting for ${what}`);
    this.#told.add(what);
    this.#waitingFor = what;
    this.#awaySince ??= this.#clock.now();
  }

  /** A look at the chain came to its end. Answers whether the source was away before. */
  back(height: BlockHeight): boolean {
    this.#awaySince = undefined;
    // As long as every answer takes so long, it is not over.
    if (this.#waitingFor === '' || this.#slow) return false;
    this.#log.info('the chain answers again', { height });
    this.#told.clear();
    this.#waitingFor = '';
    return true;
  }
}
