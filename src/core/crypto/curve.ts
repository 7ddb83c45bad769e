import type { Bytes } from '../bytes/index.js';

/**
 * The arithmetic of secp256k1 as two libraries offer it. Arguments have the right lengths here;
 * what is no key, point or signature answers `undefined` or `false`.
 */
export interface Curve {
  readonly backend: 'native' | 'noble';
  isPrivateKey(key: Bytes): boolean;
  isPublicKey(point: Bytes): boolean;
  publicKey(key: Bytes): Bytes | undefined;
  /** key + tweak modulo the order. */
  privateAdd(key: Bytes, tweak: Bytes): Bytes | undefined;
  privateMul(key: Bytes, tweak: Bytes): Bytes | undefined;
  privateNegate(key: Bytes): Bytes | undefined;
  pointAdd(a: Bytes, b: Bytes): Bytes | undefined;
  /** point + tweak·G. */
  pointTweakAdd(point: Bytes, tweak: Bytes): Bytes | undefined;
  pointMul(point: Bytes, scalar: Bytes): Bytes | undefined;
  /** Low s, RFC 6979; `extra` (32 bytes) is RFC 6979's additional data. */
  sign(
    digest: Bytes,
    key: Bytes,
    extra?: Bytes,
  ): { readonly signature: Bytes; readonly recovery: number } | undefined;
  /** High s is refused. */
  verify(signature: Bytes, digest: Bytes, point: Bytes): boolean;
  recover(signature: Bytes, recovery: number, digest: Bytes): Bytes | undefined;
}
