/** BOLT 4, "payload format": what one layer of a payment's onion tells the node that reads it. */
import { type Bytes, err, ok, type Result } from '../bytes/index.js';
import {
  bytes32,
  decode,
  encode,
  type Infer,
  point,
  record,
  rest,
  scid,
  tlvStream,
  tmsat,
  tu32,
  type WireError,
} from '../wire/index.js';

/** The record of spontaneous payments (not in the BOLTs; bLIP 3): the preimage itself. */
export const KEYSEND_TYPE = 5482373484n;

const payload = tlvStream({
  amtToForward: [2, tmsat],
  outgoingCltvValue: [4, tu32],
  shortChannelId: [6, scid],
  paymentData: [8, record({ paymentSecret: bytes32, totalMsat: tmsat })],
  encryptedRecipientData: [10, rest],
  currentPathKey: [12, point],
  paymentMetadata: [16, rest],
  totalAmountMsat: [18, tmsat],
  keysendPreimage: [KEYSEND_TYPE, bytes32],
});

/** Every record of a payload; odd ones that we do not know are in `unknown`. */
export type HopPayload = Infer<typeof payload>;

/** The TLV stream, without its length. */
export const encodeHopPayload = (value: HopPayload): Bytes => encode(payload, value);

/** An error names the TLV type and its offset, which invalid_onion_payload passes on. */
export const decodeHopPayload = (bytes: Bytes): Result<HopPayload, WireError> =>
  decode(payload, bytes);

/** A payload with what BOLT 4 demands outside of blinded paths; a final one names no channel. */
export type CompletePayload = HopPayload &
  Required<Pick<HopPayload, 'amtToForward' | 'outgoingCltvValue'>>;

/** The data of invalid_onion_payload: the record at fault, and where in the payload it begins. */
export interface PayloadError {
  readonly code: 'invalid_onion_payload';
  readonly type: bigint;
  readonly offset: number;
}

export const invalidPayload = (type: bigint, offset = 0): PayloadError => ({
  code: 'invalid_onion_payload',
  type,
  offset: Math.min(offset, 0xffff),
});

/** Whether a layer, outside of blinded paths, is complete for its place in the route. */
export function checkPayload(
  value: HopPayload,
  final: boolean,
): Result<CompletePayload, PayloadError> {
  // BOLT 4, payload format: no path key without a blinded path; we make none that ends here.
  if (value.encryptedRecipientData !== undefined) return err(invalidPayload(10n));
  if (value.currentPathKey !== undefined) return err(invalidPayload(12n));
  // BOLT 4, payload format: outside of a blinded path amount and expiry are there.
  if (value.amtToForward === undefined) return err(invalidPayload(2n));
  if (value.outgoingCltvValue === undefined) return err(invalidPayload(4n));
  // BOLT 4, payload format: a node that is not the last is told the channel.
  if (!final && value.shortChannelId === undefined) return err(invalidPayload(6n));
  return ok(value as CompletePayload);
}
