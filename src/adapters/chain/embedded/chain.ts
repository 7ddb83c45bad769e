/**
 * A regtest chain in the process: what is valid here is valid on a bitcoind and what is refused
 * there is refused here. Synchronous and, given a clock and a seed, the same at every run.
 */
import { type Bytes, concat, type Sat, toHex, utf8, Writer } from '../../../core/bytes/index.js';
import { sha256 } from '../../../core/crypto/index.js';
import { type Clock, seconds } from '../../../ports/index.js';
import { checkCoins, checkTransaction, isFinal, sequenceLocksMet } from './consensus.js';
import { Faucet } from './faucet.js';
import { makeCoinbase, mineHeader } from './header.js';
import { Ledger } from './ledger.js';
import { Mempool } from './mempool.js';
import { CONSENSUS_FLAGS, verifyScripts } from './scripts.js';
import { blockTemplate } from './template.js';
import {
  type ChainTx,
  type Coin,
  outpointKey,
  type Rejection,
  readChainTx,
  rejection,
  type StoredBlock,
} from './types.js';

export interface EmbeddedChainOptions {
  /** Of the faucet's keys and the blocks' hashes. */
  readonly seed?: string;
}

export interface EmbeddedChainDeps {
  readonly clock: Clock;
}

export interface MineOptions {
  /** Who gets the reward; the faucet unless given. */
  readonly scriptPubkey?: Bytes;
  /** Transactions that pay less wait: satoshi per 1000 weight units. */
  readonly minFeerate?: number;
}

const SEEN_EXTRA = 8;

export class EmbeddedChain {
  readonly ledger: Ledger;
  readonly mempool: Mempool;
  readonly faucet: Faucet;
  /** What the chain says it estimates, satoshi per 1000 virtual bytes; nothing: no estimate. */
  feerate: number | undefined;
  readonly #clock: Clock;
  readonly #salt: Bytes;
  readonly #listeners = new Set<() => void>();
  #mined = 0;
  #disconnected: ChainTx[] = [];

