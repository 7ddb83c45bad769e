import { schnorr } from '@noble/curves/secp256k1.js';
import type { Bytes } from '../bytes/index.js';
import type { Curve } from './curve.js';
import { nativeCurve } from './curve-native.js';
import { nobleCurve } from './curve-noble.js';
import { sha256 } from './hash.js';

const curve: Curve = nativeCurve() ?? nobleCurve;

/** Which library does the arithmetic; the daemon says it in its first log line. */
export const backend: 'native' | 'noble' = curve.backend;

const SCALAR = 32;
const POINT = 33;
const SIGNATURE = 64;

export const isValidPrivateKey = (key: Bytes): boolean =>
  key.length === SCALAR && curve.isPrivateKey(key);

/** Whether the 33 bytes are a compressed point of the curve. */
export const isValidPublicKey = (point: Bytes): boolean =>
  point.length === POINT && curve.isPublicKey(point);

/** The compressed point (33 bytes); `undefined` where `key` is no private key. */
export const publicKeyFromPrivate = (key: Bytes): Bytes | undefined =>
  key.length === SCALAR ? curve.publicKey(key) : undefined;

/** key + tweak modulo the order; `undefined` where that is zero, or either is out of range. */
export const privAdd = (key: Bytes, tweak: Bytes): Bytes | undefined =>
  key.length === SCALAR && tweak.length === SCALAR ? curve.privateAdd(key, tweak) : undefined;

export const privMul = (key: Bytes, tweak: Bytes): Bytes | undefined =>
  key.length === SCALAR && tweak.length === SCALAR ? curve.privateMul(key, tweak) : undefined;

export const privNegate = (key: Bytes): Bytes | undefined =>
  key.length === SCALAR ? curve.privateNegate(key) : undefined;

export const pointAdd = (a: Bytes, b: Bytes): Bytes | undefined =>
  a.length === POINT && b.length === POINT ? curve.pointAdd(a, b) : undefined;

/** point + tweak·G. */
export const pointTweakAdd = (point: Bytes, tweak: Bytes): Bytes | undefined =>
  point.length === POINT && tweak.length === SCALAR ? curve.pointTweakAdd(point, tweak) : undefined;

/** scalar·point. */
export const pointMul = (point: Bytes, scalar: Bytes): Bytes | undefined =>
  point.length === POINT && scalar.length === SCALAR ? curve.pointMul(point, scalar) : undefined;

/** BOLT 8 and BOLT 4: SHA256 of the compressed shared point. */
export function ecdh(key: Bytes, point: Bytes): Bytes | undefined {
  const shared = pointMul(point, key);
  return shared === undefined ? undefined : sha256(shared);
}

/** ECDSA over a 32-byte digest: 64 bytes (r, s), low s, nonce by RFC 6979. */
export const sign = (key: Bytes, digest: Bytes): Bytes | undefined =>
  signRecoverable(key, digest)?.signature;

/**
 * As `sign`, again until r is low too, so that the DER form has at most 70 bytes (71 with the
 * sighash type), as Bitcoin Core does it.
 */
export function signLowR(key: Bytes, digest: Bytes): Bytes | undefined {
  if (key.length !== SCALAR || digest.length !== 32) return undefined;
  let signed = curve.sign(digest, key);
  const extra = new Uint8Array(32);
  for (let i = 1; signed !== undefined && (signed.signature[0] as number) >= 0x80; i++) {
    new DataView(extra.buffer).setUint32(0, i, true);
    signed = curve.sign(digest, key, extra);
  }
  return signed?.signature;
}

/** Whether `signature` (64 bytes, low s) by `point` is good for the 32-byte digest. */
export const verify = (signature: Bytes, digest: Bytes, point: Bytes): boolean =>
  signature.length === SIGNATURE &&
  digest.length === 32 &&
  point.length === POINT &&
  curve.verify(signature, digest, point);

export const signRecoverable = (
  key: Bytes,
  digest: Bytes,
): { readonly signature: Bytes; readonly recovery: number } | undefined =>
  key.length === SCALAR && digest.length === 32 ? curve.sign(digest, key) : undefined;

/** The compressed point that made `signature`; `recovery` is 0 to 3. */
export const recover = (signature: Bytes, recovery: number, digest: Bytes): Bytes | undefined =>
  signature.length === SIGNATURE &&
  digest.length === 32 &&
  Number.isInteger(recovery) &&
  recovery >= 0 &&
  recovery <= 3
    ? curve.recover(signature, recovery, digest)
    : undefined;

const NO_AUX = new Uint8Array(32);

/** BIP 340: 64 bytes. `auxiliary` is 32 bytes that harden the nonce; zeros are sound too. */
export function schnorrSign(
  key: Bytes,
  message: Bytes,
  auxiliary: Bytes = NO_AUX,
): Bytes | undefined {
  if (!isValidPrivateKey(key) || auxiliary.length !== 32) return undefined;
  return schnorr.sign(message, key, auxiliary);
}

/** BIP 340; `point` is the x coordinate alone (32 bytes). */
export function schnorrVerify(signature: Bytes, message: Bytes, point: Bytes): boolean {
  if (signature.length !== SIGNATURE || point.length !== 32) return false;
  return schnorr.verify(signature, message, point);
}

/** The x coordinate (32 bytes) of a compressed point. */
export const xOnly = (point: Bytes): Bytes => point.slice(1, POINT);
