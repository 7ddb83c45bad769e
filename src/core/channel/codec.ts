/**
 * What is kept of a channel on disk. Versioned apart from the wire; each version is frozen by a
 * fixture. Tags and orders below are for ever: a change is a new version that reads the old.
 * Version 2 added the tally, and who asked first to close.
 */
import { type Bytes, msat, ok, type Result, type ShortChannelId, sat } from '../bytes/index.js';
import { decodeShachain, encodeShachain, type ShachainStore } from '../crypto/index.js';
import {
  array,
  bigsize,
  bool,
  bytes,
  bytes32,
  type Codec,
  channelIdHex,
  choice,
  decode,
  encode,
  Fault,
  fixed,
  flag,
  kept,
  mapped,
  optional,
  record,
  scid,
  signature,
  string,
  u16,
  u32,
  uint,
  variant,
  versioned,
  type WireError,
} from '../wire/index.js';
import type { Htlc, HtlcOrigin, HtlcState, Removal } from './htlc.js';
import type {
  Announcement,
  AnnouncementHalf,
  ChannelParams,
  ChannelState,
  ClosedState,
  Commitments,
  LiveState,
  Passage,
  RelayPolicy,
  SideParams,
} from './state.js';

const VERSION = 2;

const amountMsat = mapped(bigsize, msat, (value) => value);
const amountSat = mapped(bigsize, sat, (value) => value);
/** 33 bytes that were checked when they came in. */
const storedPoint = fixed(33);

/** Append only. */
const htlcState: Codec<HtlcState> = choice(
  'SENT_ADD_HTLC',
  'SENT_ADD_COMMIT',
  'RCVD_ADD_REVOCATION',
  'RCVD_ADD_ACK_COMMIT',
  'SENT_ADD_ACK_REVOCATION',
  'RCVD_REMOVE_HTLC',
  'RCVD_REMOVE_COMMIT',
  'SENT_REMOVE_REVOCATION',
  'SENT_REMOVE_ACK_COMMIT',
  'RCVD_REMOVE_ACK_REVOCATION',
  'RCVD_ADD_HTLC',
  'RCVD_ADD_COMMIT',
  'SENT_ADD_REVOCATION',
  'SENT_ADD_ACK_COMMIT',
  'RCVD_ADD_ACK_REVOCATION',
  'SENT_REMOVE_HTLC',
  'SENT_REMOVE_COMMIT',
  'RCVD_REMOVE_REVOCATION',
  'RCVD_REMOVE_ACK_COMMIT',
  'SENT_REMOVE_ACK_REVOCATION',
);

const side = choice('local', 'remote');

const sideParams: Codec<SideParams> = record({
  points: record({
    fundingPubkey: storedPoint,
    revocationBasepoint: storedPoint,
    paymentBasepoint: storedPoint,
    delayedPaymentBasepoint: storedPoint,
    htlcBasepoint: storedPoint,
  }),
  dustLimit: amountSat,
  toSelfDelay: u16,
  maxHtlcValueInFlight: amountMsat,
  channelReserve: amountSat,
  htlcMinimum: amountMsat,
  maxAcceptedHtlcs: u16,
  upfrontShutdownScript: optional(bytes),
});

const params: Codec<ChannelParams> = record({
  format: choice('staticRemotekey', 'anchors'),
  fundingTxid: bytes32,
  fundingVout: u16,
  fundingAmount: amountSat,
  opener: side,
  local: sideParams,
  remote: sideParams,
  key: uint,
  peerId: storedPoint,
  type: record({ anchors: bool, scidAlias: bool, zeroconf: bool }),
  announce: bool,
  pushMsat: amountMsat,
  minimumDepth: uint,
  limits: record({
    maxDustHtlcExposure: amountMsat,
    timeoutGrace: uint,
    fulfillDeadline: uint,
  }),
  shutdownScript: bytes,
  localAlias: scid,
  openedAt: uint,
});

const origin: Codec<HtlcOrigin> = variant({
  local: [0, { paymentHash: bytes32, groupId: uint, partId: uint }],
  relayed: [1, { channelId: channelIdHex, htlcId: bigsize }],
});

const removal: Codec<Removal> = variant({
  fulfill: [0, { preimage: bytes32 }],
  fail: [1, { reason: bytes }],
  failMalformed: [2, { sha256OfOnion: bytes32, failureCode: u16 }],
});

