import { createRequire } from 'node:module';
import type { Bytes } from '../bytes/index.js';
import type { Curve } from './curve.js';

type Binding = typeof import('secp256k1');

function attempt<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch {
    return undefined;
  }
}

/**
 * libsecp256k1 through the package `secp256k1`, or `undefined` where its compiled part is missing
 * on this platform. The package's own entry would put `elliptic` in its place without a word, so
 * the binding is loaded by its file.
 */
export function nativeCurve(): Curve | undefined {
  const secp = attempt(() => createRequire(import.meta.url)('secp256k1/bindings.js') as Binding);
  if (secp === undefined) return undefined;
  const copy = (b: Bytes): Bytes => Uint8Array.from(b);
  return {
    backend: 'native',
    isPrivateKey: (key) => secp.privateKeyVerify(key),
    isPublicKey: (point) => secp.publicKeyVerify(point),
    publicKey: (key) => attempt(() => secp.publicKeyCreate(key)),
    privateAdd: (key, tweak) => attempt(() => secp.privateKeyTweakAdd(copy(key), tweak)),
    privateMul: (key, tweak) => attempt(() => secp.privateKeyTweakMul(copy(key), tweak)),
    privateNegate: (key) => attempt(() => secp.privateKeyNegate(copy(key))),
    pointAdd: (a, b) => attempt(() => secp.publicKeyCombine([a, b])),
    pointTweakAdd: (point, tweak) => attempt(() => secp.publicKeyTweakAdd(point, tweak)),
    pointMul: (point, scalar) => attempt(() => secp.publicKeyTweakMul(point, scalar)),
    sign: (digest, key, extra) =>
      attempt(() => {
        const { signature, recid } = secp.ecdsaSign(
          digest,
          key,
          extra === undefined ? {} : { data: extra },
        );
        return { signature, recovery: recid };
      }),
    verify: (signature, digest, point) =>
      attempt(() => secp.ecdsaVerify(signature, digest, point)) ?? false,
    recover: (signature, recovery, digest) =>
      attempt(() => secp.ecdsaRecover(signature, recovery, digest)),
  };
}
