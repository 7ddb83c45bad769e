/** BOLT 3, appendices D (per-commitment secrets) and E (key derivation). */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/core/bytes/index.js';
import {
  derivePrivateKey,
  derivePublicKey,
  deriveRevocationKey,
  deriveRevocationPrivateKey,
} from '../../../src/core/channel/commitment/index.js';
import {
  decodeShachain,
  emptyShachain,
  encodeShachain,
  generateFromSeed,
  insertSecret,
  lookupSecret,
  publicKeyFromPrivate,
  SHACHAIN_FIRST_INDEX,
  ShachainGenerator,
  type ShachainStore,
} from '../../../src/core/crypto/index.js';
import { bytes, load } from './support.js';

interface Insert {
  readonly index: string;
  readonly secret: string;
  readonly output: 'OK' | 'ERROR';
}

const { generation, storage } = load<{
  readonly generation: readonly { name: string; seed: string; index: string; output: string }[];
  readonly storage: readonly { name: string; inserts: readonly Insert[] }[];
}>('shachain');

describe('BOLT 3 appendix D: generation', () => {
  it('has all 5 cases', () => expect(generation.length).toBe(5));
  for (const v of generation) {
    it(v.name, () => {
      const secret = generateFromSeed(bytes(v.seed), BigInt(v.index));
      expect(toHex(secret)).toBe(v.output.slice(2));
    });
  }
});

describe('a generator that remembers the last index', () => {
  it('gives the same secrets, in any order', () => {
    const seed = new Uint8Array(32).fill(0xff);
    const generator = new ShachainGenerator(seed);
    const indexes = generation.map((v) => BigInt(v.index));
    for (let n = 0n; n < 300n; n++) indexes.push(SHACHAIN_FIRST_INDEX - n);
    for (const index of [...indexes, ...indexes.reverse(), 0n, 1n, 0n])
      expect(generator.at(index)).toEqual(generateFromSeed(seed, index));
  });
});

describe('BOLT 3 appendix D: storage', () => {
  it('has all 9 cases', () => expect(storage.length).toBe(9));
  for (const v of storage) {
    it(v.name, () => {
      let store: ShachainStore = emptyShachain;
      for (const { index, secret, output } of v.inserts) {
        const next = insertSecret(store, BigInt(index), bytes(secret));
        expect(next === undefined ? 'ERROR' : 'OK').toBe(output);
        if (next === undefined) return;
        store = next;
      }
      for (const { index, secret } of v.inserts)
        expect(toHex(lookupSecret(store, BigInt(index)) as Uint8Array)).toBe(secret.slice(2));
      expect(decodeShachain(encodeShachain(store))).toEqual(store);
    });
  }
});

describe('BOLT 3 appendix E', () => {
  const v = load<Readonly<Record<string, string>>>('keys');
  const names = v.names as unknown as readonly [string, string, string, string];
  const [base, secret] = [bytes(v.base_secret), bytes(v.per_commitment_secret)];
  const [basepoint, point] = [bytes(v.base_point), bytes(v.per_commitment_point)];

  it('has all 4 cases', () => expect(names.length).toBe(4));

  it('the points are those of the secrets', () => {
    expect(publicKeyFromPrivate(base)).toEqual(basepoint);
    expect(publicKeyFromPrivate(secret)).toEqual(point);
  });
  it(names[0], () => expect(derivePublicKey(basepoint, point)).toEqual(bytes(v.localpubkey)));
  it(names[1], () =>
    expect(derivePrivateKey(base, basepoint, point)).toEqual(bytes(v.localprivkey)),
  );
  it(names[2], () =>
    expect(deriveRevocationKey(basepoint, point)).toEqual(bytes(v.revocationpubkey)),
  );
  it(names[3], () =>
    expect(deriveRevocationPrivateKey(base, basepoint, secret)).toEqual(bytes(v.revocationprivkey)),
  );
});
