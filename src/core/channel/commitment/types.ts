/**
 * What a commitment transaction is made from. BOLT 3 tells it from the view of its owner; here
 * `local` is always this node and `remote` the peer, and the owner is named with every call.
 */
import type { BlockHeight, Bytes, Msat, Sat } from '../../bytes/index.js';
import type { ChannelPoints } from '../../crypto/index.js';

/** BOLT 9: option_static_remotekey alone, or option_anchors (zero-fee HTLC transactions). */
export type CommitmentFormat = 'staticRemotekey' | 'anchors';

export type Side = 'local' | 'remote';

/** What one side brought to the channel when it was opened. */
export interface ChannelSide {
  readonly points: ChannelPoints;
  /** `dust_limit_satoshis` this side set for its own commitment. */
  readonly dustLimit: Sat;
  /** `to_self_delay` this side asks of the other: it delays the outputs of the other's commitment. */
  readonly toSelfDelay: number;
}

/** What never changes in the life of a channel; keep one object a channel (results are cached by it). */
export interface CommitmentChannel {
  readonly format: CommitmentFormat;
  /** Internal byte order. */
  readonly fundingTxid: Bytes;
  readonly fundingVout: number;
  readonly fundingAmount: Sat;
  /** Who sent open_channel: pays the fees, and stands first in the obscuring factor. */
  readonly opener: Side;
  readonly local: ChannelSide;
  readonly remote: ChannelSide;
}

export interface CommitmentHtlc {
  /** Unique together with `offeredBy`. */
  readonly id: bigint;
  readonly offeredBy: Side;
  readonly amountMsat: Msat;
  readonly paymentHash: Bytes;
  readonly cltvExpiry: BlockHeight;
}

/** One side's commitment transaction, in plain figures. */
export interface CommitmentSpec {
  /** Counts up from 0. */
  readonly commitmentNumber: bigint;
  readonly feeratePerKw: number;
  /** Balances without the amounts of the HTLCs, and before the fee and anchors are taken off. */
  readonly localMsat: Msat;
  readonly remoteMsat: Msat;
  readonly htlcs: readonly CommitmentHtlc[];
}
