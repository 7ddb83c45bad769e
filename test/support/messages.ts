/** Arbitrary messages of every kind, for property tests and for hostile peers. */
import fc from 'fast-check';
import { type Bytes, hex } from '../../src/core/bytes/index.js';
import { publicKeyFromPrivate } from '../../src/core/crypto/index.js';
import {
  ATTRIBUTION_DATA_LENGTH,
  bytes16,
  bytes32,
  type Codec,
  gossipPoint,
  MESSAGES,
  type Message,
  type MessageKind,
  msat,
  ONION_PACKET_LENGTH,
  point,
  sat,
  scid,
  signature,
  u8,
  u16,
  u32,
  u64,
} from '../../src/core/wire/index.js';

export const bytesOf = (min: number, max = min): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ minLength: min, maxLength: max });

const POINTS = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (n) => publicKeyFromPrivate(hex(n.toString(16).padStart(64, '0'))) as Bytes,
);
export const anyPoint = fc.constantFrom(...POINTS);
const u64s = fc.bigInt(0n, 0xffffffffffffffffn);
const u32s = fc.integer({ min: 0, max: 0xffffffff });
const u16s = fc.integer({ min: 0, max: 0xffff });
const u8s = fc.integer({ min: 0, max: 0xff });

const byCodec = new Map<Codec<unknown>, fc.Arbitrary<unknown>>([
  [u8, u8s],
  [u16, u16s],
  [u32, u32s],
  [u64, u64s],
  [msat, u64s],
  [sat, u64s],
  [scid, u64s],
  [bytes16, bytesOf(0, 80)],
  [bytes32, bytesOf(32)],
  [signature, bytesOf(64)],
  [point, anyPoint],
  [gossipPoint, anyPoint],
]);

const port = u16s;
const address = fc.oneof(
  fc.record({ kind: fc.constant('ipv4'), address: bytesOf(4), port }),
  fc.record({ kind: fc.constant('ipv6'), address: bytesOf(16), port }),
  fc.record({ kind: fc.constant('torV2'), address: bytesOf(10), port }),
  fc.record({ kind: fc.constant('torV3'), address: bytesOf(35), port }),
  fc.record({ kind: fc.constant('dns'), hostname: fc.domain(), port }),
);

const byName: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  onionRoutingPacket: bytesOf(ONION_PACKET_LENGTH),
  htlcSignature: fc.array(bytesOf(64), { maxLength: 5 }),
  rgbColor: bytesOf(3),
  addresses: fc.array(address, { maxLength: 4 }),
  encodedShortIds: fc.array(u64s, { maxLength: 20 }),
};

/** Odd and above every type that is known, ascending: what a newer peer may add. */
const unknown = fc.option(
  fc.uniqueArray(
    fc.record({
      type: fc.bigInt(500n, 0xfffffffffffffffen).map((n) => n | 1n),
      value: bytesOf(0, 300),
    }),
    { minLength: 1, maxLength: 3, selector: (r) => r.type },
  ),
  { nil: undefined },
);

const closingTlvs = {
  closerOutputOnly: bytesOf(64),
  closeeOutputOnly: bytesOf(64),
  closerAndCloseeOutputs: bytesOf(64),
};
const openingTlvs = { upfrontShutdownScript: bytesOf(0, 40), channelType: bytesOf(0, 8) };
const attributionTlvs = { attributionData: bytesOf(ATTRIBUTION_DATA_LENGTH) };
const tlvsByKind: Partial<Record<MessageKind, Record<string, fc.Arbitrary<unknown>>>> = {
  init: { networks: fc.array(bytesOf(32), { maxLength: 3 }), remoteAddr: bytesOf(0, 40) },
  openChannel: openingTlvs,
  acceptChannel: openingTlvs,
  channelReady: { shortChannelId: u64s },
  closingSigned: { feeRange: fc.record({ minFeeSatoshis: u64s, maxFeeSatoshis: u64s }) },
  closingComplete: closingTlvs,
  closingSig: closingTlvs,
  updateAddHtlc: { pathKey: anyPoint },
  updateFulfillHtlc: attributionTlvs,
  updateFailHtlc: attributionTlvs,
  startBatch: { messageType: u16s },
  commitmentSigned: { fundingTxid: bytesOf(32) },
  channelReestablish: {
    nextFunding: fc.record({ nextFundingTxid: bytesOf(32), retransmitFlags: u8s }),
    myCurrentFundingLocked: fc.record({
      myCurrentFundingLockedTxid: bytesOf(32),
      retransmitFlags: u8s,
    }),
  },
  queryShortChannelIds: { queryFlags: fc.array(u64s, { maxLength: 9 }) },
  queryChannelRange: { queryOption: u64s },
  replyChannelRange: {
    timestamps: fc.array(fc.record({ timestampNodeId1: u32s, timestampNodeId2: u32s })),
    checksums: fc.array(fc.record({ checksumNodeId1: u32s, checksumNodeId2: u32s })),
  },
};

function without(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));
}

function fieldOf(kind: MessageKind, name: string, codec: Codec<unknown>): fc.Arbitrary<unknown> {
  if (name === 'tlvs') {
    const known = Object.entries(tlvsByKind[kind] ?? {}).map(
      ([key, value]) => [key, fc.option(value, { nil: undefined })] as const,
    );
    return fc.record({ ...Object.fromEntries(known), unknown }).map(without);
  }
  const found = byName[name] ?? byCodec.get(codec);
  if (found === undefined) throw new Error(`no arbitrary value for ${kind}.${name}`);
  return found;
}

/** A message of one kind, with every TLV now present and now absent. */
export function messageOf(kind: MessageKind): fc.Arbitrary<Message> {
  const fields = Object.entries(MESSAGES[kind].fields).map(
    ([name, codec]) => [name, fieldOf(kind, name, codec)] as const,
  );
  return fc
    .record(Object.fromEntries(fields))
    .map((body) => ({ kind, ...body }) as unknown as Message);
}

export const MESSAGE_KINDS = Object.keys(MESSAGES) as readonly MessageKind[];

export const anyMessage: fc.Arbitrary<Message> = fc
  .constantFrom(...MESSAGE_KINDS)
  .chain((kind) => messageOf(kind));
