/**
 * What must outlive the loss of everything else: enough of a channel to find its funding output,
 * to ask its peer to close it, and to claim what the peer's commitment pays to us. It holds no
 * secret (the signer has those by the channel's key number) and nothing that a payment changes.
 */
import { type BlockHeight, type Bytes, msat, type Result, sat, satToMsat } from '../bytes/index.js';
import { emptyShachain, type Signer } from '../crypto/index.js';
import {
  array,
  bigsize,
  bool,
  bytes32,
  type Codec,
  choice,
  decode,
  encode,
  mapped,
  optional,
  point,
  record,
  scid,
  string,
  u16,
  uint,
  versioned,
  type WireError,
} from '../wire/index.js';
import type { ChannelSide } from './commitment/index.js';
import { channelIdOf } from './opening/live.js';
import {
  type ChannelParams,
  type Commitments,
  type Confirmation,
  DEFAULT_LIMITS,
  type LiveState,
  type SideParams,
} from './state.js';

/** Where the peer can be called. */
export interface BackupAddress {
  readonly host: string;
  readonly port: number;
}

export interface ChannelBackup
  extends Pick<
    ChannelParams,
    | 'key'
    | 'peerId'
    | 'format'
    | 'fundingTxid'
    | 'fundingVout'
    | 'fundingAmount'
    | 'opener'
    | 'type'
    | 'announce'
    | 'localAlias'
    | 'openedAt'
  > {
  readonly addresses: readonly BackupAddress[];
  /** Where the funding transaction lay when this was written. */
  readonly confirmed?: Confirmation;
  readonly local: Pick<ChannelSide, 'dustLimit' | 'toSelfDelay'>;
  readonly remote: ChannelSide;
}

/** Of a channel that has a funding outpoint. */
export function backupOf(
  { params, lockin }: LiveState,
  addresses: readonly BackupAddress[],
): ChannelBackup {
  const { key, peerId, format, fundingTxid, fundingVout, fundingAmount, opener } = params;
  const { type, announce, localAlias, openedAt, local, remote } = params;
  const { confirmed } = lockin;
  return {
    ...{ key, peerId, addresses, format, fundingTxid, fundingVout, fundingAmount, opener },
    ...{ type, announce, localAlias, openedAt },
    ...(confirmed === undefined ? {} : { confirmed }),
    local: { dustLimit: local.dustLimit, toSelfDelay: local.toSelfDelay },
    remote: {
      points: remote.points,
      dustLimit: remote.dustLimit,
      toSelfDelay: remote.toSelfDelay,
    },
  };
}

export const backedUpId = (backup: ChannelBackup): Bytes =>
  channelIdOf(backup.fundingTxid, backup.fundingVout);

/** Of the side that a backup knows nothing more of; no commitment is made or checked any more. */
const unknownTerms = {
  maxHtlcValueInFlight: msat(0),
  channelReserve: sat(0),
  htlcMinimum: msat(0),
  maxAcceptedHtlcs: 0,
};

/** Any commitments at all: the peer's proof that ours are old is taken for granted. */
function lostCommitments(params: ChannelParams): Commitments {
  return {
    settledLocal: msat(0),
    settledRemote: satToMsat(params.fundingAmount),
    htlcs: [],
    fees: [{ feeratePerKw: 253, state: 'SENT_ADD_ACK_REVOCATION' }],
    nextLocalHtlcId: 0n,
    nextRemoteHtlcId: 0n,
    local: { number: 0n, signature: new Uint8Array(64), htlcSignatures: [] },
    // A stand-in that is a point: the commitment it would give is on no chain.
    remote: { number: 0n, point: params.remote.points.paymentBasepoint, awaitingRevocation: false },
    lastSent: 'revokeAndAck',
    remoteSecrets: emptyShachain,
  };
}

/**
 * BOLT 2, channel_reestablish: a channel whose state was lost. It never broadcasts a commitment of
 * ours; at each connection it shows the peer that we know nothing, and asks it to close. What the
 * peer's commitment pays to us is then claimed to `sweepScript`. Give it the input `restored`.
 */
export function stubOf(backup: ChannelBackup, sweepScript: Bytes, signer: Signer): LiveState {
  const { addresses: _, confirmed, local, remote, ...fixedParams } = backup;
  const side = (known: ChannelSide): SideParams => ({ ...unknownTerms, ...known });
  const params: ChannelParams = {
    ...fixedParams,
    local: side({ ...local, points: signer.channelPoints(backup.key) }),
    remote: side(remote),
    pushMsat: msat(0),
    minimumDepth: 0,
    limits: DEFAULT_LIMITS,
    shutdownScript: sweepScript,
  };
  return {
    kind: 'live',
    channelId: backedUpId(backup),
    params,
    commitments: lostCommitments(params),
    link: { kind: 'offline' },
    lockin: {
      ...(confirmed === undefined ? {} : { confirmed }),
      sentReady: true,
      receivedReady: true,
    },
    announcement: { sent: false },
    relay: {
      policy: {
        feeBaseMsat: 0,
        feeProportionalMillionths: 0,
        cltvExpiryDelta: 0,
        htlcMinimumMsat: msat(0),
        htlcMaximumMsat: msat(0),
        enabled: false,
      },
      timestamp: 0,
    },
    shutdown: { sent: false },
    failure: {
      reason: 'our state was lost and restored from a backup: close the channel, please',
      sentError: true,
      behind: true,
    },
  };
}

const amountSat = mapped(bigsize, sat, (value) => value);

const VERSION = 1;

const backup: Codec<ChannelBackup> = versioned(
  VERSION,
  record({
    key: uint,
    peerId: point,
    addresses: array(record({ host: string, port: u16 })),
    format: choice('staticRemotekey', 'anchors'),
    fundingTxid: bytes32,
    fundingVout: u16,
    fundingAmount: amountSat,
    opener: choice('local', 'remote'),
    type: record({ anchors: bool, scidAlias: bool, zeroconf: bool }),
    announce: bool,
    localAlias: scid,
    openedAt: uint as Codec<BlockHeight>,
    confirmed: optional(record({ height: uint, txIndex: uint })),
    local: record({ dustLimit: amountSat, toSelfDelay: u16 }),
    remote: record({
      points: record({
        fundingPubkey: point,
        revocationBasepoint: point,
        paymentBasepoint: point,
        delayedPaymentBasepoint: point,
        htlcBasepoint: point,
      }),
      dustLimit: amountSat,
      toSelfDelay: u16,
    }),
  }),
);

/** One channel's backup by itself: what `staticbackup` shows and `recoverchannel` takes. */
export const encodeBackup = (value: ChannelBackup): Bytes => encode(backup, value);
export const decodeBackup = (data: Bytes): Result<ChannelBackup, WireError> => decode(backup, data);
