import { HDKey } from '@scure/bip32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childKey, descend, HARDENED, masterKey } from '../../../../src/adapters/signer/bip32.js';
import { hex, toHex } from '../../../../src/core/bytes/index.js';

describe('BIP 32', () => {
  // Test vector 1 of the BIP: the private keys of m and of m/0'/1/2'/2/1000000000.
  it('derives the keys of its first test vector', () => {
    const master = masterKey(hex('000102030405060708090a0b0c0d0e0f'));
    expect(toHex(master.key)).toBe(
      'e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35',
    );
    const deep = descend(master, [HARDENED, 1, HARDENED + 2, 2, 1_000_000_000]);
    expect(toHex(deep.key)).toBe(
      '471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8',
    );
  });

  it('derives what an independent implementation derives', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.array(fc.nat({ max: 0xffffffff }), { maxLength: 4 }),
        (seed, path) => {
          let theirs = HDKey.fromMasterSeed(seed);
          for (const index of path) theirs = theirs.deriveChild(index);
          const ours = path.reduce(childKey, masterKey(seed));
          expect(toHex(ours.key)).toBe(toHex(theirs.privateKey as Uint8Array));
        },
      ),
      { numRuns: 20 },
    );
  });
});
