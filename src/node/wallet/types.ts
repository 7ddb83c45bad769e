import type { Transaction } from '../../core/bitcoin/index.js';
import type { BlockHeight, Bytes, Sat } from '../../core/bytes/index.js';
import type {
  BroadcastResult,
  Clock,
  Entropy,
  Logger,
  NetworkName,
  Signer,
  Store,
  Utxo,
} from '../../ports/index.js';
import type { BlockListener, DisconnectListener } from '../chain/index.js';

export type AddressType = 'p2wpkh' | 'p2tr';

/** An output of ours, on chain or in a transaction of ours that waits. */
export interface WalletOutput {
  /** Internal byte order. */
  readonly txid: Bytes;
  readonly vout: number;
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
  readonly type: AddressType;
  /** The key: BIP 84 or 86, of the change chain or the one for receiving. */
  readonly change: boolean;
  readonly keyIndex: number;
  readonly address: string;
  /** Left out while it is unconfirmed. */
  readonly confirmedHeight?: BlockHeight;
  readonly spentHeight?: BlockHeight;
  /** The transaction of ours, maybe unconfirmed, or the confirmed one of whomever, that spends it. */
  readonly spentBy?: Bytes;
  /** Reserved through the block before this height. */
  readonly reservedToBlock?: BlockHeight;
  readonly coinbase: boolean;
}

/** A transaction that pays or spends outputs of ours. */
export interface WalletTransaction {
  /** Internal byte order. */
  readonly txid: Bytes;
  readonly tx: Transaction;
  readonly raw: Bytes;
  /** Left out while it is unconfirmed. */
  readonly height?: BlockHeight;
  readonly txIndex?: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Payee {
  /** `all`: whatever is left after the other payees and the fee. At most one. */
  readonly amount: Sat | 'all';
  readonly scriptPubkey: Bytes;
}

export interface FundOptions {
  /** Satoshi per 1000 weight units; the follower's estimate for 6 blocks by default. */
  readonly feeratePerKw?: number;
  /** Confirmations an output must have; 1 by default. 0 allows unconfirmed outputs of ours. */
  readonly minconf?: number;
  /** Spend exactly these. */
  readonly utxos?: readonly { readonly txid: Bytes; readonly vout: number }[];
  /** Blocks the inputs stay reserved; 72 by default. */
  readonly reserveBlocks?: number;
  /** Take coins of `utxos` that are reserved. */
  readonly reservedOk?: boolean;
  readonly locktime?: number;
  /** Leave the emergency reserve untouched though no channel with anchors is open yet. */
  readonly keepReserve?: boolean;
}

/** A signed transaction that is on disk and not broadcast; its inputs are reserved. */
export interface FundedTransaction {
  /** Internal byte order. */
  readonly txid: Bytes;
  readonly tx: Transaction;
  /** Serialized with its witnesses. */
  readonly raw: Bytes;
  readonly fee: Sat;
  readonly feeratePerKw: number;
  /** For each payee its output's index and amount. */
  readonly payees: readonly { readonly vout: number; readonly amount: Sat }[];
  readonly changeVout?: number;
  readonly inputs: readonly WalletOutput[];
}

export type WalletError =
  | { readonly code: 'insufficient_funds'; readonly needed: Sat; readonly available: Sat }
  /** It would suffice, but for what is kept back to bump fees of channels. */
  | { readonly code: 'emergency_reserve'; readonly reserve: Sat; readonly available: Sat }
  | { readonly code: 'unknown_utxo'; readonly outpoint: string }
  | { readonly code: 'utxo_spent'; readonly outpoint: string }
  | { readonly code: 'utxo_reserved'; readonly outpoint: string; readonly toBlock: BlockHeight }
  | { readonly code: 'utxo_immature'; readonly outpoint: string }
  | { readonly code: 'dust_output'; readonly minimum: Sat; readonly actual: Sat }
  | { readonly code: 'no_payees' }
  | { readonly code: 'feerate_out_of_range'; readonly minimum: number; readonly maximum: number }
  | { readonly code: 'unknown_transaction' }
  | { readonly code: 'broadcast_refused'; readonly reason: string }
  | { readonly code: 'chain_away'; readonly reason: string };

export interface WalletOptions {
  readonly network: NetworkName;
  /** Unused addresses ahead of the last used one that are watched, in every chain of keys. */
  readonly gapLimit?: number;
  /** Kept back for fee bumps while channels with anchors are open. */
  readonly minEmergency?: Sat;
}

export interface WalletDeps {
  readonly store: Store;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Logger;
  /** Of the `Chain` port. */
  readonly chain: {
    broadcast(tx: Bytes): Promise<BroadcastResult>;
    broadcastPackage(txs: readonly Bytes[]): Promise<BroadcastResult | undefined>;
    utxo(txid: Bytes, vout: number, includeMempool?: boolean): Promise<Utxo | undefined>;
  };
  readonly follower: {
    readonly height: BlockHeight;
    readonly tipHeight: BlockHeight;
    feerateFor(blocks: number): number;
    onBlock(fn: BlockListener): () => void;
    onDisconnect(fn: DisconnectListener): () => void;
  };
  /** Whether a channel with anchors is open, for which the emergency reserve is kept. */
  readonly needsReserve?: () => boolean;
}
