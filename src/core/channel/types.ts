/**
 * The border of the channel machine: what goes in, what comes out.
 * `step(state, input, context)` is synchronous and total; see ARCHITECTURE.md, "How it moves".
 */
import type { BlockHeight, Bytes, ChannelId, Msat, Sat, ShortChannelId } from '../bytes/index.js';
import type { Signer } from '../crypto/signer.js';
import type { Message } from '../wire/index.js';
import type { HtlcOrigin } from './htlc.js';
import type { ChannelState, CloseFeerates, RelayPolicy } from './state.js';

/** How an outgoing HTLC failed. */
export type HtlcFailure =
  /** update_fail_htlc: an onion error for the origin to read or to wrap and pass on. */
  | { readonly kind: 'encrypted'; readonly reason: Bytes }
  /** update_fail_malformed_htlc: the next node could not read our onion. */
  | { readonly kind: 'malformed'; readonly failureCode: number; readonly sha256OfOnion: Bytes }
  /** The channel ended on chain and the HTLC went back to us. */
  | { readonly kind: 'onchain' }
  /** Undone by a disconnection or a restart before any commitment had it: nothing is at stake. */
  | { readonly kind: 'uncommitted' };

/** An outgoing HTLC's preimage is known: pass it on at once. */
export interface HtlcFulfilled {
  readonly kind: 'htlcFulfilled';
  readonly htlcId: bigint;
  readonly origin: HtlcOrigin;
  readonly amountMsat: Msat;
  readonly preimage: Bytes;
}

/** An outgoing HTLC has ended without a preimage, for good. */
export interface HtlcFailed<F extends HtlcFailure = HtlcFailure> {
  readonly kind: 'htlcFailed';
  readonly htlcId: bigint;
  readonly origin: HtlcOrigin;
  readonly paymentHash: Bytes;
  readonly amountMsat: Msat;
  readonly failure: F;
}

export interface ReceivedHtlc {
  readonly id: bigint;
  readonly amountMsat: Msat;
  readonly paymentHash: Bytes;
  readonly cltvExpiry: BlockHeight;
  readonly onion: Bytes;
  /** BOLT 4, route blinding: the `path_key` of update_add_htlc. */
  readonly pathKey?: Bytes;
  /**
   * BOLT 2, max_dust_htlc_exposure_msat: the channel bears no more dust. Fail it (as
   * temporary_channel_failure), whatever its onion says, and give no preimage for it.
   */
  readonly dustExposed?: true;
  /**
   * The funding transaction, which the peer made, is in no block any more: the peer may spend its
   * coins otherwise, so that nothing that comes by this channel is ours for sure. Fail it likewise.
   */
  readonly unfunded?: true;
}

/** What the node asks of a channel. `ref` comes back in the `reply` effect. */
export type ChannelCommand =
  | {
      readonly kind: 'addHtlc';
      readonly ref: number;
      readonly amountMsat: Msat;
      readonly paymentHash: Bytes;
      readonly cltvExpiry: BlockHeight;
      readonly onion: Bytes;
      readonly origin: HtlcOrigin;
      /** BOLT 4, route blinding: the `path_key` for the next node. */
      readonly pathKey?: Bytes;
    }
  | { readonly kind: 'fulfillHtlc'; readonly htlcId: bigint; readonly preimage: Bytes }
  | { readonly kind: 'failHtlc'; readonly htlcId: bigint; readonly reason: Bytes }
  | {
      readonly kind: 'failMalformedHtlc';
      readonly htlcId: bigint;
      readonly sha256OfOnion: Bytes;
      readonly failureCode: number;
    }
  /** The funder changes the commitment's feerate. */
  | { readonly kind: 'updateFee'; readonly feeratePerKw: number }
  /** Signs what is proposed, if anything is and no commitment_signed waits for its answer. */
  | { readonly kind: 'sign' }
  /** The funding transaction of a channel we open is made (not broadcast): the answer to `fund`. */
  | {
      readonly kind: 'funded';
      readonly fundingTxid: Bytes;
      readonly fundingVout: number;
    }
  | { readonly kind: 'abandonOpening'; readonly reason: string }
  | {
      readonly kind: 'shutdown';
      readonly ref: number;
      readonly scriptPubkey?: Bytes;
      readonly feerates?: CloseFeerates;
    }
  | { readonly kind: 'forceClose'; readonly ref: number; readonly reason: string }
  | { readonly kind: 'setPolicy'; readonly ref: number; readonly policy: Partial<RelayPolicy> };

export type ChannelInput =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'command'; readonly command: ChannelCommand }
  /** The peer is connected and both inits are exchanged: send channel_reestablish. */
  | { readonly kind: 'connected'; readonly remoteFeatures: Bytes }
  | { readonly kind: 'disconnected' }
  /** What `owedByPeer` said `SILENCE_MS` ago has not come: it is told again here. */
  | { readonly kind: 'peerSilent'; readonly owed: string }
  /** A new tip, after the confirmations below it were told. */
  | { readonly kind: 'block'; readonly height: BlockHeight }
  /** The funding transaction is in a block (again after a reorg, maybe elsewhere). */
  | {
      readonly kind: 'fundingConfirmed';
      readonly height: BlockHeight;
      readonly txIndex: number;
      /** The transaction as it stands in the block: its output is checked before it is relied on. */
      readonly tx: Bytes;
    }
  /** A reorg took the funding transaction out of its block. */
  | { readonly kind: 'fundingUnconfirmed' }
  /** The funding output was spent by this transaction (in the mempool where `height` is left out). */
  | { readonly kind: 'fundingSpent'; readonly tx: Bytes; readonly height?: BlockHeight }
  /** A reorg took the spend of the funding output out of its block. */
  | { readonly kind: 'fundingUnspent' }
  /** First input after a start from disk: emits what was due and may be lost (htlcReceived, broadcasts). */
  | { readonly kind: 'restored' };