  constructor(options: EmbeddedChainOptions, deps: EmbeddedChainDeps) {
    const seed = options.seed ?? 'levin';
    this.#clock = deps.clock;
    this.#salt = sha256(utf8(`levin blocks ${seed}`)).slice(0, SEEN_EXTRA);
    this.ledger = new Ledger({
      connected: (block) => this.mempool.blockConnected(block.txs),
      disconnected: (block) => this.#disconnected.unshift(...block.txs),
    });
    this.mempool = new Mempool(this.ledger, () => seconds(this.#clock));
    this.faucet = new Faucet(seed, this.ledger, this.mempool);
  }

  /** Calls `fn` after every change of the tip; answers how to leave. */
  onTip(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** Mines blocks from the mempool; answers them in order. */
  mine(count = 1, options: MineOptions = {}): StoredBlock[] {
    const blocks: StoredBlock[] = [];
    for (let i = 0; i < count; i++) {
      const txs = blockTemplate(this.mempool, options.minFeerate);
      const fees = txs.reduce((sum, e) => sum + e.fee, 0n);
      blocks.push(this.#extend(txs, fees, options.scriptPubkey));
    }
    this.#changed();
    return blocks;
  }

  /** Mines one block of exactly these transactions, whether a mempool would take them or not. */
  mineExactly(raws: readonly Bytes[], scriptPubkey?: Bytes): StoredBlock | Rejection {
    const txs: ChainTx[] = [];
    const made = new Map<string, Coin>();
    const spent = new Set<string>();
    let fees = 0n;
    for (const raw of raws) {
      const tx = readChainTx(raw);
      if (tx === undefined) return rejection('TX decode failed');
      const answer = this.#checkForBlock(tx, made, spent);
      if ('reason' in answer) return answer;
      fees += answer.fee;
      txs.push(tx);
    }
    const block = this.#extend(txs, fees, scriptPubkey);
    this.#changed();
    return block;
  }

  #checkForBlock(
    tx: ChainTx,
    made: Map<string, Coin>,
    spent: Set<string>,
  ): { readonly fee: Sat } | Rejection {
    const height = this.ledger.height + 1;
    const bad = checkTransaction(tx);
    if (bad !== undefined) return bad;
    if (!isFinal(tx.tx, height, this.ledger.medianTime(height - 1)))
      return rejection('bad-txns-nonfinal');
    const coins: Coin[] = [];
    for (const input of tx.tx.inputs) {
      const key = outpointKey(input.txid, input.vout);
      const coin = spent.has(key) ? undefined : (made.get(key) ?? this.ledger.coins.get(key));
      if (coin === undefined) return rejection('bad-txns-inputs-missingorspent');
      coins.push(coin);
      spent.add(key);
    }
    if (!sequenceLocksMet(tx.tx, coins, height, (h) => this.ledger.medianTime(h - 1)))
      return rejection('bad-txns-nonfinal');
    const paid = checkCoins(tx.tx, coins, height);
    if ('reason' in paid) return paid;
    const fault = this.mempool.isVerified(tx)
      ? undefined
      : verifyScripts(tx.tx, tx.raw, coins, CONSENSUS_FLAGS);
    if (fault !== undefined) return rejection('mandatory-script-verify-flag-failed', fault);
    for (const [n, output] of tx.tx.outputs.entries())
      made.set(`${tx.key}:${n}`, { ...output, height, coinbase: false });
    return paid;
  }

  #extend(txs: readonly ChainTx[], fees: bigint, scriptPubkey?: Bytes): StoredBlock {
    const { tip } = this.ledger;
    const extra = concat(this.#salt, new Writer().u32(this.#mined++).finish());
    const coinbase = makeCoinbase(
      tip.height + 1,
      scriptPubkey ?? this.faucet.minerScript,
      fees,
      txs,
      extra,
    );
    const all = [coinbase, ...txs];
    // BIP 113: a block is later than the median of the last eleven.
    const time = Math.max(seconds(this.#clock), this.ledger.medianTime(tip.height) + 1);
    const { header } = mineHeader(tip.hash, time, all);
    return this.ledger.extend(header, all);
  }

  /** Hands a transaction to the mempool; nothing where it was taken. */
  submit(raw: Bytes): Rejection | undefined {
    const tx = readChainTx(raw);
    if (tx === undefined) return rejection('TX decode failed');
    if (this.hasOutputsOf(tx))
      return rejection('Transaction outputs already in utxo set', undefined, 'confirmed');
    const answer = this.mempool.submit(tx);
    return 'reason' in answer ? answer : undefined;
  }

  /** Whether an output of it is unspent on chain: then it is confirmed. */
  hasOutputsOf(tx: ChainTx): boolean {
    return tx.tx.outputs.some((_, n) => this.ledger.coins.has(`${tx.key}:${n}`));
  }

  /** Pays from the faucet and hands the payment to the mempool. */
  send(scriptPubkey: Bytes, amount: Sat): ChainTx {
    const made = this.faucet.pay([{ amount, scriptPubkey }]);
    if (!made.ok) throw new Error(`${made.error}: mine more than 100 blocks first`);
    const answer = this.mempool.submit(made.value);
    if ('reason' in answer) throw new Error(answer.reason);
    return made.value;
  }

  /** By its hash, in internal byte order. */
  block(hash: Bytes): StoredBlock | undefined {
    return this.ledger.block(toHex(hash));
  }

  /** Takes a block and all after it out of the chain; their transactions wait again. */
  invalidate(block: StoredBlock): void {
    this.ledger.invalidate(block);
    this.#reorganized();
  }

  reconsider(block: StoredBlock): void {
    this.ledger.reconsider(block);
    this.#reorganized();
  }

  /**
   * Replaces the last `depth` blocks with `depth + 1` others. `empty`: what they held stays in the
   * mempool; otherwise the new blocks take it in again.
   */
  reorg(depth: number, options: MineOptions & { readonly empty?: boolean } = {}): StoredBlock[] {
    const from = this.ledger.at(this.ledger.height - depth + 1);
    if (from === undefined || from.height === 0) throw new Error(`no ${depth} blocks to replace`);
    this.ledger.invalidate(from);
    this.#refill();
    const minFeerate = options.empty ? Number.MAX_SAFE_INTEGER : options.minFeerate;
    return this.mine(depth + 1, {
      ...options,
      ...(minFeerate === undefined ? {} : { minFeerate }),
    });
  }

  #reorganized(): void {
    this.#refill();
    this.#changed();
  }

  #refill(): void {
    const txs = this.#disconnected;
    this.#disconnected = [];
    if (txs.length > 0) this.mempool.refill(txs);
  }

  #changed(): void {
    for (const fn of [...this.#listeners]) fn();
  }
}
