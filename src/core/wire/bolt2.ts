/** BOLT 2: opening, closing and operating a channel; onion_message of BOLT 4. */
import { message } from './message.js';
import {
  bytes16,
  bytes32,
  chainHash,
  channelId,
  fixed,
  msat,
  point,
  rest,
  sat,
  scid,
  sha256,
  signature,
  u8,
  u16,
  u32,
  u64,
} from './primitives.js';
import { array16, record } from './structures.js';
import { tlvStream } from './tlv.js';

/** BOLT 4, attribution_data: 20 hold times of 4 bytes, then 210 HMACs cut to 4 bytes. */
export const ATTRIBUTION_DATA_LENGTH = 20 * 4 + 210 * 4;
/** BOLT 4, onion_packet: version, point, 1300 bytes of payloads, HMAC. */
export const ONION_PACKET_LENGTH = 1 + 33 + 1300 + 32;

const openingTlvs = tlvStream({
  upfrontShutdownScript: [0, rest],
  channelType: [1, rest],
});

const attributionTlvs = tlvStream({ attributionData: [1, fixed(ATTRIBUTION_DATA_LENGTH)] });

const closingTlvs = tlvStream({
  closerOutputOnly: [1, signature],
  closeeOutputOnly: [2, signature],
  closerAndCloseeOutputs: [3, signature],
});

const closing = {
  channelId,
  closerScriptpubkey: bytes16,
  closeeScriptpubkey: bytes16,
  feeSatoshis: sat,
  locktime: u32,
  tlvs: closingTlvs,
};

export const BOLT2 = {
  openChannel: message(32, {
    chainHash,
    temporaryChannelId: bytes32,
    fundingSatoshis: sat,
    pushMsat: msat,
    dustLimitSatoshis: sat,
    maxHtlcValueInFlightMsat: msat,
    channelReserveSatoshis: sat,
    htlcMinimumMsat: msat,
    feeratePerKw: u32,
    toSelfDelay: u16,
    maxAcceptedHtlcs: u16,
    fundingPubkey: point,
    revocationBasepoint: point,
    paymentBasepoint: point,
    delayedPaymentBasepoint: point,
    htlcBasepoint: point,
    firstPerCommitmentPoint: point,
    /** Bit 0: announce_channel. */
    channelFlags: u8,
    tlvs: openingTlvs,
  }),
  acceptChannel: message(33, {
    temporaryChannelId: bytes32,
    dustLimitSatoshis: sat,
    maxHtlcValueInFlightMsat: msat,
    channelReserveSatoshis: sat,
    htlcMinimumMsat: msat,
    minimumDepth: u32,
    toSelfDelay: u16,
    maxAcceptedHtlcs: u16,
    fundingPubkey: point,
    revocationBasepoint: point,
    paymentBasepoint: point,
    delayedPaymentBasepoint: point,
    htlcBasepoint: point,
    firstPerCommitmentPoint: point,
    tlvs: openingTlvs,
  }),
  fundingCreated: message(34, {
    temporaryChannelId: bytes32,
    fundingTxid: sha256,
    fundingOutputIndex: u16,
    signature,
  }),
  fundingSigned: message(35, { channelId, signature }),
  channelReady: message(36, {
    channelId,
    secondPerCommitmentPoint: point,
    tlvs: tlvStream({ shortChannelId: [1, scid] }),
  }),
  stfu: message(2, { channelId, initiator: u8 }),
  shutdown: message(38, { channelId, scriptpubkey: bytes16 }),
  closingSigned: message(39, {
    channelId,
    feeSatoshis: sat,
    signature,
    tlvs: tlvStream({ feeRange: [1, record({ minFeeSatoshis: sat, maxFeeSatoshis: sat })] }),
  }),
  closingComplete: message(40, closing),
  closingSig: message(41, closing),

  updateAddHtlc: message(128, {
    channelId,
    id: u64,
    amountMsat: msat,
    paymentHash: sha256,
    cltvExpiry: u32,
    onionRoutingPacket: fixed(ONION_PACKET_LENGTH),
    /** `pathKey` is the one field of the BOLT's `blinded_path` record. */
    tlvs: tlvStream({ pathKey: [0, point] }),
  }),
  updateFulfillHtlc: message(130, {
    channelId,
    id: u64,
    paymentPreimage: bytes32,
    tlvs: attributionTlvs,
  }),
  updateFailHtlc: message(131, { channelId, id: u64, reason: bytes16, tlvs: attributionTlvs }),
  updateFailMalformedHtlc: message(135, {
    channelId,
    id: u64,
    sha256OfOnion: sha256,
    failureCode: u16,
  }),
  startBatch: message(127, {
    channelId,
    batchSize: u16,
    tlvs: tlvStream({ messageType: [1, u16] }),
  }),
  commitmentSigned: message(132, {
    channelId,
    signature,
    htlcSignature: array16(signature),
    tlvs: tlvStream({ fundingTxid: [1, sha256] }),
  }),
  revokeAndAck: message(133, {
    channelId,
    perCommitmentSecret: bytes32,
    nextPerCommitmentPoint: point,
  }),
  updateFee: message(134, { channelId, feeratePerKw: u32 }),
  channelReestablish: message(136, {
    channelId,
    nextCommitmentNumber: u64,
    nextRevocationNumber: u64,
    yourLastPerCommitmentSecret: bytes32,
    myCurrentPerCommitmentPoint: point,
    tlvs: tlvStream({
      nextFunding: [1, record({ nextFundingTxid: sha256, retransmitFlags: u8 })],
      myCurrentFundingLocked: [
        5,
        record({ myCurrentFundingLockedTxid: sha256, retransmitFlags: u8 }),
      ],
    }),
  }),

  /** BOLT 4, Onion Messages. */
  onionMessage: message(513, { pathKey: point, onionMessagePacket: bytes16 }),
} as const;
