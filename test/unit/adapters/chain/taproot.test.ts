import { expect, it } from 'vitest';
import { CONSENSUS_FLAGS, verifyScripts } from '../../../../src/adapters/chain/embedded/scripts.js';
import {
  encodeTx,
  sighashTaproot,
  type Transaction,
  unsignedInput,
  withWitness,
} from '../../../../src/core/bitcoin/index.js';
import { type Bytes, concat, sat } from '../../../../src/core/bytes/index.js';
import { publicKeyFromPrivate, schnorrSign, xOnly } from '../../../../src/core/crypto/index.js';

/** The first small private key whose public key's x begins with this byte. */
function keyWith(first: number): { key: Bytes; point: Bytes } {
  for (let i = 1; ; i++) {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(28, i);
    const point = xOnly(publicKeyFromPrivate(key) as Bytes);
    if (point[0] === first) return { key, point };
  }
}

it.each([0, 1, 0x80])('an output of a key that begins with %i can be spent', (first) => {
  const { key, point } = keyWith(first);
  const spent = { amount: sat(10_000), scriptPubkey: concat(Uint8Array.of(0x51, 32), point) };
  const unsigned: Transaction = {
    version: 2,
    inputs: [unsignedInput(new Uint8Array(32).fill(7), 0, 0)],
    outputs: [{ amount: sat(9_000), scriptPubkey: spent.scriptPubkey }],
    locktime: 0,
  };
  const signature = schnorrSign(key, sighashTaproot(unsigned, 0, [spent])) as Bytes;
  const tx = withWitness(unsigned, 0, [signature]);
  expect(verifyScripts(tx, encodeTx(tx), [spent], CONSENSUS_FLAGS)).toBeUndefined();
  const wrong = withWitness(unsigned, 0, [signature.with(40, (signature[40] as number) ^ 1)]);
  expect(verifyScripts(wrong, encodeTx(wrong), [spent], CONSENSUS_FLAGS)).toBeDefined();
});