export type ChannelEffect =
  /** The new state must be durable before any later effect of this step is carried out. */
  | { readonly kind: 'persist' }
  /** With `persist`: `revokedData` of commitment/revoked.ts, what a penalty needs. */
  | { readonly kind: 'storeRevoked'; readonly commitmentNumber: bigint; readonly data: Bytes }
  | { readonly kind: 'send'; readonly message: Message }
  | { readonly kind: 'broadcast'; readonly tx: Bytes; readonly purpose: string }
  /** Watch for the funding transaction's confirmation and for the spend of its output. */
  | {
      readonly kind: 'watchFunding';
      readonly txid: Bytes;
      readonly vout: number;
      readonly scriptPubkey: Bytes;
    }
  /** We open: make the funding transaction for this output, then command `funded`. */
  | { readonly kind: 'fund'; readonly amount: Sat; readonly scriptPubkey: Bytes }
  /** funding_signed is verified and on disk: the funding transaction may be broadcast. */
  | { readonly kind: 'broadcastFunding'; readonly txid: Bytes }
  | { readonly kind: 'reply'; readonly ref: number; readonly result: CommandResult }
  /** An incoming HTLC is irrevocably committed: decide what becomes of it. Emitted again by `restored`. */
  | { readonly kind: 'htlcReceived'; readonly htlc: ReceivedHtlc }
  /** An incoming HTLC is irrevocably removed, as we asked: nobody needs to be told again. */
  | { readonly kind: 'htlcRemoved'; readonly htlcId: bigint }
  | HtlcFulfilled
  | HtlcFailed
  /** The temporary channel id became the real one. */
  | { readonly kind: 'channelIdAssigned'; readonly channelId: ChannelId }
  | { readonly kind: 'stateChanged'; readonly from: ChannelStatus; readonly to: ChannelStatus }
  /** Both halves of announcement_signatures are here: the raw channel_announcement for gossip. */
  | { readonly kind: 'announce'; readonly message: Message }
  /** A channel_update of ours, new or changed; `private`: only the peer gets it. */
  | { readonly kind: 'channelUpdate'; readonly message: Message; readonly private: boolean }
  /**
   * A commitment or other close spent the funding output: the onchain machine takes over. After a
   * start also where a reorg took it out of its block.
   */
  | { readonly kind: 'closedOnChain'; readonly tx: Bytes }
  /** The peer broke the rules, or we cannot go on: `error` was sent; disconnect after it. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'disconnect'; readonly reason: string }
  /** Nothing is left to do: the channel may be archived. */
  | { readonly kind: 'forget'; readonly reason: string }
  /** For the log. */
  | {
      readonly kind: 'note';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly text: string;
    };

export type CommandResult =
  | { readonly ok: true; readonly htlcId?: bigint; readonly txid?: Bytes }
  | { readonly ok: false; readonly error: ChannelError };

/** Why a channel refused a command. Only `rpc` and the relay turn it into numbers. */
export type ChannelError =
  | { readonly code: 'channel_not_ready' }
  | { readonly code: 'peer_offline' }
  | { readonly code: 'below_htlc_minimum'; readonly minimum: Msat; readonly actual: Msat }
  | { readonly code: 'above_max_in_flight'; readonly maximum: Msat; readonly actual: Msat }
  | { readonly code: 'too_many_htlcs'; readonly maximum: number }
  | { readonly code: 'insufficient_balance'; readonly available: Msat; readonly actual: Msat }
  | { readonly code: 'fee_not_affordable'; readonly missing: Sat }
  | { readonly code: 'dust_exposure'; readonly maximum: Msat; readonly actual: Msat }
  | {
      readonly code: 'expiry_out_of_range';
      readonly minimum: BlockHeight;
      readonly maximum: BlockHeight;
      readonly actual: BlockHeight;
    }
  | { readonly code: 'shutting_down' }
  | { readonly code: 'bad_script' }
  | { readonly code: 'unknown_htlc'; readonly htlcId: bigint };

/** The states as Core Lightning reports them. */
export type ChannelStatus =
  | 'OPENINGD'
  | 'CHANNELD_AWAITING_LOCKIN'
  | 'CHANNELD_NORMAL'
  | 'CHANNELD_SHUTTING_DOWN'
  | 'CLOSINGD_SIGEXCHANGE'
  | 'CLOSINGD_COMPLETE'
  | 'AWAITING_UNILATERAL'
  | 'FUNDING_SPEND_SEEN'
  | 'ONCHAIN'
  | 'CLOSED';

/** Frozen for the length of a step. */
export interface StepContext {
  readonly height: BlockHeight;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly fees: ContextFees;
  readonly signer: Signer;
  readonly entropy: (count: number) => Bytes;
  readonly chainHash: Bytes;
}

/** Satoshi per 1000 weight units. */
export interface ContextFees {
  /** For a commitment of an anchor channel: what a mempool accepts, with room. */
  readonly anchorCommitment: number;
  /** For a commitment that must confirm by itself. */
  readonly commitment: number;
  readonly mutualClose: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** What a step answers. */
export interface Step {
  readonly state: ChannelState;
  readonly effects: readonly ChannelEffect[];
}

export interface ChannelScids {
  readonly real?: ShortChannelId;
  readonly localAlias: ShortChannelId;
  readonly remoteAlias?: ShortChannelId;
}
