import type { BlockHeight, Sat } from '../core/bytes/index.js';

export type NetworkName = 'bitcoin' | 'testnet' | 'testnet4' | 'signet' | 'regtest';

/** Hashes are in internal byte order, as the wire has them; people see them reversed. */
export interface ChainTip {
  readonly height: BlockHeight;
  readonly hash: Uint8Array;
  /** The source itself is still reading what its network has; it knows of so many blocks. */
  readonly syncing?: { readonly headers: BlockHeight };
}

export interface ChainBlock {
  readonly height: BlockHeight;
  readonly hash: Uint8Array;
  readonly previous: Uint8Array;
  readonly time: number;
  /** The transactions, serialized with their witnesses, in block order. */
  readonly transactions: readonly Uint8Array[];
}

export interface Utxo {
  readonly amount: Sat;
  readonly scriptPubkey: Uint8Array;
  /** 0 where it is unconfirmed. */
  readonly confirmations: number;
}

export type BroadcastResult =
  | { readonly kind: 'accepted' }
  /** Already in the mempool or in a block. */
  | { readonly kind: 'known' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Satoshi per 1000 weight units, never below the relay minimum of 253. */
export interface FeeEstimates {
  /** What a mempool accepts today. */
  readonly minimum: number;
  /** Confirmation targets in blocks, ascending, with the estimate for each; empty: none known. */
  readonly targets: readonly { readonly blocks: number; readonly feeratePerKw: number }[];
}

/**
 * The block chain. Every call rejects with `ChainAway` where the source does not answer; nothing
 * else is thrown. The caller waits and asks again.
 */
export interface Chain {
  readonly network: NetworkName;
  tip(): Promise<ChainTip>;
  blockHash(height: BlockHeight): Promise<Uint8Array | undefined>;
  block(hash: Uint8Array): Promise<ChainBlock | undefined>;
  /**
   * The ids of a block's transactions in block order, 32 bytes each, one after another. Only a
   * source has it for which that is less than the block.
   */
  txids?(hash: Uint8Array): Promise<Uint8Array | undefined>;
  /** The unspent output (the mempool's spends count where `includeMempool`), or nothing. */
  utxo(txid: Uint8Array, vout: number, includeMempool?: boolean): Promise<Utxo | undefined>;
  /** The mempool's transaction that spends the output, if one does: of a source that can say. */
  spender?(txid: Uint8Array, vout: number): Promise<Uint8Array | undefined>;
  broadcast(tx: Uint8Array): Promise<BroadcastResult>;
  /** Child pays for parent where the source can; `undefined`: the source knows no packages. */
  broadcastPackage(txs: readonly Uint8Array[]): Promise<BroadcastResult | undefined>;
  feeEstimates(): Promise<FeeEstimates>;
  /** Calls under way, and later ones, reject with `ChainAway` where the source has not answered. */
  close(): Promise<void>;
}

export class ChainAway extends Error {}
