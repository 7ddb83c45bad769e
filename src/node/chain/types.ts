import type { Transaction } from '../../core/bitcoin/index.js';
import type { BlockHeight, Bytes, Sat } from '../../core/bytes/index.js';
import type { Chain, Clock, Logger, Store } from '../../ports/index.js';

/** Hashes and txids in internal byte order. */
export interface FollowedTransaction {
  readonly txid: Bytes;
  readonly tx: Transaction;
  /** Serialized with its witnesses. */
  readonly raw: Bytes;
}

export interface FollowedBlock {
  readonly height: BlockHeight;
  readonly hash: Bytes;
  /** Of its header, seconds since the epoch. */
  readonly time: number;
  /** In block order, so that the index is the one a short channel id names. */
  readonly txs: readonly FollowedTransaction[];
  /** The source knows of blocks that follow it: after a start, or a reorg. */
  readonly more?: true;
}

export type BlockListener = (block: FollowedBlock) => void | Promise<void>;
export type DisconnectListener = (height: BlockHeight) => void | Promise<void>;

/** An output that a short channel id names, unspent when it was looked up. */
export interface ScidUtxo {
  readonly txid: Bytes;
  readonly vout: number;
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
  readonly confirmations: number;
}

export interface FollowerOptions {
  /** Between two looks at the tip. */
  readonly pollMs?: number;
  /**
   * Where to begin: a height, or (negative) so many blocks before where it stopped; left out, it
   * goes on where it stopped, and a first start begins a few blocks below the tip.
   */
  readonly from?: BlockHeight;
  /** Satoshi per 1000 weight units, used where the source knows no estimate. */
  readonly fallbackFeerate?: number;
  /** Use these instead of the source's estimates. */
  readonly forceFeerate?: number;
}

export interface FollowerDeps {
  readonly chain: Chain;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}
