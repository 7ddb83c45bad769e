/** Blocks, the best chain through them, and the unspent outputs at its tip. */

import { blockHash } from '../../../core/bitcoin/index.js';
import { type Bytes, Reader, toHex } from '../../../core/bytes/index.js';
import { isCoinbase } from './consensus.js';
import { GENESIS } from './header.js';
import { type ChainTx, type Coin, outpointKey, readChainTx, type StoredBlock } from './types.js';

/** The median of a block's and its ten predecessors' times rules locks by time (BIP 113). */
const MEDIAN_SPAN = 11;

export interface LedgerListener {
  connected(block: StoredBlock): void;
  disconnected(block: StoredBlock): void;
}

export class Ledger {
  readonly coins = new Map<string, Coin>();
  readonly #blocks = new Map<string, StoredBlock>();
  readonly #invalid = new Set<string>();
  /** The best chain by height. */
  readonly #active: StoredBlock[] = [];
  /** What each active block spent, to give it back. */
  readonly #undo = new Map<string, (readonly [string, Coin])[]>();
  /** Where the transactions of the best chain stand. */
  readonly #confirmed = new Map<string, StoredBlock>();
  readonly #listener: LedgerListener;

  constructor(listener: LedgerListener) {
    this.#listener = listener;
    const coinbase = readChainTx(GENESIS.coinbase) as ChainTx;
    const genesis = blockOf(GENESIS.header, 0, [coinbase]);
    this.#blocks.set(genesis.key, genesis);
    // As in bitcoind, the coinbase of the genesis block cannot be spent.
    this.#active.push(genesis);
  }

  get tip(): StoredBlock {
    return this.#active.at(-1) as StoredBlock;
  }

  get height(): number {
    return this.#active.length - 1;
  }

  at(height: number): StoredBlock | undefined {
    return this.#active[height];
  }

  block(key: string): StoredBlock | undefined {
    return this.#blocks.get(key);
  }

  isActive(block: StoredBlock): boolean {
    return this.#active[block.height] === block;
  }

  /** The block of the best chain that holds a transaction. */
  blockOf(txKey: string): StoredBlock | undefined {
    return this.#confirmed.get(txKey);
  }

  /** Median time past of the block at `height`; 0 below the first. */
  medianTime(height: number): number {
    if (height < 0) return 0;
    const times = this.#active
      .slice(Math.max(0, height - MEDIAN_SPAN + 1), height + 1)
      .map((b) => b.time)
      .sort((a, b) => a - b);
    return times[times.length >> 1] as number;
  }

  /** Adds a block on the tip. Its transactions have been checked. */
  extend(header: Bytes, txs: readonly ChainTx[]): StoredBlock {
    const block = blockOf(header, this.height + 1, txs);
    this.#blocks.set(block.key, block);
    this.#connect(block);
    return block;
  }

  /** Marks a block, and with it all that stand on it, as invalid. */
  invalidate(block: StoredBlock): void {
    this.#invalid.add(block.key);
    this.#activateBest();
  }

  /** Lets a block and its descendants and ancestors be valid again. */
  reconsider(block: StoredBlock): void {
    for (const key of [...this.#invalid]) {
      const other = this.#blocks.get(key) as StoredBlock;
      if (this.#descends(other, block) || this.#descends(block, other)) this.#invalid.delete(key);
    }
    this.#activateBest();
  }

  #descends(block: StoredBlock, from: StoredBlock): boolean {
    let at: StoredBlock | undefined = block;
    while (at !== undefined && at.height > from.height) at = this.#blocks.get(at.previousKey);
    return at === from;
  }

  #isValid(block: StoredBlock): boolean {
    let at: StoredBlock | undefined = block;
    for (; at !== undefined; at = this.#blocks.get(at.previousKey)) {
      if (this.#invalid.has(at.key)) return false;
      if (this.isActive(at) && at.height === 0) return true;
    }
    return true;
  }

  /** The longest valid chain; among equals the one that is active, then the one seen first. */
  #activateBest(): void {
    let valid = this.tip;
    while (!this.#isValid(valid)) valid = this.#blocks.get(valid.previousKey) as StoredBlock;
    let best = valid;
    for (const block of this.#blocks.values())
      if (block.height > best.height && this.#isValid(block)) best = block;

    const branch: StoredBlock[] = [];
    let at = best;
    for (; !this.isActive(at); at = this.#blocks.get(at.previousKey) as StoredBlock)
      branch.push(at);
    while (this.tip !== at) this.#disconnect();
    for (const block of branch.reverse()) this.#connect(block);
  }

  #connect(block: StoredBlock): void {
    const undo: (readonly [string, Coin])[] = [];
    for (const { key, tx } of block.txs) {
      const coinbase = isCoinbase(tx);
      if (!coinbase)
        for (const input of tx.inputs) {
          const at = outpointKey(input.txid, input.vout);
          undo.push([at, this.coins.get(at) as Coin]);
          this.coins.delete(at);
        }
      for (const [n, output] of tx.outputs.entries())
        this.coins.set(`${key}:${n}`, { ...output, height: block.height, coinbase });
      this.#confirmed.set(key, block);
    }
    this.#undo.set(block.key, undo);
    this.#active.push(block);
    this.#listener.connected(block);
  }

  #disconnect(): void {
    const block = this.#active.pop() as StoredBlock;
    for (const { key, tx } of block.txs) {
      this.#confirmed.delete(key);
      for (const n of tx.outputs.keys()) this.coins.delete(`${key}:${n}`);
    }
    const undo = this.#undo.get(block.key) ?? [];
    const own = new Set(block.txs.map((t) => t.key));
    // What the block itself made and spent was never there before it.
    for (const [at, coin] of undo) if (!own.has(at.slice(0, 64))) this.coins.set(at, coin);
    this.#listener.disconnected(block);
  }
}

function blockOf(header: Bytes, height: number, txs: readonly ChainTx[]): StoredBlock {
  const reader = new Reader(header);
  reader.u32le();
  const previous = reader.take(32);
  reader.take(32);
  const time = reader.u32le();
  const hash = blockHash(header);
  return {
    key: toHex(hash),
    hash,
    height,
    header,
    previous,
    previousKey: toHex(previous),
    time,
    txs,
  };
}
