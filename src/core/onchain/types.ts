/** The border of the on-chain machine: what goes in, what comes out, what it keeps. */
import type { Transaction, TxOutput } from '../bitcoin/index.js';
import type { BlockHeight, Bytes, Msat, Sat } from '../bytes/index.js';
import type { CommitmentChannel, CommitmentSpec, RevokedRow } from '../channel/commitment/index.js';
import type { HtlcFailed, HtlcFulfilled, HtlcOrigin } from '../channel/index.js';
import type { KeyRef, ShachainStore, Signer } from '../crypto/index.js';

/** An HTLC we offered that is not wholly removed: it needs an outcome. */
export interface OutgoingHtlc {
  readonly id: bigint;
  readonly amountMsat: Msat;
  readonly paymentHash: Bytes;
  readonly cltvExpiry: BlockHeight;
  readonly origin: HtlcOrigin;
}

/** One of the peer's commitments that is not revoked. */
export interface RemoteState {
  readonly spec: CommitmentSpec;
  /** Its per-commitment point. */
  readonly point: Bytes;
}

/** What is known of the channel at its end. It never changes again; keep one object a channel. */
export interface OnchainChannel {
  /** The number that names the channel's keys to the signer. */
  readonly key: number;
  readonly commitment: CommitmentChannel;
  /** Where what we claim is sent: a script of the wallet. */
  readonly sweepScript: Bytes;
  readonly local: {
    readonly spec: CommitmentSpec;
    readonly signature: Bytes;
    readonly htlcSignatures: readonly Bytes[];
  };
  readonly remote: RemoteState;
  /** Signed by us, while the revocation of `remote` was awaited. */
  readonly remoteNext?: RemoteState;
  readonly remoteSecrets: ShachainStore;
  /** Our state of it was lost: whatever ends it is newer than what is known here. */
  readonly lost?: true;
  readonly outgoing: readonly OutgoingHtlc[];
  /** Of payments in either direction, as far as they were known at the end. */
  readonly preimages: readonly Bytes[];
}

/** A transaction of the chain that spends an output we follow. */
export interface ChainSpend {
  readonly tx: Transaction;
  readonly height: BlockHeight;
}

export type OnchainInput =
  /**
   * A transaction spends the funding output or another one that `watch` named; without `height` it
   * is only in the mempool (or was broadcast by us).
   */
  | { readonly kind: 'spent'; readonly tx: Bytes; readonly height?: BlockHeight }
  /** The rows of revoked states that `revokedRows` asked for; give them before `spent`. */
  | { readonly kind: 'revoked'; readonly rows: readonly RevokedRow[] }
  /**
   * A new tip, after all that its block spends. `more`: others are known that follow it (after a
   * start, or a reorg): what is claimed, and at what fee, is decided at the last of them.
   */
  | { readonly kind: 'block'; readonly height: BlockHeight; readonly more?: true }
  /** A reorg took back the blocks from this height on. */
  | { readonly kind: 'disconnected'; readonly height: BlockHeight }
  /** A preimage became known: it claims an incoming HTLC. */
  | { readonly kind: 'preimage'; readonly preimage: Bytes }
  /** The wallet's coins for a `fundClaim`, reserved for that claim. */
  | {
      readonly kind: 'claimFunded';
      readonly claim: string;
      /** As `fundClaim` asked, or as far as the coins went. */
      readonly feeratePerKw: number;
      readonly inputs: readonly FeeInput[];
      readonly change?: TxOutput;
    }
  /** Coins of the newest version of a claim are spent by another transaction, or were unmade. */
  | { readonly kind: 'coinsGone'; readonly claim: string }
  /**
   * First input after a start from disk: watches and broadcasts again. Give `block` with the present
   * height as soon as today's fees are known: until then nothing is claimed anew or made dearer.
   */
  | { readonly kind: 'restored' };

/** A coin of the wallet that pays fees. */
export interface FeeInput {
  readonly txid: Bytes;
  readonly vout: number;
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
  readonly ref: Extract<KeyRef, { readonly kind: 'wallet' }>;
}

