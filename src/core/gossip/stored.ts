/** What is kept of gossip, under which keys, and what stands in it. */
import { p2wsh } from '../bitcoin/index.js';
import { type Bytes, type ShortChannelId, scidToString } from '../bytes/index.js';
import { fundingScript } from '../channel/index.js';
import type { MessageOf } from '../wire/index.js';
import type { Direction, Policy } from './graph.js';

export const channelKeyOf = (scid: ShortChannelId): string => `c:${scidToString(scid)}`;
export const updateKeyOf = (scid: ShortChannelId, direction: Direction): string =>
  `u:${scidToString(scid)}/${direction}`;
export const nodeKeyOf = (nodeId: string): string => `n:${nodeId}`;

export const directionOf = (update: MessageOf<'channelUpdate'>): Direction =>
  (update.channelFlags & 1) as Direction;

/** What a channel_update says, for the graph. */
export function policyOf(update: MessageOf<'channelUpdate'>): Policy {
  return {
    enabled: (update.channelFlags & 2) === 0,
    cltvDelta: update.cltvExpiryDelta,
    htlcMinimumMsat: Number(update.htlcMinimumMsat),
    htlcMaximumMsat: Number(update.htlcMaximumMsat),
    feeBaseMsat: update.feeBaseMsat,
    feeProportionalMillionths: update.feeProportionalMillionths,
    timestamp: update.timestamp,
  };
}

/** BOLT 7, "Channel Announcement": the output that the two bitcoin keys must be paid by. */
export const fundingScriptOf = (m: MessageOf<'channelAnnouncement'>): Bytes =>
  p2wsh(fundingScript(m.bitcoinKey1, m.bitcoinKey2));

const CRC32C = (() => {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    table[n] = c;
  }
  return table;
})();

function crc32c(crc: number, bytes: Bytes, from: number, to: number): number {
  let c = crc;
  for (let i = from; i < to; i++)
    c = (CRC32C[(c ^ (bytes[i] as number)) & 0xff] as number) ^ (c >>> 8);
  return c;
}

const SIGNATURE_END = 2 + 64;
const TIMESTAMP_AT = SIGNATURE_END + 32 + 8;

/** BOLT 7, "Query Messages": CRC32C of a channel_update without its signature and timestamp. */
export function updateChecksum(raw: Bytes): number {
  const head = crc32c(0xffffffff, raw, SIGNATURE_END, TIMESTAMP_AT);
  return (crc32c(head, raw, TIMESTAMP_AT + 4, raw.length) ^ 0xffffffff) >>> 0;
}
