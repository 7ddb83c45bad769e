import type { Bytes, ChannelId, Msat, NodeId, Sat } from '../../core/bytes/index.js';
import type {
  ChannelError,
  ChannelView,
  CloseFeerates,
  ContextFees,
  HtlcFailure,
  HtlcOrigin,
  LiveState,
  RelayPolicy,
} from '../../core/channel/index.js';
import type { RelayLimits } from '../../core/payment/index.js';
import type { Message } from '../../core/wire/index.js';
import type { Clock, Entropy, Logger, Signer, Store, Write } from '../../ports/index.js';
import type { FinalHtlc } from './switch.js';

/** A peer as this service needs it. */
export interface ChannelPeer {
  readonly nodeId: NodeId;
  readonly features: Bytes;
}

export interface ChannelPeers {
  send(nodeId: NodeId, message: Message): boolean;
  /** The peer while both inits are exchanged. */
  connected(nodeId: NodeId): ChannelPeer | undefined;
  disconnect(nodeId: NodeId, reason: string): void;
  /** A channel ties us to this peer: reconnect to it when the connection is lost, also after a restart. */
  keep(nodeId: NodeId, reason: 'channel'): void;
  /** Nothing ties us to this peer any more. */
  release(nodeId: NodeId): void;
}

export interface ChannelChain {
  height(): number;
  /**
   * True where `height` is the present; else a promise of whether it comes to be in good time, with
   * nothing where the node stops before.
   */
  whenCurrent(): true | Promise<boolean | undefined>;
  fees(): ContextFees;
  /** Broadcasts now and again with every block until it is buried or refused for good. */
  broadcast(tx: Bytes, purpose: string): void;
}

/** A funding transaction that is signed and kept back. */
export interface FundingTransaction {
  readonly txid: Bytes;
  readonly vout: number;
  readonly tx: Bytes;
}

export type FundingError =
  | { readonly code: 'insufficient_funds'; readonly message: string }
  | { readonly code: 'bad_request'; readonly message: string };

export interface FundingRequest {
  readonly scriptPubkey: Bytes;
  readonly amount: Sat;
  readonly feeratePerKw: number | undefined;
  readonly minconf: number;
  /** `txid:vout` each, where the caller chose the coins. */
  readonly utxos: readonly string[] | undefined;
  /** Coins must be left that can pay for its commitment one day. */
  readonly anchors: boolean;
}

/** One transaction for several channels. */
export interface SharedFundingRequest extends Omit<FundingRequest, 'amount' | 'scriptPubkey'> {
  readonly outputs: readonly { readonly amount: Sat; readonly scriptPubkey: Bytes }[];
}

export interface ChannelWallet {
  /** Signs a transaction that pays `amount` to the script, and reserves its coins. */
  fund(
    request: FundingRequest,
  ): Promise<
    | { readonly ok: true; readonly value: FundingTransaction }
    | { readonly ok: false; readonly error: FundingError }
  >;
  /** As `fund`, for several outputs: the `vouts` are in their order. */
  fundMany(request: SharedFundingRequest): Promise<
    | {
        readonly ok: true;
        readonly value: Omit<FundingTransaction, 'vout'> & { readonly vouts: readonly number[] };
      }
    | { readonly ok: false; readonly error: FundingError }
  >;
  /** What a channel funded with everything would hold, `beside` others of these amounts. */
  spendableForChannel(
    request: Omit<FundingRequest, 'amount' | 'scriptPubkey'> & {
      readonly beside?: readonly Sat[];
    },
  ): Promise<
    | { readonly ok: true; readonly value: Sat }
    | { readonly ok: false; readonly error: FundingError }
  >;
  /** The channel is safe: broadcast it. Resolves once the chain's source has it, or refused it. */
  publish(txid: Bytes): Promise<void>;
  /** The channel came to nothing: the coins are free again. */
  abandon(txid: Bytes): void;
  /** A fresh script of ours, on disk before it is told. */
  closeScript(): Promise<Bytes>;
}

export interface ChannelGossip {
  /** Our own channel_announcement, complete. */
  announce(message: Message): void;
  /** Our own channel_update; private ones go to the peer alone. */
  update(message: Message, isPrivate: boolean): void;
}

type LocalOrigin = HtlcOrigin & { kind: 'local' };

/** Where the ends of our own payments are told. */
export interface HtlcEnds {
  receiveFinal(htlc: FinalHtlc): void;
  fulfilled(origin: LocalOrigin, preimage: Bytes): readonly Write[];
  failed(origin: LocalOrigin, failure: HtlcFailure): readonly Write[];
  settled(origin: LocalOrigin): void;
  /** Paid, though it may have been told as failed: rows where it was. */
  paidAfterAll(late: {
    readonly origin: LocalOrigin;
    readonly amountMsat: Msat;
    readonly preimage: Bytes;
  }): Promise<readonly Write[]>;
}

