/** What a channel is, as plain immutable data. Only `live` and `closed` are ever stored. */
import type { BlockHeight, Bytes, Msat, Sat, ShortChannelId } from '../bytes/index.js';
import type { ShachainStore } from '../crypto/index.js';
import type { ChannelSide, CommitmentChannel, Side } from './commitment/index.js';
import type { Htlc, HtlcState } from './htlc.js';

/** What we ask for relaying over a channel, announced in channel_update. */
export interface RelayPolicy {
  readonly feeBaseMsat: number;
  readonly feeProportionalMillionths: number;
  readonly cltvExpiryDelta: number;
  readonly htlcMinimumMsat: Msat;
  readonly htlcMaximumMsat: Msat;
  readonly enabled: boolean;
}

/** BOLT 2, "Defined Channel Types"; option_static_remotekey is in all of them. */
export interface ChannelType {
  readonly anchors: boolean;
  readonly scidAlias: boolean;
  readonly zeroconf: boolean;
}

/** What one side said of itself, and asks of the other, in open_channel or accept_channel. */
export interface SideParams extends ChannelSide {
  readonly maxHtlcValueInFlight: Msat;
  /** `channel_reserve_satoshis` in this side's message: what the *other* side must keep. */
  readonly channelReserve: Sat;
  readonly htlcMinimum: Msat;
  readonly maxAcceptedHtlcs: number;
  /** Set where this side bound itself in advance to one script to be paid to. */
  readonly upfrontShutdownScript?: Bytes;
}

/** Margins of our own that the protocol leaves to us; kept with the channel. */
export interface ChannelLimits {
  /** BOLT 2, max_dust_htlc_exposure_msat. */
  readonly maxDustHtlcExposure: Msat;
  /** Blocks after its expiry at which an HTLC we offered takes the channel to the chain. */
  readonly timeoutGrace: number;
  /** Blocks before its expiry at which an HTLC whose preimage we gave does. */
  readonly fulfillDeadline: number;
}

/** BOLT 2, cltv_expiry_delta selection: G = 2, and 2R + G + S = 18. */
export const DEFAULT_LIMITS: ChannelLimits = {
  maxDustHtlcExposure: 50_000_000n as Msat,
  timeoutGrace: 2,
  fulfillDeadline: 18,
};

/**
 * The same where a relay asks for fewer blocks than the 34 of BOLT 2 (3R + 2G + 2S): what it has to
 * settle an HTLC (2R + G + S) is half of them, and one.
 */
export const limitsFor = (cltvExpiryDelta: number): ChannelLimits => ({
  ...DEFAULT_LIMITS,
  fulfillDeadline: Math.min(DEFAULT_LIMITS.fulfillDeadline, 1 + Math.floor(cltvExpiryDelta / 2)),
});

/** What we bear with in a peer's terms. */
export interface TermBounds {
  readonly maxToSelfDelay: number;
  /** What is below it in the peer's commitment is lost to us: balance and HTLCs. */
  readonly maxDustLimit: Sat;
  readonly maxHtlcMinimum: Msat;
  readonly minHtlcValueInFlight: Msat;
  readonly minAcceptedHtlcs: number;
  /** Of the funding amount, in percent. */
  readonly maxReservePercent: number;
  readonly maxMinimumDepth: number;
}

export const DEFAULT_BOUNDS: TermBounds = {
  maxToSelfDelay: 2016,
  maxDustLimit: 1_062n as Sat,
  maxHtlcMinimum: 10_000_000n as Msat,
  minHtlcValueInFlight: 1_000_000n as Msat,
  minAcceptedHtlcs: 1,
  maxReservePercent: 20,
  maxMinimumDepth: 2016,
};

/** What is fixed once the funding outpoint is known. One object for the life of the channel. */
export interface ChannelParams extends CommitmentChannel {
  /** The number that names the channel's keys to the signer. */
  readonly key: number;
  /** The peer's node id, 33 bytes. */
  readonly peerId: Bytes;
  readonly type: ChannelType;
  readonly announce: boolean;
  readonly pushMsat: Msat;
  readonly local: SideParams;
  readonly remote: SideParams;
  /** Confirmations until channel_ready is sent. */
  readonly minimumDepth: number;
  readonly limits: ChannelLimits;
  /** Where our money goes at a mutual close, unless the command says otherwise. */
  readonly shutdownScript: Bytes;
  /** The alias by which the peer names this channel to us. */
  readonly localAlias: ShortChannelId;
  /** The height at which the channel was agreed on. */
  readonly openedAt: BlockHeight;
}

