/** BOLT 4: making an onion, and taking one layer off. */
import {
  type Bytes,
  concat,
  EMPTY,
  err,
  isZero,
  ok,
  Reader,
  type Result,
  Writer,
} from '../bytes/index.js';
import {
  chacha20,
  chacha20Stream,
  ecdh,
  equalSecret,
  hmacSha256,
  isValidPublicKey,
  pointMul,
  privMul,
  publicKeyFromPrivate,
  sha256,
} from '../crypto/index.js';
import { uint } from '../wire/index.js';
import { BADONION, PERM } from './failures.js';
import { deriveKey } from './keys.js';

/** Length of `hop_payloads` in a payment's onion; the packet is 66 bytes longer. */
export const PAYMENT_PAYLOADS = 1300;
const HEADER = 34;
const HMAC = 32;
const OVERHEAD = HEADER + HMAC;

/** One layer: who takes it off, and what they find (a TLV stream, without its length). */
export interface OnionHop {
  readonly nodeId: Bytes;
  readonly payload: Bytes;
}

export interface BuiltOnion {
  readonly packet: Bytes;
  /** 32 bytes a hop, in route order: what reads the failures that come back. */
  readonly sharedSecrets: readonly Bytes[];
}

export type BuildError =
  | { readonly code: 'no_hops' }
  | { readonly code: 'bad_session_key' }
  | { readonly code: 'bad_node_id'; readonly index: number }
  | { readonly code: 'payload_too_short'; readonly index: number }
  | { readonly code: 'payloads_too_long'; readonly maximum: number; readonly actual: number };

export interface BuildOptions {
  readonly hops: readonly OnionHop[];
  /** 32 secret bytes, fresh for every onion. */
  readonly sessionKey: Bytes;
  /** The payment hash for a payment, nothing for an onion message. */
  readonly associatedData?: Bytes;
  /** Length of `hop_payloads`; 1300 unless told. */
  readonly payloadsLength?: number;
}

/** Bytes that a payload of this length takes in `hop_payloads`: its length, itself and an HMAC. */
export const framedLength = (payloadLength: number): number =>
  (payloadLength < 253 ? 1 : 3) + payloadLength + HMAC;

function frame(payload: Bytes, hmac: Bytes): Bytes {
  const w = new Writer();
  uint.encode(w, payload.length);
  return w.bytes(payload).bytes(hmac).finish();
}

/** BOLT 4, "Shared Secret" and "Blinding Ephemeral Onion Keys": the origin's side of the chain. */
function secretsAlong(hops: readonly OnionHop[], sessionKey: Bytes): Result<Bytes[], BuildError> {
  const secrets: Bytes[] = [];
  let ephemeral = sessionKey;
  for (const [index, hop] of hops.entries()) {
    const secret = ecdh(ephemeral, hop.nodeId);
    if (secret === undefined) return err({ code: 'bad_node_id', index });
    secrets.push(secret);
    if (index === hops.length - 1) break;
    const point = publicKeyFromPrivate(ephemeral);
    const next = point && privMul(ephemeral, sha256(concat(point, secret)));
    if (next === undefined) return err({ code: 'bad_session_key' });
    ephemeral = next;
  }
  return ok(secrets);
}

/**
 * BOLT 4, "Filler Generation": what the padding added by every hop before the last looks like to
 * the last, so that the HMACs of the origin are the ones that the hops compute.
 */
function filler(rhos: readonly Bytes[], sizes: readonly number[], length: number): Bytes {
  const total = sizes.slice(0, -1).reduce((a, b) => a + b, 0);
  let out: Bytes = EMPTY;
  for (let i = 0; i < sizes.length - 1; i++) {
    const size = sizes[i] as number;
    // Hop i sees the padding made so far at the end of the field, and adds `size` zeros after it.
    const padded = concat(out, new Uint8Array(size));
    const bytes = chacha20Stream(rhos[i] as Bytes, length + size);
    const from = bytes.length - padded.length;
    out = padded.map((b, at) => b ^ (bytes[from + at] as number));
  }
  return out.subarray(0, total);
}

/** BOLT 4, "Packet Construction". */
export function buildOnion(options: BuildOptions): Result<BuiltOnion, BuildError> {
  const { hops, sessionKey, associatedData = EMPTY, payloadsLength = PAYMENT_PAYLOADS } = options;
  if (hops.length === 0) return err({ code: 'no_hops' });
  const short = hops.findIndex((hop) => hop.payload.length < 2);
  // BOLT 4, packet structure: lengths 0 and 1 are reserved.
  if (short >= 0) return err({ code: 'payload_too_short', index: short });
  const sizes = hops.map((hop) => framedLength(hop.payload.length));
  const actual = sizes.reduce((a, b) => a + b, 0);
  if (actual > payloadsLength)
    return err({ code: 'payloads_too_long', maximum: payloadsLength, actual });
  const firstKey = publicKeyFromPrivate(sessionKey);
  if (firstKey === undefined) return err({ code: 'bad_session_key' });
  const secrets = secretsAlong(hops, sessionKey);
  if (!secrets.ok) return secrets;

  const rhos = secrets.value.map((secret) => deriveKey('rho', secret));
  const tail = filler(rhos, sizes, payloadsLength);
  let field = chacha20Stream(deriveKey('pad', sessionKey), payloadsLength);
  let hmac: Bytes = new Uint8Array(HMAC);
  for (let i = hops.length - 1; i >= 0; i--) {
    const framed = frame((hops[i] as OnionHop).payload, hmac);
    field = concat(framed, field.subarray(0, payloadsLength - framed.length));
    field = chacha20(rhos[i] as Bytes, field);
    if (i === hops.length - 1) field.set(tail, payloadsLength - tail.length);
    hmac = hmacSha256(deriveKey('mu', secrets.value[i] as Bytes), concat(field, associatedData));
  }
  const packet = concat(Uint8Array.of(0), firstKey, field, hmac);
  return ok({ packet, sharedSecrets: secrets.value });
}

