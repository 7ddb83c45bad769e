import { Transaction as Reference } from '@scure/btc-signer';
import { describe, expect, it } from 'vitest';
import {
  decodeTx,
  encodeTx,
  p2wpkhScriptCode,
  SIGHASH_ALL,
  SIGHASH_NONE,
  SIGHASH_SINGLE,
  sighashCache,
  sighashTaproot,
  sighashV0,
  type Transaction,
} from '../../../src/core/bitcoin/index.js';
import { hex, sat, toHex } from '../../../src/core/bytes/index.js';
import { schnorrSign, schnorrVerify, sha256 } from '../../../src/core/crypto/index.js';

/** BIP 143, the example "Native P2WPKH". */
const BIP143 =
  '0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffff' +
  'ef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff' +
  '02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac' +
  '9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000';

function tx(): Transaction {
  const decoded = decodeTx(hex(BIP143));
  if (decoded === undefined) throw new Error('not decoded');
  return decoded;
}

describe('BIP 143', () => {
  it('the example "Native P2WPKH" has its digest, with and without the cache', () => {
    const code = p2wpkhScriptCode(hex('1d0f172a0ecb48aee1be1f2687d2963ae33f71a1'));
    const expected = 'c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670';
    expect(toHex(sighashV0(tx(), 1, code, sat(600_000_000)))).toBe(expected);
    const cache = sighashCache(tx());
    expect(toHex(sighashV0(tx(), 1, code, sat(600_000_000), SIGHASH_ALL, cache))).toBe(expected);
  });

  it('every sighash type agrees with @scure/btc-signer', () => {
    const reference = Reference.fromRaw(encodeTx(tx()), { allowUnknownOutputs: true });
    const code = new Uint8Array(300).fill(0x51);
    const cache = sighashCache(tx());
    for (const base of [SIGHASH_ALL, SIGHASH_NONE, SIGHASH_SINGLE]) {
      for (const type of [base, base | 0x80]) {
        for (const index of [0, 1]) {
          const theirs = toHex(reference.preimageWitnessV0(index, code, type, 12345n));
          expect(toHex(sighashV0(tx(), index, code, sat(12345), type))).toBe(theirs);
          expect(toHex(sighashV0(tx(), index, code, sat(12345), type, cache))).toBe(theirs);
        }
      }
    }
  });

  it('SIGHASH_SINGLE without an output of that index signs zeros for it', () => {
    const two = tx();
    const one = { ...two, outputs: two.outputs.slice(0, 1) };
    const reference = Reference.fromRaw(encodeTx(one), { allowUnknownOutputs: true });
    const code = hex('51');
    expect(toHex(sighashV0(one, 1, code, sat(1), SIGHASH_SINGLE))).toBe(
      toHex(reference.preimageWitnessV0(1, code, SIGHASH_SINGLE, 1n)),
    );
  });
});

describe('BIP 341', () => {
  it('key-path digests agree with @scure/btc-signer', () => {
    const reference = Reference.fromRaw(encodeTx(tx()), { allowUnknownOutputs: true });
    const spent = [5n, 7n].map((amount, i) => ({
      amount: sat(amount),
      scriptPubkey: new Uint8Array(34).fill(i + 1),
    }));
    const [scripts, amounts] = [spent.map((o) => o.scriptPubkey), spent.map((o) => o.amount)];
    for (const type of [0, 1, 2, 3, 0x81, 0x82, 0x83]) {
      for (const index of [0, 1]) {
        const theirs = reference.preimageWitnessV1(index, scripts, type, amounts);
        expect(toHex(sighashTaproot(tx(), index, spent, type))).toBe(toHex(theirs));
      }
    }
  });
});

describe('BIP 340', () => {
  const VECTORS: readonly (readonly [string, string, string, string, string])[] = [
    [
      '0000000000000000000000000000000000000000000000000000000000000003',
      'f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9',
      '00'.repeat(32),
      '00'.repeat(32),
      'e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215' +
        '25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0',
    ],
    [
      'b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef',
      'dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659',
      `${'00'.repeat(31)}01`,
      '243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89',
      '6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341' +
        '8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a',
    ],
  ];

  for (const [i, [key, point, aux, message, signature]] of VECTORS.entries()) {
    it(`test vector ${i}`, () => {
      expect(toHex(schnorrSign(hex(key), hex(message), hex(aux)) as Uint8Array)).toBe(signature);
      expect(schnorrVerify(hex(signature), hex(message), hex(point))).toBe(true);
      expect(schnorrVerify(hex(signature), sha256(hex(message)), hex(point))).toBe(false);
    });
  }
});
