import { createCipheriv, createDecipheriv } from 'node:crypto';
import { type Bytes, EMPTY } from '../bytes/index.js';

const TAG_LENGTH = 16;

/**
 * ChaCha20-Poly1305 (RFC 8439): the ciphertext with its 16-byte tag behind it.
 * `key` is 32 bytes, `nonce` 12.
 */
export function chacha20poly1305Encrypt(
  key: Bytes,
  nonce: Bytes,
  associated: Bytes,
  plaintext: Bytes,
): Bytes {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(associated, { plaintextLength: plaintext.length });
  const body = cipher.update(plaintext);
  cipher.final();
  const out = new Uint8Array(plaintext.length + TAG_LENGTH);
  out.set(body);
  out.set(cipher.getAuthTag(), plaintext.length);
  return out;
}

/** The plaintext, or `undefined` where the tag does not fit or is cut off. */
export function chacha20poly1305Decrypt(
  key: Bytes,
  nonce: Bytes,
  associated: Bytes,
  ciphertext: Bytes,
): Bytes | undefined {
  const length = ciphertext.length - TAG_LENGTH;
  if (length < 0) return undefined;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_LENGTH });
  decipher.setAAD(associated, { plaintextLength: length });
  decipher.setAuthTag(ciphertext.subarray(length));
  const body = decipher.update(ciphertext.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return new Uint8Array(body.buffer, body.byteOffset, body.length);
}

/** A nonce as BOLT 8 counts it: four zero bytes, then the count in 64 bits little-endian. */
export function countingNonce(count: number): Bytes {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(4, count >>> 0, true);
  new DataView(nonce.buffer).setUint32(8, Math.floor(count / 2 ** 32), true);
  return nonce;
}

const ZERO_NONCE = new Uint8Array(12);

/** `data` XORed with the ChaCha20 stream (RFC 8439, counter from 0). BOLT 4's nonce is zero. */
export function chacha20(key: Bytes, data: Bytes, nonce: Bytes = ZERO_NONCE): Bytes {
  if (data.length === 0) return EMPTY;
  const iv = new Uint8Array(16);
  iv.set(nonce, 4);
  const out = createCipheriv('chacha20', key, iv).update(data);
  return new Uint8Array(out.buffer, out.byteOffset, out.length);
}

/** `length` bytes of the ChaCha20 stream: BOLT 4's pseudo-random bytes. */
export const chacha20Stream = (key: Bytes, length: number): Bytes =>
  chacha20(key, new Uint8Array(length));
