import { decodeTx, txid } from '../../core/bitcoin/index.js';
import { type BlockHeight, type Bytes, equal, shownHash } from '../../core/bytes/index.js';
import type { ContextFees } from '../../core/channel/types.js';
import { ChainAway, type ChainBlock, type ChainTip, type FeeEstimates } from '../../ports/index.js';
import { BlockCache } from './block-cache.js';
import { contextFees, FEERATE_FLOOR, fallbackFeerate, feerateFor, saneEstimates } from './fees.js';
import { SourceState } from './source-state.js';
import type {
  BlockListener,
  DisconnectListener,
  FollowedBlock,
  FollowerDeps,
  FollowerOptions,
} from './types.js';

/** A reorg deeper than this is not followed back block by block: bitcoind itself keeps 288. */
const KEPT_HASHES = 300;
/** A first start begins so many blocks below the tip. */
const FIRST_DEPTH = 6;
/** Beyond it, or beyond a poll, a source that is away is not left alone. */
const BACKOFF_MAX_MS = 5_000;
/** Estimates that take longer keep no block waiting. */
const FEES_MS = 2_000;
/** How long what needs the present waits for it. */
const CURRENT_MS = 60_000;

/**
 * Walks the chain block by block and tells the listeners, in the order they were added, waiting
 * for each. A block counts as followed once all of them are done: after a crash in between it is
 * told again, so listeners must bear a repetition.
 */
export class ChainFollower {
  readonly #options: FollowerOptions;
  readonly #deps: FollowerDeps;
  readonly #onBlock: { readonly fn: BlockListener; readonly vital: boolean }[] = [];
  readonly #onDisconnect: DisconnectListener[] = [];
  readonly #onBack: (() => void)[] = [];
  readonly #source: SourceState;
  readonly #blocks: BlockCache;
  /** Height to hash, the last ones followed. */
  readonly #hashes = new Map<BlockHeight, Bytes>();
  #height: BlockHeight = 0;
  #tipHeight: BlockHeight = 0;
  #blockTime = 0;
  #estimates: FeeEstimates = { minimum: FEERATE_FLOOR, targets: [] };
  #running = false;
  #cancelTimer: (() => void) | undefined;
  #work: Promise<void> = Promise.resolve();
  #again = false;
  #busy = false;
  #backoffMs = 0;
  #synced = false;
  #waiters: (() => void)[] = [];
  /** Who waits for the present, and how each stops to. */
  readonly #forCurrent = new Map<() => void, () => void>();

  constructor(options: FollowerOptions, deps: FollowerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#blocks = new BlockCache(deps.chain);
    this.#source = new SourceState(deps);
  }

  /** Of the last block that every listener has seen; 0 before the first. */
  get height(): BlockHeight {
    return this.#height;
  }

  /** Of the source's best block when it was last asked. */
  get tipHeight(): BlockHeight {
    return this.#tipHeight;
  }

  /** The header's time of the last block, seconds since the epoch; 0 before the first. */
  get blockTime(): number {
    return this.#blockTime;
  }

  /** Whether the tip has been reached since the start, and it is that of the network. */
  get synced(): boolean {
    return this.#synced && this.#source.syncing === undefined;
  }

  /** What the source is waited for, in words; empty: it answers. */
  get waitingFor(): string {
    return this.#source.waitingFor;
  }

  /** The blocks that the source itself has still to read, if it has. */
  get syncing(): ChainTip['syncing'] {
    return this.#source.syncing;
  }

  /** Whether `height` is the present: deadlines may be judged by it. */
  get isCurrent(): boolean {
    return this.#synced && this.#source.isCurrent(this.#height, this.#tipHeight);
  }

