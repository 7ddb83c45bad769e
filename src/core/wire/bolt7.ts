/** BOLT 7: announcements, updates and queries. */
import { type Bytes, Reader, type ShortChannelId, Writer } from '../bytes/index.js';
import { addressList } from './addresses.js';
import { type Codec, Fault } from './codec.js';
import { gossipMessage, message } from './message.js';
import {
  bigsize,
  bytes16,
  bytes32,
  chainHash,
  channelId,
  fixed,
  gossipPoint,
  mapped,
  msat,
  rest,
  scid,
  signature,
  u8,
  u16,
  u32,
} from './primitives.js';
import { record, restOf } from './structures.js';
import { tlvStream } from './tlv.js';

/** BOLT 7, Query Messages: an array behind a byte that names its encoding; 0 is the only one. */
function encoded<T>(container: Codec<Bytes>, element: Codec<T>): Codec<readonly T[]> {
  const elements = restOf(element);
  return mapped(
    container,
    (data) => {
      if (data.length === 0) return [];
      // BOLT 7, Query Messages: encoding 1 (zlib) is used no more.
      if (data[0] !== 0) throw new Fault('unknown_encoding');
      return elements.decode(new Reader(data.subarray(1)));
    },
    (list) => {
      const writer = new Writer().u8(0);
      elements.encode(writer, list);
      return writer.finish();
    },
  );
}

const encodedShortIds: Codec<readonly ShortChannelId[]> = encoded(bytes16, scid);

export const BOLT7 = {
  announcementSignatures: message(259, {
    channelId,
    shortChannelId: scid,
    nodeSignature: signature,
    bitcoinSignature: signature,
  }),
  channelAnnouncement: gossipMessage(256, 4, {
    nodeSignature1: signature,
    nodeSignature2: signature,
    bitcoinSignature1: signature,
    bitcoinSignature2: signature,
    features: bytes16,
    chainHash,
    shortChannelId: scid,
    nodeId1: gossipPoint,
    nodeId2: gossipPoint,
    bitcoinKey1: gossipPoint,
    bitcoinKey2: gossipPoint,
  }),
  nodeAnnouncement: gossipMessage(257, 1, {
    signature,
    features: bytes16,
    timestamp: u32,
    nodeId: gossipPoint,
    rgbColor: fixed(3),
    /** UTF-8 by the BOLT, zeros behind it; unchecked. */
    alias: bytes32,
    addresses: addressList,
  }),
  channelUpdate: gossipMessage(258, 1, {
    signature,
    chainHash,
    shortChannelId: scid,
    timestamp: u32,
    /** Bit 0: must be one; bit 1: dont_forward. */
    messageFlags: u8,
    /** Bit 0: direction; bit 1: disable. */
    channelFlags: u8,
    cltvExpiryDelta: u16,
    htlcMinimumMsat: msat,
    feeBaseMsat: u32,
    feeProportionalMillionths: u32,
    htlcMaximumMsat: msat,
  }),
  queryShortChannelIds: message(261, {
    chainHash,
    encodedShortIds,
    tlvs: tlvStream({ queryFlags: [1, encoded(rest, bigsize)] }),
  }),
  replyShortChannelIdsEnd: message(262, { chainHash, fullInformation: u8 }),
  queryChannelRange: message(263, {
    chainHash,
    firstBlocknum: u32,
    numberOfBlocks: u32,
    /** Bit 0: timestamps, bit 1: checksums. */
    tlvs: tlvStream({ queryOption: [1, bigsize] }),
  }),
  replyChannelRange: message(264, {
    chainHash,
    firstBlocknum: u32,
    numberOfBlocks: u32,
    syncComplete: u8,
    encodedShortIds,
    tlvs: tlvStream({
      timestamps: [1, encoded(rest, record({ timestampNodeId1: u32, timestampNodeId2: u32 }))],
      checksums: [3, restOf(record({ checksumNodeId1: u32, checksumNodeId2: u32 }))],
    }),
  }),
  gossipTimestampFilter: message(265, { chainHash, firstTimestamp: u32, timestampRange: u32 }),
} as const;
