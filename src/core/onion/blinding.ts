/** BOLT 4, "Route Blinding": a path that its users can send along without knowing its nodes. */
import { type Bytes, concat, EMPTY, err, ok, type Result } from '../bytes/index.js';
import {
  chacha20poly1305Decrypt,
  chacha20poly1305Encrypt,
  ecdh,
  pointMul,
  privMul,
  publicKeyFromPrivate,
  sha256,
} from '../crypto/index.js';
import {
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
  u16,
  u32,
  type WireError,
} from '../wire/index.js';
import { deriveKey } from './keys.js';

const encryptedData = tlvStream({
  padding: [1, rest],
  shortChannelId: [2, scid],
  nextNodeId: [4, point],
  pathId: [6, rest],
  nextPathKeyOverride: [8, point],
  paymentRelay: [
    10,
    record({ cltvExpiryDelta: u16, feeProportionalMillionths: u32, feeBaseMsat: tu32 }),
  ],
  paymentConstraints: [12, record({ maxCltvExpiry: u32, htlcMinimumMsat: tmsat })],
  allowedFeatures: [14, rest],
});

/** `encrypted_data_tlv`: the recipient's word to a node of the path. */
export type EncryptedData = Infer<typeof encryptedData>;

export const encodeEncryptedData = (value: EncryptedData): Bytes => encode(encryptedData, value);

export const decodeEncryptedData = (bytes: Bytes): Result<EncryptedData, WireError> =>
  decode(encryptedData, bytes);

export interface BlindedHop {
  readonly blindedNodeId: Bytes;
  readonly encryptedRecipientData: Bytes;
}

export interface BlindedPath {
  readonly firstNodeId: Bytes;
  readonly firstPathKey: Bytes;
  readonly hops: readonly BlindedHop[];
}

export type BlindError =
  | { readonly code: 'no_hops' }
  | { readonly code: 'bad_session_key' }
  | { readonly code: 'bad_node_id'; readonly index: number };

const NONCE = new Uint8Array(12);

/**
 * At the recipient: a path over `nodes`, the last of which is itself, each with the encoded
 * `encrypted_data_tlv` for it. `sessionKey` is 32 fresh secret bytes.
 */
export function blindPath(
  nodes: readonly { readonly nodeId: Bytes; readonly data: Bytes }[],
  sessionKey: Bytes,
): Result<BlindedPath, BlindError> {
  const first = nodes[0];
  if (first === undefined) return err({ code: 'no_hops' });
  const firstPathKey = publicKeyFromPrivate(sessionKey);
  if (firstPathKey === undefined) return err({ code: 'bad_session_key' });
  const hops: BlindedHop[] = [];
  let privateKey = sessionKey;
  for (const [index, { nodeId, data }] of nodes.entries()) {
    const secret = ecdh(privateKey, nodeId);
    const blindedNodeId = secret && pointMul(nodeId, deriveKey('blinded_node_id', secret));
    if (secret === undefined || blindedNodeId === undefined)
      return err({ code: 'bad_node_id', index });
    hops.push({
      blindedNodeId,
      encryptedRecipientData: chacha20poly1305Encrypt(deriveKey('rho', secret), NONCE, EMPTY, data),
    });
    const pathKey = publicKeyFromPrivate(privateKey);
    const next = pathKey && privMul(privateKey, sha256(concat(pathKey, secret)));
    if (next === undefined) return err({ code: 'bad_session_key' });
    privateKey = next;
  }
  return ok({ firstNodeId: first.nodeId, firstPathKey, hops });
}

export interface Unblinded {
  readonly data: EncryptedData;
  /** The path key for the next node: computed, or the one the recipient put in its place. */
  readonly nextPathKey: Bytes;
}

export type UnblindError =
  | { readonly code: 'bad_path_key' }
  | { readonly code: 'cannot_decrypt' }
  | { readonly code: 'bad_encrypted_data'; readonly cause: WireError };

/** At a node of the path; `shared` is our node's key, as `Signer.ecdh`. */
export function unblind(
  pathKey: Bytes,
  encryptedRecipientData: Bytes,
  shared: (point: Bytes) => Bytes,
): Result<Unblinded, UnblindError> {
  if (!decode(point, pathKey).ok) return err({ code: 'bad_path_key' });
  const secret = shared(pathKey);
  const plain = chacha20poly1305Decrypt(
    deriveKey('rho', secret),
    NONCE,
    EMPTY,
    encryptedRecipientData,
  );
  if (plain === undefined) return err({ code: 'cannot_decrypt' });
  // BOLT 4, route blinding: a stream that does not parse, or holds unknown even types, is an error.
  const data = decodeEncryptedData(plain);
  if (!data.ok) return err({ code: 'bad_encrypted_data', cause: data.error });
  const computed = pointMul(pathKey, sha256(concat(pathKey, secret)));
  const nextPathKey = data.value.nextPathKeyOverride ?? computed;
  if (nextPathKey === undefined) return err({ code: 'bad_path_key' });
  return ok({ data: data.value, nextPathKey });
}

/** BOLT 4, payload format: what a node inside a blinded path forwards of what came in. */
export function blindedForward(
  amountMsat: bigint,
  cltvExpiry: number,
  relay: NonNullable<EncryptedData['paymentRelay']>,
): { readonly amtToForward: bigint; readonly outgoingCltvValue: number } {
  const base = BigInt(relay.feeBaseMsat);
  const proportional = BigInt(relay.feeProportionalMillionths);
  const million = 1_000_000n;
  return {
    amtToForward:
      ((amountMsat - base) * million + million + proportional - 1n) / (million + proportional),
    outgoingCltvValue: cltvExpiry - relay.cltvExpiryDelta,
  };
}
