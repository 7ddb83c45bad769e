/** BIP 32, private derivation only, on the native curve: a start derives dozens of keys. */
import { createHmac } from 'node:crypto';
import { concat, utf8 } from '../../core/bytes/index.js';
import { isValidPrivateKey, privAdd, publicKeyFromPrivate } from '../../core/crypto/index.js';

export interface ExtendedKey {
  readonly key: Uint8Array;
  readonly chainCode: Uint8Array;
}

export const HARDENED = 0x80000000;

function split(hmacKey: Uint8Array, data: Uint8Array): ExtendedKey {
  const both = createHmac('sha512', hmacKey).update(data).digest();
  return {
    key: Uint8Array.from(both.subarray(0, 32)),
    chainCode: Uint8Array.from(both.subarray(32)),
  };
}

/** Throws for a seed that yields no key, one in 2^127. */
export function masterKey(seed: Uint8Array): ExtendedKey {
  const master = split(utf8('Bitcoin seed'), seed);
  if (!isValidPrivateKey(master.key)) throw new Error('bip32: this seed yields no key');
  return master;
}

/** Child `index`; from `HARDENED` on a hardened one. Throws where it has no key, one in 2^127. */
export function childKey(parent: ExtendedKey, index: number): ExtendedKey {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, index);
  const shown =
    index >= HARDENED
      ? concat(Uint8Array.of(0), parent.key)
      : (publicKeyFromPrivate(parent.key) as Uint8Array);
  const { key: tweak, chainCode } = split(parent.chainCode, concat(shown, number));
  const key = privAdd(parent.key, tweak);
  if (key === undefined) throw new Error(`bip32: child ${index} has no key`);
  return { key, chainCode };
}

export const descend = (root: ExtendedKey, path: readonly number[]): ExtendedKey =>
  path.reduce(childKey, root);
