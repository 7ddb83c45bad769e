/** BOLT 4, "Onion Messages": what a node on the way of one passes on. */
import { type Bytes, err, isZero, ok, type Result } from '../bytes/index.js';
import { decode, encode, type Infer, rest, tlvStream } from '../wire/index.js';
import { unblind } from './blinding.js';
import type { NextHop } from './incoming.js';
import { peel } from './packet.js';

/** `onionmsg_tlv`, as a node reads it that is not the last; the others only name the last one's. */
const onionMessage = tlvStream({
  replyPath: [2, rest],
  encryptedRecipientData: [4, rest],
  invoiceRequest: [64, rest],
  invoice: [66, rest],
  invoiceError: [68, rest],
});

/** What one layer of an onion message holds. */
export type OnionMessagePayload = Infer<typeof onionMessage>;

export const encodeOnionMessagePayload = (value: OnionMessagePayload): Bytes =>
  encode(onionMessage, value);

export type ReadMessage =
  | {
      readonly kind: 'relay';
      readonly next: NextHop;
      readonly packet: Bytes;
      /** For the next node. */
      readonly pathKey: Bytes;
    }
  /** It ends here. */
  | { readonly kind: 'final'; readonly payload: OnionMessagePayload };

/** Why a message is ignored, for the log. */
export type MessageRefusal =
  | 'undecryptable'
  | 'malformed'
  | 'more_than_encrypted_data'
  | 'unknown_feature'
  | 'path_id_on_the_way'
  | 'no_next_node';

/** Reads a layer; `ecdh` is our node's key, as `Signer.ecdh`. Total. */
export function readOnionMessage(
  packet: Bytes,
  pathKey: Bytes,
  ecdh: (point: Bytes) => Bytes,
): Result<ReadMessage, MessageRefusal> {
  const peeled = peel(packet, { ecdh, pathKey });
  if (!peeled.ok) return err('undecryptable');
  const read = decode(onionMessage, peeled.value.payload);
  if (!read.ok) return err('malformed');
  const { encryptedRecipientData, ...others } = read.value;
  const onward = peeled.value.next;
  if (onward === undefined) return ok({ kind: 'final', payload: read.value });
  // BOLT 4, onion messages: a node on the way is told by the encrypted data only.
  if (Object.keys(others).length > 0) return err('more_than_encrypted_data');
  if (encryptedRecipientData === undefined) return err('malformed');
  const unblinded = unblind(pathKey, encryptedRecipientData, ecdh);
  if (!unblinded.ok) return err('undecryptable');
  const { data, nextPathKey } = unblinded.value;
  // BOLT 4, onion messages: no feature is defined, so none may be named.
  if (data.allowedFeatures !== undefined && !isZero(data.allowedFeatures))
    return err('unknown_feature');
  // BOLT 4, onion messages: a path_id is for the last node.
  if (data.pathId !== undefined) return err('path_id_on_the_way');
  const { nextNodeId, shortChannelId } = data;
  const next: NextHop | undefined =
    nextNodeId !== undefined
      ? { kind: 'node', nodeId: nextNodeId }
      : shortChannelId !== undefined
        ? { kind: 'channel', shortChannelId }
        : undefined;
  if (next === undefined) return err('no_next_node');
  return ok({ kind: 'relay', next, packet: onward, pathKey: nextPathKey });
}
