import { describe, expect, it } from 'vitest';
import { hex, toHex, utf8 } from '../../../src/core/bytes/index.js';
import {
  chacha20,
  chacha20poly1305Decrypt,
  chacha20poly1305Encrypt,
  chacha20Stream,
  countingNonce,
  hkdf,
  hkdfTwo,
  sha256,
  taggedHash,
} from '../../../src/core/crypto/index.js';

const KEY = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
const NONCE = hex('070000004041424344454647');
const AD = hex('50515253c0c1c2c3c4c5c6c7');
const TEXT = utf8(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
);

describe('chacha20-poly1305', () => {
  it('seals as RFC 8439 2.8.2 has it, and opens what it sealed', () => {
    const sealed = chacha20poly1305Encrypt(KEY, NONCE, AD, TEXT);
    expect(toHex(sealed.slice(0, 16))).toBe('d31a8d34648e60db7b86afbc53ef7ec2');
    expect(toHex(sealed.slice(-16))).toBe('1ae10b594f09e26a7e902ecbd0600691');
    expect(chacha20poly1305Decrypt(KEY, NONCE, AD, sealed)).toEqual(TEXT);
  });

  it('refuses what was changed in any byte, or cut', () => {
    const sealed = chacha20poly1305Encrypt(KEY, NONCE, AD, utf8('x'));
    for (let i = 0; i < sealed.length; i++) {
      const changed = Uint8Array.from(sealed);
      changed[i] = (changed[i] as number) ^ 1;
      expect(chacha20poly1305Decrypt(KEY, NONCE, AD, changed)).toBeUndefined();
    }
    expect(chacha20poly1305Decrypt(KEY, NONCE, AD, sealed.slice(0, 15))).toBeUndefined();
    expect(chacha20poly1305Decrypt(KEY, NONCE, new Uint8Array(0), sealed)).toBeUndefined();
  });

  it('counts nonces little-endian behind four zero bytes', () => {
    expect(toHex(countingNonce(0x0102))).toBe('000000000201000000000000');
    expect(toHex(countingNonce(2 ** 32 + 5))).toBe('000000000500000001000000');
  });

  it('streams as RFC 8439 A.1 has it (zero key, zero nonce, from counter 0)', () => {
    const stream = chacha20Stream(new Uint8Array(32), 64);
    expect(toHex(stream.slice(0, 32))).toBe(
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7',
    );
    expect(chacha20(new Uint8Array(32), chacha20Stream(new Uint8Array(32), 7))).toEqual(
      new Uint8Array(7),
    );
    expect(chacha20Stream(new Uint8Array(32), 0)).toEqual(new Uint8Array(0));
  });
});

describe('hashes', () => {
  it('hkdfTwo is the first 64 bytes of HKDF with empty info', () => {
    const [a, b] = hkdfTwo(KEY, TEXT);
    expect(toHex(a) + toHex(b)).toBe(toHex(hkdf(KEY, TEXT, new Uint8Array(0), 64)));
  });

  it('hkdf answers RFC 5869 test case 1', () => {
    const okm = hkdf(
      hex('000102030405060708090a0b0c'),
      hex('0b'.repeat(22)),
      hex('f0f1f2f3f4f5f6f7f8f9'),
      42,
    );
    expect(toHex(okm)).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
  });

  it('a tagged hash begins with the hash of its tag twice', () => {
    const tag = sha256(utf8('BIP0340/challenge'));
    expect(taggedHash('BIP0340/challenge', TEXT)).toEqual(
      sha256(Uint8Array.from([...tag, ...tag, ...TEXT])),
    );
  });

  it('digests are plain byte strings whose slices are copies', () => {
    const digest = sha256(TEXT);
    expect(digest.constructor).toBe(Uint8Array);
    const slice = digest.slice();
    slice[0] = (slice[0] as number) ^ 1;
    expect(digest[0]).not.toBe(slice[0]);
  });
});