const htlc: Codec<Htlc> = record({
  id: bigsize,
  state: htlcState,
  amountMsat,
  paymentHash: bytes32,
  cltvExpiry: u32,
  onion: bytes,
  pathKey: optional(storedPoint),
  origin: optional(origin),
  removal: optional(removal),
  preimage: optional(bytes32),
});

const shachain: Codec<ShachainStore> = mapped(
  bytes,
  (value) => {
    const store = decodeShachain(value);
    if (store === undefined) throw new Fault('out_of_range');
    return store;
  },
  encodeShachain,
);

const commitments1 = {
  settledLocal: amountMsat,
  settledRemote: amountMsat,
  htlcs: array(htlc),
  fees: array(record({ feeratePerKw: u32, state: htlcState })),
  nextLocalHtlcId: bigsize,
  nextRemoteHtlcId: bigsize,
  local: record({ number: bigsize, signature, htlcSignatures: array(signature) }),
  remote: record({
    number: bigsize,
    point: storedPoint,
    nextPoint: optional(storedPoint),
    awaitingRevocation: bool,
  }),
  lastSent: choice('commitmentSigned', 'revokeAndAck'),
  remoteSecrets: kept(shachain),
};

const passage: Codec<Passage> = record({
  offered: uint,
  offeredMsat: amountMsat,
  fulfilled: uint,
  fulfilledMsat: amountMsat,
});

const commitments: Codec<Commitments> = record({
  ...commitments1,
  tally: optional(record({ least: amountMsat, most: amountMsat, in: passage, out: passage })),
});

const half: Codec<AnnouncementHalf> = record({
  shortChannelId: scid as Codec<ShortChannelId>,
  nodeSignature: signature,
  bitcoinSignature: signature,
});

const policy: Codec<RelayPolicy> = record({
  feeBaseMsat: u32,
  feeProportionalMillionths: u32,
  cltvExpiryDelta: u16,
  htlcMinimumMsat: amountMsat,
  htlcMaximumMsat: amountMsat,
  enabled: bool,
});

const shutdown1 = {
  localScript: optional(bytes),
  sent: bool,
  remoteScript: optional(bytes),
  tx: optional(bytes),
};

const live1 = {
  channelId: bytes32,
  params: kept(params),
  commitments: record(commitments1),
  lockin: record({
    confirmed: optional(record({ height: uint, txIndex: uint })),
    sentReady: bool,
    receivedReady: bool,
    remoteAlias: optional(scid),
    wrongFunding: optional(flag),
  }),
  announcement: record({ received: optional(half), early: optional(half) }),
  relay: record({ policy: kept(policy), timestamp: uint }),
  shutdown: record(shutdown1),
  failure: optional(record({ reason: string, sentError: bool, behind: bool })),
  spent: optional(record({ tx: bytes, height: optional(uint) })),
};

const live = {
  ...live1,
  commitments,
  shutdown: record({ ...shutdown1, closer: optional(side) }),
};

const closed = { channelId: bytes32, key: uint, peerId: storedPoint, reason: string };

const stored = versioned(VERSION, variant({ live: [0, live], closed: [1, closed] }), {
  1: variant({ live: [0, live1], closed: [1, closed] }),
});

type Stored = typeof stored extends Codec<infer T> ? T : never;

/**
 * The bytes that keep `state`. What belongs to a connection is left out; an opening that has no
 * funding outpoint yet is kept as what it would be after a restart: over.
 */
export function encodeChannel(state: ChannelState): Bytes {
  return encode(stored, toStored(state));
}

function toStored(state: ChannelState): Stored {
  if (state.kind === 'closed') return state;
  if (state.kind === 'live') return state;
  const { key, peerId } = state.params;
  const reason = 'the opening was interrupted';
  return { kind: 'closed', channelId: state.temporaryChannelId, key, peerId, reason };
}

/** The state as it was, but offline; give it the input `restored` first. */
export function decodeChannel(data: Bytes): Result<LiveState | ClosedState, WireError> {
  const decoded = decode(stored, data);
  if (!decoded.ok) return decoded;
  const { value } = decoded;
  if (value.kind === 'closed') return ok(value);
  const announcement: Announcement = { ...value.announcement, sent: false };
  return ok({ ...value, announcement, link: { kind: 'offline' } });
}