/** What one layer held. */
export interface Peeled {
  /** The TLV stream for us, without its length. */
  readonly payload: Bytes;
  /** The packet for the next node; undefined: the onion ends here. */
  readonly next: Bytes | undefined;
  /** With the origin: it encrypts what we have to say about this HTLC. */
  readonly sharedSecret: Bytes;
}

export type PeelError =
  /** For update_fail_malformed_htlc: we share no secret with the origin. */
  | {
      readonly code: 'bad_version' | 'bad_key' | 'bad_hmac';
      readonly failureCode: number;
      readonly sha256OfOnion: Bytes;
    }
  /** The origin wrote nonsense into its own onion: invalid_onion_payload, encrypted for it. */
  | { readonly code: 'bad_payload'; readonly sharedSecret: Bytes };

export interface PeelOptions {
  readonly associatedData?: Bytes;
  /** Our node's key, as `Signer.ecdh`. */
  readonly ecdh: (point: Bytes) => Bytes;
  /** Route blinding: the path key that came with the packet. */
  readonly pathKey?: Bytes;
}

function malformed(code: 'bad_version' | 'bad_key' | 'bad_hmac', packet: Bytes): PeelError {
  const number = { bad_version: 4, bad_hmac: 5, bad_key: 6 }[code];
  return { code, failureCode: BADONION | PERM | number, sha256OfOnion: sha256(packet) };
}

/** BOLT 4, "Onion Decryption": tweaking the ephemeral key does what tweaking ours would. */
function tweak(key: Bytes, { ecdh: shared, pathKey }: PeelOptions): Bytes | undefined {
  if (pathKey === undefined) return key;
  if (!isValidPublicKey(pathKey)) return undefined;
  return pointMul(key, deriveKey('blinded_node_id', shared(pathKey)));
}

/** BOLT 4, "Onion Decryption". Total: whatever the bytes are, it answers. */
export function peel(packet: Bytes, options: PeelOptions): Result<Peeled, PeelError> {
  // BOLT 4, onion decryption: any version but 0 fails.
  if (packet[0] !== 0 || packet.length <= OVERHEAD) return err(malformed('bad_version', packet));
  const key = packet.subarray(1, HEADER);
  const field = packet.subarray(HEADER, packet.length - HMAC);
  const hmac = packet.subarray(packet.length - HMAC);
  // BOLT 4, onion decryption: the key must be a point of the curve.
  const tweaked = isValidPublicKey(key) ? tweak(key, options) : undefined;
  if (tweaked === undefined) return err(malformed('bad_key', packet));
  const sharedSecret = options.ecdh(tweaked);
  const expected = hmacSha256(
    deriveKey('mu', sharedSecret),
    concat(field, options.associatedData ?? EMPTY),
  );
  // BOLT 4, onion decryption: the HMAC must fit, compared in constant time.
  if (!equalSecret(expected, hmac)) return err(malformed('bad_hmac', packet));

  const padded = new Uint8Array(field.length * 2);
  padded.set(field);
  const plain = chacha20(deriveKey('rho', sharedSecret), padded);
  const split = unframe(plain, field.length);
  if (split === undefined) return err({ code: 'bad_payload', sharedSecret });
  const { payload, nextHmac, consumed } = split;
  if (isZero(nextHmac)) return ok({ payload, next: undefined, sharedSecret });
  const nextKey = pointMul(key, sha256(concat(key, sharedSecret)));
  if (nextKey === undefined) return err(malformed('bad_key', packet));
  const next = concat(
    Uint8Array.of(0),
    nextKey,
    plain.subarray(consumed, consumed + field.length),
    nextHmac,
  );
  return ok({ payload, next, sharedSecret });
}

/** The payload and the next HMAC at the front of the decrypted field, if they are well-formed. */
function unframe(plain: Bytes, fieldLength: number) {
  const r = new Reader(plain);
  try {
    const length = uint.decode(r);
    // BOLT 4, onion decryption: a payload is two bytes or more (0 was the legacy format).
    if (length < 2) return undefined;
    const payload = r.take(length);
    const nextHmac = r.take(HMAC);
    // BOLT 4, onion decryption: payload and HMAC must lie within what was sent.
    if (r.offset > fieldLength) return undefined;
    return { payload, nextHmac, consumed: r.offset };
  } catch {
    return undefined;
  }
}
