import { type Bytes, toHex } from '../../core/bytes/index.js';
import { sha256 } from '../../core/crypto/index.js';
import {
  type BroadcastResult,
  type Chain,
  ChainAway,
  type Clock,
  type Logger,
} from '../../ports/index.js';
import type { FollowedBlock } from './types.js';

/** Nobody is kept waiting for longer; the answer may come later still. */
const PATIENCE_MS = 10_000;
const FIRST_MS = 1_000;
const LAST_MS = 30_000;
/** A mempool may lose what it held, and nobody sees it: so often all of it is said again. */
const AGAIN_MS = 60_000;

export interface BroadcastsDeps {
  readonly chain: Pick<Chain, 'broadcast' | 'broadcastPackage'>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Said {
  readonly hand: () => Promise<BroadcastResult | undefined>;
  heard: boolean;
}

/**
 * Hands transactions to the source for all services. The services say what waits again with every
 * block; until then, what the source did not hear is said again here, and all of it once more when
 * the source was away, for its mempool may have been lost, and once a minute in any case.
 */
export class Broadcasts {
  readonly #deps: BroadcastsDeps;
  /** What was said since the last block. */
  readonly #said = new Map<string, Said>();
  #cancel: (() => void) | undefined;
  #endRepeat: (() => void) | undefined;
  #pauseMs = FIRST_MS;
  #retrying = false;
  #stopped = false;

  constructor(_options: Record<string, never>, deps: BroadcastsDeps) {
    this.#deps = deps;
  }

  /** As `Chain.broadcast`; where it rejects, the transaction is said again all the same. */
  async broadcast(tx: Bytes): Promise<BroadcastResult> {
    const { chain } = this.#deps;
    return (await this.#say([tx], () => chain.broadcast(tx))) as BroadcastResult;
  }

  /** As `Chain.broadcastPackage`, and as `broadcast`. */
  broadcastPackage(txs: readonly Bytes[]): Promise<BroadcastResult | undefined> {
    return this.#say(txs, () => this.#deps.chain.broadcastPackage(txs));
  }

  /** To be told before all who say something with a block. */
  connectBlock(block: FollowedBlock): void {
    if (!block.more) this.#said.clear();
  }

  /** The source answers again after it did not. */
  again(): void {
    for (const said of this.#said.values()) said.heard = false;
    this.#pauseMs = FIRST_MS;
    if (this.#said.size > 0) void this.#retry('info');
  }

  #repeat(): void {
    this.#endRepeat ??= this.#deps.clock.after(AGAIN_MS, () => {
      this.#endRepeat = undefined;
      if (this.#said.size === 0) return;
      for (const said of this.#said.values()) said.heard = false;
      void this.#retry('debug');
      this.#repeat();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#endRepeat?.();
    this.#said.clear();
  }

  async #say(
    txs: readonly Bytes[],
    hand: () => Promise<BroadcastResult | undefined>,
  ): Promise<BroadcastResult | undefined> {
    const said: Said = { hand, heard: false };
    this.#said.set(toHex(sha256(txs.at(-1) ?? new Uint8Array())), said);
    if (!this.#stopped) this.#repeat();
    const answer = this.#hear(said);
    let cancel = (): void => {};
    const late = new Promise<never>((_, fail) => {
      cancel = this.#deps.clock.after(PATIENCE_MS, () =>
        fail(new ChainAway('bitcoind, which takes its time to answer')),
      );
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      cancel();
    }
  }

  async #hear(said: Said): Promise<BroadcastResult | undefined> {
    try {
      const result = await said.hand();
      said.heard = true;
      return result;
    } catch (error) {
      this.#later();
      throw error;
    }
  }

  #later(): void {
    if (this.#stopped || this.#cancel !== undefined) return;
    this.#cancel = this.#deps.clock.after(this.#pauseMs, () => {
      this.#cancel = undefined;
      void this.#retry('info');
    });
    this.#pauseMs = Math.min(LAST_MS, 2 * this.#pauseMs);
  }

  /** In the order in which it was said, until the source is away again. */
  async #retry(level: 'info' | 'debug'): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    let heard = 0;
    try {
      for (const said of [...this.#said.values()]) {
        if (said.heard || this.#stopped) continue;
        await this.#hear(said);
        heard++;
      }
      this.#pauseMs = FIRST_MS;
    } catch {
      // `#hear` has planned the next try.
    }
    this.#retrying = false;
    if (heard > 0) this.#deps.log[level]('transactions are broadcast again', { count: heard });
  }
}
