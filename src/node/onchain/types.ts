import type { Transaction, TxOutput } from '../../core/bitcoin/index.js';
import type { Bytes, ChannelId } from '../../core/bytes/index.js';
import type { FeeInput, FundClaim, OnchainEffect, OnchainFees } from '../../core/onchain/index.js';
import type { BroadcastResult, Logger, Signer, Store, Write } from '../../ports/index.js';

/** The end of an HTLC that the chain decided. */
export type ChainEnd = OnchainEffect & { readonly kind: 'htlcFulfilled' | 'htlcFailed' };

/** Coins that pay the fee of a claim. */
export interface ClaimCoins {
  readonly inputs: readonly FeeInput[];
  readonly change?: TxOutput;
  /** What they pay: less than asked for where the request allows it. */
  readonly feeratePerKw: number;
}

/** The wallet as claims see it. */
export interface ClaimWallet {
  /** Reads which coins are whose; the wallet has started. */
  start(): Promise<void>;
  /** Chooses coins and reserves them under the claim's name; nothing where there are none. */
  fundClaim(claim: string, request: FundClaim): Promise<ClaimCoins | undefined>;
  /**
   * After a start: what these claims of an ending hold goes on to be theirs, and with it what their
   * newest versions spend. What other claims of it held is free: a crash came before that was told.
   */
  resume(
    owner: string,
    claims: readonly { readonly name: string; readonly tx: Transaction | undefined }[],
  ): void;
  /** Whether another transaction than these (txids in hex) took one of the coins, or it was unmade. */
  areGone(
    coins: readonly { readonly txid: Bytes; readonly vout: number }[],
    versions: readonly string[],
  ): boolean;
  releaseClaim(claim: string): void;
  /** The script itself where it is the wallet's, else a fresh one that is. */
  sweepScript(wanted: Bytes): Promise<Bytes>;
}

export interface EndingsDeps {
  readonly store: Store;
  readonly signer: Signer;
  readonly log: Logger;
  readonly wallet: ClaimWallet;
  height(): number;
  fees(): OnchainFees;
  broadcast(tx: Bytes): Promise<BroadcastResult>;
  /** The mempool's transaction that spends the output, as far as the source can say. */
  spender(txid: Bytes, vout: number): Promise<Bytes | undefined>;
  /** `undefined` where the source knows no packages. */
  broadcastPackage(txs: readonly Bytes[]): Promise<BroadcastResult | undefined>;
  /** Rows that must be as durable as what the chain showed. */
  writesOf(end: ChainEnd): Promise<readonly Write[]>;
  /** Those rows are durable: pass the end on. */
  ended(end: ChainEnd): void;
  /** Everything is claimed and buried. */
  resolved(channelId: ChannelId): void;
  fatal(error: unknown): void;
}

export interface EndingBlock {
  readonly height: number;
  readonly txs: readonly { readonly tx: Transaction; readonly raw: Bytes }[];
  /** Blocks are known that follow it: what is claimed is decided at the last of them. */
  readonly more?: true;
}