/** What follows a channel on the chain: BOLT 5's part. */
export interface ChannelEndings {
  /** A commitment of ours, or the close that both signed, was broadcast. */
  leaving(live: LiveState, tx: Bytes): void;
  /** The funding output was spent in a block. */
  closedOnChain(live: LiveState): void;
  /** An incoming HTLC of this channel, maybe on the chain, can be claimed. */
  preimage(channelId: ChannelId, preimage: Bytes): void;
}

export interface ChannelsOptions {
  readonly chainHash: Bytes;
  /** What we ask for relaying, until `setchannel` says otherwise. */
  readonly policy: Pick<
    RelayPolicy,
    'feeBaseMsat' | 'feeProportionalMillionths' | 'cltvExpiryDelta' | 'htlcMinimumMsat'
  >;
  readonly dustLimit: Sat;
  /** The smallest HTLC we take from a peer. */
  readonly htlcMinimumMsat: Msat;
  readonly relay: RelayLimits;
  /** Confirmations before a channel is used. */
  readonly minimumDepth: number;
  readonly maxAcceptedHtlcs: number;
  readonly toSelfDelay: number;
  /** The smallest channel we accept. */
  readonly minCapacity: Sat;
  readonly localFeatures: Bytes;
  /** The seed is older than the store, which may have been lost. */
  readonly seedIsOld?: boolean;
}

export interface ChannelsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly signer: Signer;
  readonly log: Logger;
  readonly peers: ChannelPeers;
  readonly chain: ChannelChain;
  readonly wallet: ChannelWallet;
  readonly gossip: ChannelGossip;
  readonly ends: HtlcEnds;
  readonly endings: ChannelEndings;
  /** Resolves once every channel there is could be recovered without the store. */
  backedUp(): Promise<void>;
  /** The disk failed: stop the node. */
  fatal(error: unknown): void;
}

export interface CloseOptions {
  /** Seconds after which the channel is closed alone; 0: never. */
  readonly unilateralTimeout: number;
  /** Where our part goes. */
  readonly scriptPubkey?: Bytes;
  readonly feerates?: CloseFeerates;
}

export interface FundParams {
  readonly peerId: NodeId;
  readonly amount: Sat | 'all';
  readonly pushMsat?: Msat;
  readonly announce?: boolean;
  readonly feeratePerKw?: number;
  readonly minconf?: number;
  readonly utxos?: readonly string[];
  readonly closeTo?: Bytes;
  readonly minimumDepth?: number;
  readonly reserve?: Sat;
  readonly anchors?: boolean;
  /** Of the first commitments; what the chain's source says unless given. */
  readonly commitmentFeeratePerKw?: number;
}

/** What the channels of one transaction have in common. */
export interface SharedFundParams {
  readonly feeratePerKw: number | undefined;
  readonly minconf: number;
  readonly utxos: readonly string[] | undefined;
  /** With fewer than these there is no transaction; at least 1. */
  readonly minChannels: number;
}

export interface SharedFundResult {
  readonly tx: Bytes;
  readonly txid: Bytes;
  readonly channels: readonly {
    readonly peerId: NodeId;
    readonly channelId: ChannelId;
    readonly vout: number;
    readonly channelType: Bytes;
  }[];
  readonly failed: readonly SharedFailure[];
}

/** A peer with whom there is no channel: it did not accept, or it did not sign. */
export interface SharedFailure {
  readonly peerId: NodeId;
  readonly stage: 'start' | 'complete';
  readonly error: FundError;
}

export interface SharedFundError {
  readonly error: FundError;
  readonly failed: readonly SharedFailure[];
}

export interface FundResult {
  readonly channelId: ChannelId;
  readonly tx: Bytes;
  readonly txid: Bytes;
  readonly vout: number;
  readonly channelType: Bytes;
}

export type FundError =
  | { readonly code: 'peer_not_connected' }
  | { readonly code: 'peer_refused'; readonly message: string }
  | { readonly code: 'aborted'; readonly message: string }
  | FundingError;

export interface CloseResult {
  readonly type: 'mutual' | 'unilateral' | 'unopened';
  readonly tx?: Bytes;
  readonly txid?: Bytes;
}

export type CloseError =
  | { readonly code: 'unknown_channel' }
  | { readonly code: 'refused'; readonly error: ChannelError };

/** A channel as people and other services see it. */
export interface LiveChannel extends ChannelView {
  readonly peerConnected: boolean;
  /** What the peer asks for relaying to us, as its last channel_update told. */
  readonly peerPolicy?: PeerPolicy;
}

/** A channel that is over, as it ended. */
export interface ClosedChannel extends ChannelView {
  /** Commitments that each side had, the first of them counted. */
  readonly localCommitments: bigint;
  readonly remoteCommitments: bigint;
  readonly htlcsSent: bigint;
  /** What spent the funding output, and what it paid for that. */
  readonly lastTxid?: Bytes;
  readonly lastFee?: Sat;
  readonly cause: 'unknown' | 'user' | 'remote' | 'protocol' | 'onchain';
}

export interface PeerPolicy {
  readonly feeBaseMsat: number;
  readonly feeProportionalMillionths: number;
  readonly cltvExpiryDelta: number;
  readonly htlcMinimumMsat: Msat;
  readonly htlcMaximumMsat: Msat;
}
