import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../../../src/core/bytes/index.js';
import { nativeCurve } from '../../../src/core/crypto/curve-native.js';
import { nobleCurve } from '../../../src/core/crypto/curve-noble.js';
import {
  backend,
  ecdh,
  isLowS,
  isValidPublicKey,
  pointAdd,
  pointMul,
  pointTweakAdd,
  privAdd,
  privMul,
  privNegate,
  publicKeyFromPrivate,
  recover,
  schnorrSign,
  schnorrVerify,
  sha256,
  sign,
  signLowR,
  signRecoverable,
  verify,
  xOnly,
} from '../../../src/core/crypto/index.js';

const ORDER = hex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
const ZERO = new Uint8Array(32);
const key = (n: number): Uint8Array => sha256(Uint8Array.of(n));
const point = (n: number): Uint8Array => publicKeyFromPrivate(key(n)) as Uint8Array;

describe('secp256k1', () => {
  it('runs on the native library where its compiled part is present', () => {
    expect(backend).toBe(nativeCurve() === undefined ? 'noble' : 'native');
  });

  it('signs by RFC 6979: the known signature of "Satoshi Nakamoto" by key 1', () => {
    const one = Uint8Array.from(ZERO);
    one[31] = 1;
    const digest = sha256(new TextEncoder().encode('Satoshi Nakamoto'));
    expect(toHex(sign(one, digest) as Uint8Array)).toBe(
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8' +
        '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    );
  });

  it('a signature is verified, recovered, and fails for another digest or key', () => {
    for (let n = 0; n < 20; n++) {
      const digest = sha256(point(n));
      const signed = signRecoverable(key(n), digest);
      if (signed === undefined) throw new Error('not signed');
      expect(isLowS(signed.signature)).toBe(true);
      expect(verify(signed.signature, digest, point(n))).toBe(true);
      expect(verify(signed.signature, digest, point(n + 1))).toBe(false);
      expect(verify(signed.signature, sha256(digest), point(n))).toBe(false);
      expect(recover(signed.signature, signed.recovery, digest)).toEqual(point(n));
      const lowR = signLowR(key(n), digest) as Uint8Array;
      expect((lowR[0] as number) < 0x80 && verify(lowR, digest, point(n))).toBe(true);
    }
  });

  it('a signature with high s is refused', () => {
    const digest = sha256(ZERO);
    const signature = Uint8Array.from(sign(key(1), digest) as Uint8Array);
    signature.set(privNegate(signature.slice(32)) as Uint8Array, 32);
    expect(isLowS(signature)).toBe(false);
    expect(verify(signature, digest, point(1))).toBe(false);
  });

  it('keys and points add and multiply alike', () => {
    const [a, b] = [key(1), key(2)];
    const sum = publicKeyFromPrivate(privAdd(a, b) as Uint8Array);
    expect(pointAdd(point(1), point(2))).toEqual(sum);
    expect(pointTweakAdd(point(1), b)).toEqual(sum);
    const product = publicKeyFromPrivate(privMul(a, b) as Uint8Array);
    expect(pointMul(point(1), b)).toEqual(product);
    expect(ecdh(a, point(2))).toEqual(sha256(product as Uint8Array));
    expect(ecdh(a, point(2))).toEqual(ecdh(b, point(1)));
  });

  it('what is no key, point or signature is answered, not thrown', () => {
    const short = new Uint8Array(5);
    const offCurve = hex(`02${'ff'.repeat(32)}`);
    for (const bad of [short, ZERO, ORDER]) {
      expect(publicKeyFromPrivate(bad)).toBeUndefined();
      expect(sign(bad, ZERO)).toBeUndefined();
      expect(schnorrSign(bad, ZERO)).toBeUndefined();
      expect(ecdh(bad, point(1))).toBeUndefined();
      expect(privMul(key(1), bad)).toBeUndefined();
    }
    for (const bad of [short, offCurve, new Uint8Array(33), hex(`04${'00'.repeat(64)}`)]) {
      expect(isValidPublicKey(bad)).toBe(false);
      expect(ecdh(key(1), bad)).toBeUndefined();
      expect(pointAdd(point(1), bad)).toBeUndefined();
      expect(verify(new Uint8Array(64), ZERO, bad)).toBe(false);
    }
    expect(
      pointAdd(
        point(1),
        pointMul(point(1), privNegate(hex(`${'00'.repeat(31)}01`)) as Uint8Array) as Uint8Array,
      ),
    ).toBeUndefined();
    expect(privAdd(key(1), privNegate(key(1)) as Uint8Array)).toBeUndefined();
    for (const length of [0, 63, 64, 65]) {
      expect(verify(new Uint8Array(length), ZERO, point(1))).toBe(false);
      expect(verify(new Uint8Array(length).fill(255), ZERO, point(1))).toBe(false);
      expect(recover(new Uint8Array(length), 0, ZERO)).toBeUndefined();
      expect(schnorrVerify(new Uint8Array(length).fill(255), ZERO, xOnly(point(1)))).toBe(false);
    }
    expect(recover(new Uint8Array(64).fill(1), 7, ZERO)).toBeUndefined();
    expect(schnorrVerify(new Uint8Array(64), ZERO, new Uint8Array(32).fill(255))).toBe(false);
  });
});

describe('the two libraries', () => {
  const native = nativeCurve();

  it.runIf(native !== undefined)('agree on every operation', () => {
    if (native === undefined) return;
    const keys = [1, 2, 3, 4].map(key).concat([ZERO, ORDER]);
    const points = [1, 2, 3, 4].map(point).concat([hex(`02${'ff'.repeat(32)}`)]);
    for (const k of keys) {
      expect(nobleCurve.isPrivateKey(k)).toBe(native.isPrivateKey(k));
      expect(nobleCurve.publicKey(k)).toEqual(native.publicKey(k));
      if (k !== ZERO && k !== ORDER)
        expect(nobleCurve.privateNegate(k)).toEqual(native.privateNegate(k));
      for (const t of keys) {
        if (native.isPrivateKey(k)) {
          expect(nobleCurve.privateAdd(k, t)).toEqual(native.privateAdd(k, t));
          expect(nobleCurve.privateMul(k, t)).toEqual(native.privateMul(k, t));
        }
        // Of a digest above the order (never met by chance) libsecp256k1 makes another nonce.
        if (t === ORDER) continue;
        expect(nobleCurve.sign(t, k)).toEqual(native.sign(t, k));
        expect(nobleCurve.sign(t, k, key(9))).toEqual(native.sign(t, k, key(9)));
      }
      for (const p of points) {
        expect(nobleCurve.pointTweakAdd(p, k)).toEqual(native.pointTweakAdd(p, k));
        expect(nobleCurve.pointMul(p, k)).toEqual(native.pointMul(p, k));
        const signed = native.sign(key(7), k);
        if (signed === undefined) continue;
        expect(nobleCurve.verify(signed.signature, key(7), p)).toBe(
          native.verify(signed.signature, key(7), p),
        );
        expect(nobleCurve.recover(signed.signature, signed.recovery, key(7))).toEqual(
          native.recover(signed.signature, signed.recovery, key(7)),
        );
      }
    }
    for (const a of points) {
      expect(nobleCurve.isPublicKey(a)).toBe(native.isPublicKey(a));
      for (const b of points) expect(nobleCurve.pointAdd(a, b)).toEqual(native.pointAdd(a, b));
    }
  });
});
