import { secp256k1 } from '@noble/curves/secp256k1.js';
import { type Bytes, compare } from '../bytes/index.js';
import type { Curve } from './curve.js';

const { Point } = secp256k1;
const { Fn } = Point;

function attempt<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch {
    return undefined;
  }
}

/** A scalar below the order; `fromBytes` throws above it. */
const scalar = (bytes: Bytes): bigint => Fn.fromBytes(bytes);

/** Zero and the point at infinity are no keys. */
const privateKey = (value: bigint): Bytes | undefined =>
  value === 0n ? undefined : Fn.toBytes(value);
const publicKey = (point: InstanceType<typeof Point>): Bytes | undefined =>
  point.is0() ? undefined : point.toBytes(true);

/** secp256k1 in JavaScript (audited, about a twentieth of the native speed): the named fallback. */
export const nobleCurve: Curve = {
  backend: 'noble',
  isPrivateKey: (key) => secp256k1.utils.isValidSecretKey(key),
  isPublicKey: (point) => attempt(() => Point.fromBytes(point)) !== undefined,
  publicKey: (key) => attempt(() => secp256k1.getPublicKey(key, true)),
  privateAdd: (key, tweak) => attempt(() => privateKey(Fn.add(scalar(key), scalar(tweak)))),
  privateMul: (key, tweak) => attempt(() => privateKey(Fn.mul(scalar(key), scalar(tweak)))),
  privateNegate: (key) => attempt(() => privateKey(Fn.neg(scalar(key)))),
  pointAdd: (a, b) => attempt(() => publicKey(Point.fromBytes(a).add(Point.fromBytes(b)))),
  pointTweakAdd: (point, tweak) =>
    attempt(() => {
      const t = scalar(tweak);
      const base = Point.fromBytes(point);
      return publicKey(t === 0n ? base : base.add(Point.BASE.multiply(t)));
    }),
  pointMul: (point, by) => attempt(() => publicKey(Point.fromBytes(point).multiply(scalar(by)))),
  sign: (digest, key, extra) =>
    attempt(() => {
      const out = secp256k1.sign(digest, key, {
        prehash: false,
        lowS: true,
        format: 'recovered',
        ...(extra === undefined ? {} : { extraEntropy: extra }),
      });
      return { signature: out.slice(1), recovery: out[0] as number };
    }),
  verify: (signature, digest, point) =>
    attempt(() => secp256k1.verify(signature, digest, point, { prehash: false, lowS: true })) ??
    false,
  recover: (signature, recovery, digest) =>
    attempt(() => {
      const full = new Uint8Array(65);
      full[0] = recovery;
      full.set(signature, 1);
      return secp256k1.recoverPublicKey(full, digest, { prehash: false });
    }),
};

/** Half the order of the group, 32 bytes: an `s` above it is high. */
const HALF_ORDER: Bytes = Fn.toBytes(Fn.ORDER >> 1n);

/** BIP 146: whether `s` of a 64-byte signature is low. */
export const isLowS = (signature: Bytes): boolean =>
  compare(signature.subarray(32, 64), HALF_ORDER) <= 0;
