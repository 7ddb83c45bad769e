/**
 * BOLT 4, "Returning Errors": a failure on its way back, from the node that made it over every
 * node that passes it on to the origin, which alone can read it.
 */
import { type Bytes, concat, EMPTY, err, ok, Reader, type Result, Writer } from '../bytes/index.js';
import { chacha20, equalSecret, hmacSha256 } from '../crypto/index.js';
import { decodeFailure, encodeFailure, type FailureMessage } from './failures.js';
import { deriveKey } from './keys.js';

const HMAC = 32;
/** BOLT 4, erring node: `failure_len` plus `pad_len` is at least this. */
const PADDED = 256;
/** BOLT 4, origin node: so many layers are taken off whatever the route's length. */
const LAYERS = 27;

/** The return packet before any stream: what attribution data is computed over. */
export function plainFailure(sharedSecret: Bytes, message: Bytes): Bytes {
  const padding = Math.max(0, PADDED - message.length);
  const body = new Writer()
    .u16(message.length)
    .bytes(message)
    .u16(padding)
    .bytes(new Uint8Array(padding))
    .finish();
  return concat(hmacSha256(deriveKey('um', sharedSecret), body), body);
}

/** At the erring node: the `reason` of update_fail_htlc. */
export const createFailure = (sharedSecret: Bytes, failure: FailureMessage): Bytes =>
  createRawFailure(sharedSecret, encodeFailure(failure));

/** As `createFailure`, for a `failuremsg` that is encoded already. */
export const createRawFailure = (sharedSecret: Bytes, message: Bytes): Bytes =>
  relayFailure(sharedSecret, plainFailure(sharedSecret, message));

/** At every node on the way back: one layer more. */
export const relayFailure = (sharedSecret: Bytes, reason: Bytes): Bytes =>
  chacha20(deriveKey('ammag', sharedSecret), reason);

/** A failure as the origin reads it. */
export interface ReadFailure {
  /** Which hop made it: 0 is the first node after the origin. */
  readonly index: number;
  readonly failure: FailureMessage;
  /** `failuremsg` as it came, for people. */
  readonly raw: Bytes;
}

export type ReadFailureError =
  /** No hop's key fits: somebody on the way changed it, or the erring node made nonsense. */
  | { readonly code: 'unreadable_reply' }
  /** A hop's HMAC fits, but there is no message in it. */
  | { readonly code: 'malformed_reply'; readonly index: number };

/** Secrets that no route has: layers past the end cost what layers before it do. */
const DUMMY = new Uint8Array(HMAC);

/**
 * At the origin: who failed the HTLC, and why. Takes off 27 layers in any case, so that the time
 * it takes does not tell how far away the erring node is.
 */
export function readFailure(
  sharedSecrets: readonly Bytes[],
  reason: Bytes,
): Result<ReadFailure, ReadFailureError> {
  let packet = reason;
  let index = -1;
  let body: Bytes = EMPTY;
  for (let i = 0; i < Math.max(LAYERS, sharedSecrets.length); i++) {
    const secret = sharedSecrets[i] ?? DUMMY;
    packet = relayFailure(secret, packet);
    const hmac = hmacSha256(deriveKey('um', secret), packet.subarray(HMAC));
    const fits = equalSecret(hmac, packet.subarray(0, HMAC));
    if (fits && index < 0 && i < sharedSecrets.length) {
      index = i;
      body = packet.subarray(HMAC);
    }
  }
  if (index < 0) return err({ code: 'unreadable_reply' });
  const raw = failureIn(body);
  if (raw === undefined) return err({ code: 'malformed_reply', index });
  return ok({ index, failure: decodeFailure(raw), raw });
}

function failureIn(body: Bytes): Bytes | undefined {
  if (body.length < 4) return undefined;
  const reader = new Reader(body);
  const length = reader.u16();
  return length < 2 || length > reader.left ? undefined : reader.take(length);
}