/** A feerate on its way into both commitments, like an HTLC in its first half. */
export interface FeeUpdate {
  readonly feeratePerKw: number;
  readonly state: HtlcState;
}

/** The peer's commitments, as far as we signed them. */
export interface RemoteCommitment {
  /** The number of the latest one that is not revoked. */
  readonly number: bigint;
  /** Its per-commitment point. */
  readonly point: Bytes;
  /** The point of the one after it; absent until channel_ready. */
  readonly nextPoint?: Bytes;
  /** Whether we signed the one after it and wait for revoke_and_ack. */
  readonly awaitingRevocation: boolean;
}

/** Our latest commitment: the one that we may broadcast. */
export interface LocalCommitment {
  readonly number: bigint;
  /** The peer's signature of it. */
  readonly signature: Bytes;
  /** Theirs of its HTLC transactions, in the order of its outputs. */
  readonly htlcSignatures: readonly Bytes[];
}

/** HTLCs of one direction, since the channel was opened. */
export interface Passage {
  /** Those that got into a commitment, and what they carried. */
  readonly offered: number;
  readonly offeredMsat: Msat;
  /** Of these, those that ended with a preimage, off the chain. */
  readonly fulfilled: number;
  readonly fulfilledMsat: Msat;
}

/** What has gone through the channel, for people: some 40 bytes of its state. */
export interface Tally {
  /** The least and the most that `settledLocal` has been. */
  readonly least: Msat;
  readonly most: Msat;
  readonly in: Passage;
  readonly out: Passage;
}

/** BOLT 2, "Normal Operation": all that both commitments, and the ones before, follow from. */
export interface Commitments {
  /** Balances as of all HTLCs that are wholly removed; those in flight are not taken off yet. */
  readonly settledLocal: Msat;
  readonly settledRemote: Msat;
  /** In the order in which they were added. */
  readonly htlcs: readonly Htlc[];
  /** Oldest first; never empty, and the first is in both commitments. */
  readonly fees: readonly FeeUpdate[];
  readonly nextLocalHtlcId: bigint;
  readonly nextRemoteHtlcId: bigint;
  readonly local: LocalCommitment;
  readonly remote: RemoteCommitment;
  /** Which of the two we sent last: retransmission keeps their order. */
  readonly lastSent: 'commitmentSigned' | 'revokeAndAck';
  /** The secrets the peer gave up. */
  readonly remoteSecrets: ShachainStore;
  /** Absent where it was not kept from the beginning, or is lost. */
  readonly tally?: Tally;
}

/** The connection, which no restart survives. */
export type Link =
  | { readonly kind: 'offline' }
  /** channel_reestablish is sent, theirs is awaited. */
  | { readonly kind: 'reestablishing'; readonly remoteFeatures: Bytes }
  | {
      readonly kind: 'online';
      readonly remoteFeatures: Bytes;
      /**
       * A close had begun before this connection, and no update that the peer remembers waits for
       * anything: a feerate of ours that it never took is not told again.
       */
      readonly peerHasDone?: true;
    };

/** Where the funding transaction lies. */
export interface Confirmation {
  readonly height: BlockHeight;
  readonly txIndex: number;
}

export interface Lockin {
  readonly confirmed?: Confirmation;
  readonly sentReady: boolean;
  readonly receivedReady: boolean;
  /** The alias the peer gave us in channel_ready. */
  readonly remoteAlias?: ShortChannelId;
  /** The transaction of the chain is not what was agreed on: never send channel_ready. */
  readonly wrongFunding?: true;
}

export interface Announcement {
  /** announcement_signatures went out on this connection. */
  readonly sent: boolean;
  /** The peer's half, verified for this short_channel_id. */
  readonly received?: AnnouncementHalf;
  /** The peer's half, before our own view of the chain lets us check it. */
  readonly early?: AnnouncementHalf;
}

