import * as crypto from 'node:crypto';
import { type Bytes, concat, utf8 } from '../bytes/index.js';

/** A plain Uint8Array over the same memory: Buffer's `slice` does not copy, ours must. */
const plain = (b: Buffer): Bytes => new Uint8Array(b.buffer, b.byteOffset, b.length);

const digest = (algorithm: string, data: Bytes): Bytes =>
  plain(crypto.hash(algorithm, data, 'buffer'));

/** SHA-256, 32 bytes. */
export const sha256 = (data: Bytes): Bytes => digest('sha256', data);

/** SHA-256 twice: txids, block hashes, sighashes. */
export const sha256d = (data: Bytes): Bytes => digest('sha256', digest('sha256', data));

/** RIPEMD-160, 20 bytes. */
export const ripemd160 = (data: Bytes): Bytes => digest('ripemd160', data);

/** RIPEMD-160 of SHA-256, 20 bytes: p2pkh and p2wpkh. */
export const hash160 = (data: Bytes): Bytes => ripemd160(sha256(data));

export const hmacSha256 = (key: Bytes, data: Bytes): Bytes =>
  plain(crypto.createHmac('sha256', key).update(data).digest());

/** BOLT 8: HKDF-SHA256 with empty info, its first two outputs of 32 bytes each. */
export function hkdfTwo(salt: Bytes, ikm: Bytes): readonly [Bytes, Bytes] {
  const prk = hmacSha256(salt, ikm);
  const first = hmacSha256(prk, ONE);
  const second = hmacSha256(prk, concat(first, TWO));
  return [first, second];
}

const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);

/** RFC 5869 HKDF-SHA256; at most 8160 bytes. */
export const hkdf = (salt: Bytes, ikm: Bytes, info: Bytes, length: number): Bytes =>
  new Uint8Array(crypto.hkdfSync('sha256', ikm, salt, info, length));

const tagMidstates = new Map<string, Bytes>();

/** BIP 340: SHA256(SHA256(tag) || SHA256(tag) || message). */
export function taggedHash(tag: string, ...parts: readonly Bytes[]): Bytes {
  let prefix = tagMidstates.get(tag);
  if (prefix === undefined) {
    const t = sha256(utf8(tag));
    prefix = concat(t, t);
    tagMidstates.set(tag, prefix);
  }
  return sha256(concat(prefix, ...parts));
}

/** Whether two secrets are equal, in time that does not tell where they differ. */
export function equalSecret(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}