export type OnchainEffect =
  /** The new state must be durable before any later effect of this step is carried out. */
  | { readonly kind: 'persist' }
  /** Tell `spent` when this output is spent, be it by a transaction of the same block. */
  | {
      readonly kind: 'watch';
      readonly txid: Bytes;
      readonly vout: number;
      readonly scriptPubkey: Bytes;
    }
  /** Broadcast once; the machine says it again as long as it is wanted. `parent`: as a package. */
  | {
      readonly kind: 'broadcast';
      readonly tx: Bytes;
      readonly purpose: string;
      readonly parent?: Bytes;
    }
  /** Add coins that pay the fee; answer with `claimFunded`, or not at all where there are none. */
  | FundClaim
  /** The wallet may use the coins reserved for this claim again. */
  | { readonly kind: 'releaseClaim'; readonly claim: string }
  /** The peer took an outgoing HTLC with its preimage. */
  | HtlcFulfilled
  /** An outgoing HTLC came back to us, at a depth from which no reorg is to be expected. */
  | HtlcFailed<{ readonly kind: 'onchain' }>
  /** What the close was found to be; again where a reorg changes it. */
  | { readonly kind: 'classified'; readonly ending: EndingKind; readonly txid: Bytes }
  /** All is claimed and buried: the channel may be archived. Emitted once. */
  | { readonly kind: 'resolved' }
  | {
      readonly kind: 'note';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly text: string;
    };

/** A transaction of ours that wants coins of the wallet to pay its fee. */
export interface FundClaim {
  readonly kind: 'fundClaim';
  readonly claim: string;
  readonly purpose: string;
  /** Weight of the transaction as it stands, with the witnesses it will have. */
  readonly weight: number;
  /** Of its inputs less its outputs: what it pays already. */
  readonly paid: Sat;
  readonly feeratePerKw: number;
  /** Better than nothing, where coins do not do for that; absent: nothing is better. */
  readonly leastFeeratePerKw?: number;
  /** On top of the transaction's own fee: what an unconfirmed parent lacks. */
  readonly extraFee: Sat;
  /** More is not worth it. */
  readonly maxFee: Sat;
  /** Whether the transaction has no output of its own, so that one (change) is needed. */
  readonly needsChange: boolean;
  /** The version that it is to take the place of in mempools. */
  readonly replaces?: { readonly fee: Sat; readonly weight: number };
}

export type EndingKind =
  | 'mutual'
  | 'local'
  | 'remote'
  | 'remoteNext'
  | 'revoked'
  /** A commitment of the peer newer than any we know: we lost data, or a backup holds no more. */
  | 'future'
  /** A commitment of ours that is not the one we know: revoked, or of a state that was lost. */
  | 'ownRevoked'
  | 'unknown';

/** A transaction of ours that claims outputs. */
export interface Claim {
  /** Unique in the channel. */
  readonly id: string;
  readonly purpose: string;
  /** The outputs it spends, by `outputKey`. */
  readonly outputs: readonly string[];
  /** The height by which it must be confirmed; absent where nothing presses. */
  readonly deadline?: BlockHeight;
  readonly feeratePerKw: number;
  /** What the newest version pays; absent where there is none, or none that is ever replaced. */
  readonly fee?: Sat;
  /** The newest version; absent while the wallet is asked for coins. */
  readonly tx?: Transaction;
  /** Txids (hex) of all versions broadcast. */
  readonly versions: readonly string[];
  /** The height at which this version was made. */
  readonly madeAt: BlockHeight;
}

export interface OnchainState {
  readonly channel: OnchainChannel;
  readonly height: BlockHeight;
  /** Confirmed spends of followed outputs, in the order of the chain. */
  readonly spends: readonly ChainSpend[];
  /** A spend of the funding output that is in no block yet. */
  readonly unconfirmed?: Transaction;
  readonly revokedRows: readonly RevokedRow[];
  /** Learned since the end, from the chain or from other channels. */
  readonly preimages: readonly Bytes[];
  readonly claims: readonly Claim[];
  /** Outcomes of outgoing HTLCs that were told. */
  readonly told: ReadonlyMap<bigint, 'fulfilled' | 'failed'>;
  /** Outputs that `watch` named, by `outputKey`. */
  readonly watched: ReadonlySet<string>;
  readonly nextClaim: number;
  /** The txid of the close that `classified` told last. */
  readonly classified?: Bytes;
  readonly resolved: boolean;
}

/** Satoshi per 1000 weight units. */
export interface OnchainFees {
  /** By confirmation target in blocks, ascending; never empty. */
  readonly targets: readonly { readonly blocks: number; readonly feeratePerKw: number }[];
  /** What a mempool accepts today. */
  readonly minimum: number;
}

/** Frozen for the length of a step. */
export interface OnchainContext {
  readonly fees: OnchainFees;
  readonly signer: Signer;
}

export interface OnchainStep {
  readonly state: OnchainState;
  readonly effects: readonly OnchainEffect[];
}

/** The depth at which an outgoing HTLC is failed upstream. */
export const SAFE_DEPTH = 3;
/** BOLT 5: the depth at which a resolution is irrevocable. */
export const IRREVOCABLE_DEPTH = 100;
/** BOLT 5, "Revoked Transaction Close Handling": from here on each output is claimed by itself. */
export const SECURITY_DELAY = 18;