export interface AnnouncementHalf {
  readonly shortChannelId: ShortChannelId;
  readonly nodeSignature: Bytes;
  readonly bitcoinSignature: Bytes;
}

export interface Relay {
  readonly policy: RelayPolicy;
  /** Of our last channel_update, seconds; 0 before the first. */
  readonly timestamp: number;
}

export interface ClosingOffer {
  readonly feeSatoshis: Sat;
  readonly minimum: Sat;
  readonly maximum: Sat;
}

/** What the operator would pay at least and at most for a close, satoshi per 1000 weight units. */
export interface CloseFeerates {
  readonly minimum: number;
  readonly maximum: number;
}

/** BOLT 2, "Channel Close". */
export interface Shutdown {
  /** Who asked first. */
  readonly closer?: Side;
  /** The script we (will) ask to be paid to; set as soon as we want to close. */
  readonly localScript?: Bytes;
  /** shutdown was sent; it is sent again on every connection. */
  readonly sent: boolean;
  readonly remoteScript?: Bytes;
  /** Not stored: good until the next start. */
  readonly feerates?: CloseFeerates;
  /** Our last closing_signed on this connection. */
  readonly offer?: ClosingOffer;
  /** The peer's last fee without a fee_range, on this connection. */
  readonly lastRemoteFee?: Sat;
  /** The close that both signed, ready for the chain. */
  readonly tx?: Bytes;
}

/** Why and how the channel left normal operation for the chain. */
export interface Failure {
  readonly reason: string;
  /** What `error` told, and tells again at each reconnection; absent where the peer told us. */
  readonly sentError: boolean;
  /** The peer proved that our state is old: our commitment must never be broadcast. */
  readonly behind: boolean;
}

export interface Spend {
  readonly tx: Bytes;
  /** Absent while it is in the mempool only. */
  readonly height?: BlockHeight;
}

export interface LiveState {
  readonly kind: 'live';
  readonly channelId: Bytes;
  readonly params: ChannelParams;
  readonly commitments: Commitments;
  readonly link: Link;
  readonly lockin: Lockin;
  readonly announcement: Announcement;
  readonly relay: Relay;
  readonly shutdown: Shutdown;
  readonly failure?: Failure;
  readonly spent?: Spend;
}

/** Over, and of no more interest to this machine. */
export interface ClosedState {
  readonly kind: 'closed';
  readonly channelId: Bytes;
  readonly key: number;
  readonly peerId: Bytes;
  readonly reason: string;
}

/** What is fixed by our own message alone. */
export type Draft = Omit<ChannelParams, 'remote' | 'minimumDepth' | 'fundingTxid' | 'fundingVout'>;

/** What an opening knows before the funding outpoint is. */
export interface OpeningBase {
  readonly temporaryChannelId: Bytes;
  readonly params: Draft;
  readonly policy: RelayPolicy;
  readonly feeratePerKw: number;
  readonly localFeatures: Bytes;
  readonly remoteFeatures: Bytes;
}

/** Both sides' terms are known. */
export interface Agreed extends OpeningBase {
  readonly remote: SideParams;
  readonly minimumDepth: number;
  /** The peer's `first_per_commitment_point`. */
  readonly remotePoint: Bytes;
}

/** We sent open_channel. */
export interface WaitForAccept extends OpeningBase {
  readonly kind: 'waitForAccept';
  readonly bounds: TermBounds;
  /** The depth that we wait for ourselves. */
  readonly minimumDepth: number;
}

/** accept_channel is here; the wallet makes the funding transaction. */
export interface WaitForFunding extends Agreed {
  readonly kind: 'waitForFunding';
}

/** We sent funding_created. */
export interface WaitForFundingSigned extends Agreed {
  readonly kind: 'waitForFundingSigned';
  readonly channelId: Bytes;
  readonly params: ChannelParams;
}

/** We sent accept_channel. */
export interface WaitForFundingCreated extends Agreed {
  readonly kind: 'waitForFundingCreated';
}

export type OpeningState =
  | WaitForAccept
  | WaitForFunding
  | WaitForFundingSigned
  | WaitForFundingCreated;

export type ChannelState = OpeningState | LiveState | ClosedState;

export type { Side };
