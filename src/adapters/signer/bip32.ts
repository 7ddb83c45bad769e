/** BIP 32 on the native curve: a wallet derives hundreds of keys. */
import { createHmac } from 'node:crypto';
import { concat, utf8 } from '../../core/bytes/index.js';
import {
  isValidPrivateKey,
  pointTweakAdd,
  privAdd,
  publicKeyFromPrivate,
} from '../../core/crypto/index.js';

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

const numbered = (shown: Uint8Array, index: number): Uint8Array => {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, index);
  return concat(shown, number);
};

/** Child `index`; from `HARDENED` on a hardened one. Throws where it has no key, one in 2^127. */
export function childKey(parent: ExtendedKey, index: number): ExtendedKey {
  const shown =
    index >= HARDENED
      ? concat(Uint8Array.of(0), parent.key)
      : (publicKeyFromPrivate(parent.key) as Uint8Array);
  const { key: tweak, chainCode } = split(parent.chainCode, numbered(shown, index));
  const key = privAdd(parent.key, tweak);
  if (key === undefined) throw new Error(`bip32: child ${index} has no key`);
  return { key, chainCode };
}

/** The public keys of a key's children that are not hardened, each by one multiplication. */
export function childPoints({ key, chainCode }: ExtendedKey): (index: number) => Uint8Array {
  const point = publicKeyFromPrivate(key) as Uint8Array;
  return (index) => {
    const child = pointTweakAdd(point, split(chainCode, numbered(point, index)).key);
    if (child === undefined) throw new Error(`bip32: child ${index} has no key`);
    return child;
  };
}

export const descend = (root: ExtendedKey, path: readonly number[]): ExtendedKey =>
  path.reduce(childKey, root);