  /**
   * True where `height` is the present; else a promise of whether it comes to be within a minute,
   * with nothing where we are stopped before.
   */
  whenCurrent(): true | Promise<boolean | undefined> {
    if (this.isCurrent) return true;
    return new Promise((answer) => {
      const done = (): void => {
        this.#forCurrent.get(done)?.();
        this.#forCurrent.delete(done);
        answer(this.#running ? this.isCurrent : undefined);
      };
      this.#forCurrent.set(done, this.#deps.clock.after(CURRENT_MS, done));
    });
  }

  /** Resolves once the tip is reached for the first time. */
  whenSynced(): Promise<void> {
    if (this.#synced) return Promise.resolve();
    return new Promise((done) => this.#waiters.push(done));
  }

  /**
   * Call before `start`. Answers how to leave again. A block that a `vital` one fails on is told to
   * all again, and counts as followed only when that one took it.
   */
  onBlock(fn: BlockListener, vital = false): () => void {
    return subscribe(this.#onBlock, { fn, vital });
  }

  /** A reorg took the block at this height back: told from the tip downwards. */
  onDisconnect(fn: DisconnectListener): () => void {
    return subscribe(this.#onDisconnect, fn);
  }

  /** The source answers again after it did not: its mempool may have forgotten. */
  onBack(fn: () => void): () => void {
    return subscribe(this.#onBack, fn);
  }

  /** The feerates of this moment, for the context of a channel's step. */
  fees(): ContextFees {
    const forced = this.#options.forceFeerate;
    if (forced === undefined) return contextFees(this.#estimates, this.#fallback);
    const maximum = Math.max(forced * 10, 25_000);
    return {
      anchorCommitment: forced,
      commitment: forced,
      mutualClose: forced,
      minimum: FEERATE_FLOOR,
      maximum,
    };
  }

  /** Satoshi per 1000 weight units, to confirm within `blocks`. */
  feerateFor(blocks: number): number {
    return this.#options.forceFeerate ?? feerateFor(this.#estimates, blocks, this.#fallback);
  }

  /** What the source estimates, within bounds. */
  get estimates(): FeeEstimates {
    return this.#estimates;
  }

  get #fallback(): number {
    return this.#options.fallbackFeerate ?? fallbackFeerate(this.#deps.chain.network);
  }

  /** The output a short channel id names, where it is unspent; see `BlockCache`. */
  utxoByScid(height: BlockHeight, txIndex: number, output: number) {
    return this.#blocks.utxoByScid(height, txIndex, output);
  }

  /** The block of the best chain at this height, where the source has it. */
  async readBlock(height: BlockHeight): Promise<FollowedBlock | undefined> {
    const block = await this.#fetch(height);
    return block && parse(block);
  }

  /**
   * Reads where it stopped: before the services start that ask for the height, for what they
   * reserve or wait for counts from it.
   */
  async load(): Promise<void> {
    const rows = await this.#deps.store.select('blocks', { order: 'height' });
    for (const row of rows) this.#hashes.set(row.height, row.hash);
    this.#height = rows.at(-1)?.height ?? 0;
  }

  /** Begins to follow; does not wait for the source. */
  async start(): Promise<void> {
    if (this.#hashes.size === 0) await this.load();
    this.#running = true;
    this.#source.start();
    this.poke();
  }

  /** Ends the following; resolves when no listener runs any more. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#source.stop();
    for (const done of [...this.#forCurrent.keys()]) done();
    this.#cancelTimer?.();
    await this.#work;
  }

  /** Looks at the tip now instead of at the next poll. */
  poke(): void {
    this.#again = true;
    if (!this.#running || this.#busy) return;
    this.#cancelTimer?.();
    this.#busy = true;
    this.#work = this.#run().finally(() => {
      this.#busy = false;
    });
  }

  /** As `poke`; resolves when the tip was looked at and what was new is followed. */
  async sync(): Promise<void> {
    this.poke();
    await this.#work;
    // It may have been past its last look when we asked.
    if (this.#again && this.waitingFor === '') {
      this.poke();
      await this.#work;
    }
  }

  async #run(): Promise<void> {
    while (this.#running && this.#again) {
      this.#again = false;
      this.#source.look();
      try {
        await this.#catchUp();
        this.#backoffMs = 0;
        if (this.#source.back(this.#height)) for (const fn of this.#onBack) fn();
        if (this.isCurrent) for (const done of [...this.#forCurrent.keys()]) done();
      } catch (error) {
        if (error instanceof ChainAway) this.#source.away(error.message);
        else this.#deps.log.error('following the chain failed', { error: String(error) });
        this.#backoffMs = Math.min(BACKOFF_MAX_MS, Math.max(500, this.#backoffMs * 2));
        break;
      }
    }
    if (!this.#running) return;
    const wait = Math.max(this.#backoffMs, this.#options.pollMs ?? this.#defaultPollMs);
    this.#cancelTimer = this.#deps.clock.after(wait, () => this.poke());
  }

  get #defaultPollMs(): number {
    return this.#deps.chain.network === 'regtest' ? 500 : 15_000;
  }

  async #catchUp(): Promise<void> {
    const tip = await this.#source.ask(this.#deps.chain.tip());
    this.#source.saw(tip);
    // One that reads its blocks anew takes none of them back.
    if (tip.syncing !== undefined && tip.height < this.#height)
      throw new ChainAway(
        `bitcoind to come to height ${this.#height} again: it reads its blocks anew`,
      );
    this.#tipHeight = tip.height;
    if (!this.#hashes.has(this.#height) || this.#options.from !== undefined) {
      await this.#begin(tip.height);
    }
    await this.#refreshFees();
    if (!this.#isOurs(tip.height, tip.hash)) {
      await this.#rewind();
      await this.#advance();
    }
    if (!this.#synced && this.#running) {
      this.#synced = true;
      this.#deps.log.info('at the tip of the chain', { height: this.#height });
      for (const done of this.#waiters.splice(0)) done();
    }
  }

  #isOurs(height: BlockHeight, hash: Bytes): boolean {
    const own = this.#hashes.get(height);
    return height === this.#height && own !== undefined && equal(own, hash);
  }

  /** Places the first known block, once: below everything that is to be told. */
  #from: BlockHeight | undefined;
  async #begin(tip: BlockHeight): Promise<void> {
    const { from } = this.#options;
    if (this.#from !== undefined) return;
    const known = this.#hashes.has(this.#height);
    let below = known ? this.#height : Math.max(0, tip - FIRST_DEPTH);
    if (from !== undefined) below = Math.max(0, from >= 0 ? from - 1 : below + from);
    below = Math.min(below, known ? this.#height : tip);
    const hash = await this.#source.ask(this.#deps.chain.blockHash(below));
    if (hash === undefined) throw new ChainAway(`a block at height ${below}`);
    this.#from = below;
    // A rescan tells blocks again that were told before; it takes none of them back.
    for (const height of [...this.#hashes.keys()]) if (height > below) this.#hashes.delete(height);
    this.#hashes.set(below, hash);
    this.#height = below;
    await this.#deps.store.commit([{ put: 'blocks', row: { height: below, hash } }]);
    this.#deps.log.info('following the chain', { from: below + 1, tip });
  }

  /** Takes back what is no longer in the best chain. */
  async #rewind(): Promise<void> {
    while (this.#running) {
      const own = this.#hashes.get(this.#height);
      const best = await this.#source.ask(this.#deps.chain.blockHash(this.#height));
      if (best !== undefined && (own === undefined || equal(own, best))) {
        // Below the hashes we keep, the source is believed.
        this.#hashes.set(this.#height, best);
        return;
      }
      await this.#disconnect(own);
    }
  }

  async #disconnect(hash: Bytes | undefined): Promise<void> {
    const height = this.#height;
    this.#deps.log.warn('a reorg takes a block back', {
      height,
      ...(hash === undefined ? {} : { hash: shownHash(hash) }),
    });
    for (const fn of this.#onDisconnect) await this.#tell(() => fn(height));
    this.#blocks.forget(height);
    this.#hashes.delete(height);
    this.#height = height - 1;
    await this.#deps.store.commit([{ delete: 'blocks', where: { height } }]);
  }

  /** Follows up to the tip; leaves off where the chain changes under it, to begin anew. */
  async #advance(): Promise<void> {
    let next = this.#fetch(this.#height + 1);
    // Where we are stopped before we come to it, nobody asks what became of it.
    next.catch(() => {});
    while (this.#running) {
      const block = await this.#source.ask(next);
      if (block === undefined) return;
      if (!equal(block.previous, this.#hashes.get(this.#height) as Bytes)) {
        this.#again = true;
        return;
      }
      // The next block is on its way while the listeners see this one.
      next = this.#fetch(block.height + 1);
      next.catch(() => {});
      await this.#connect(block);
    }
  }

  async #fetch(height: BlockHeight): Promise<ChainBlock | undefined> {
    if (height > this.#tipHeight) return undefined;
    const hash = await this.#deps.chain.blockHash(height);
    return hash === undefined ? undefined : this.#deps.chain.block(hash);
  }

  async #connect(block: ChainBlock): Promise<void> {
    const { height, hash } = block;
    const more = height < this.#tipHeight;
    const followed: FollowedBlock = { ...parse(block), ...(more ? { more } : {}) };
    this.#blocks.add(followed);
    let missed = false;
    for (const { fn, vital } of this.#onBlock)
      if (!(await this.#tell(() => fn(followed))) && vital) missed = true;
    if (missed) throw new Error(`the block at height ${height} is to be told again`);
    this.#hashes.set(height, hash);
    this.#hashes.delete(height - KEPT_HASHES);
    this.#height = height;
    this.#blockTime = block.time;
    await this.#deps.store.commit([
      { put: 'blocks', row: { height, hash } },
      { delete: 'blocks', where: { height: height - KEPT_HASHES } },
    ]);
    this.#deps.log.debug('block', { height, txs: followed.txs.length });
  }

  /** A listener that fails keeps no other one from the block. Answers whether it took it. */
  async #tell(fn: () => void | Promise<void>): Promise<boolean> {
    try {
      await fn();
      return true;
    } catch (error) {
      const { stack } = error as Error;
      this.#deps.log.error('a listener failed on a block', { error: stack ?? String(error) });
      return false;
    }
  }

  #feesAt = Number.NEGATIVE_INFINITY;
  #feesAsked = false;
  #feesWait = '';
  /** Twice a minute. Neither a source that hesitates here nor one that fails keeps us from blocks. */
  async #refreshFees(): Promise<void> {
    const { chain, clock, log } = this.#deps;
    if (this.#feesAsked || clock.now() - this.#feesAt < 30_000) return;
    this.#feesAsked = true;
    const asked = chain
      .feeEstimates()
      .then((estimates) => {
        this.#estimates = saneEstimates(estimates);
        this.#feesAt = clock.now();
        if (this.#feesWait !== '') log.info('feerates are known again');
        this.#feesWait = '';
      })
      .catch((error: Error) => {
        if (this.#feesWait !== error.message) log.warn(`feerates wait for ${error.message}`);
        this.#feesWait = error.message;
      })
      .finally(() => {
        this.#feesAsked = false;
      });
    let cancel = (): void => {};
    const late = new Promise<void>((go) => {
      cancel = clock.after(FEES_MS, go);
    });
    await Promise.race([asked, late]);
    cancel();
  }
}

function parse(block: ChainBlock): FollowedBlock {
  const { height, hash, time } = block;
  const txs = block.transactions.map((raw) => {
    const tx = decodeTx(raw);
    if (tx === undefined) throw new ChainAway(`a block at height ${height} that parses`);
    return { txid: txid(tx), tx, raw };
  });
  return { height, hash, time, txs };
}

function subscribe<T>(list: T[], fn: T): () => void {
  list.push(fn);
  return () => {
    const at = list.indexOf(fn);
    if (at >= 0) list.splice(at, 1);
  };
}
