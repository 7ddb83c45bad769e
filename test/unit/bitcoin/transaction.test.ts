import { Transaction as Reference } from '@scure/btc-signer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeTx,
  encodeTx,
  MAX_MONEY,
  merkleRootFits,
  parseBlock,
  type Transaction,
  txid,
  txVsize,
  txWeight,
  wtxid,
} from '../../../src/core/bitcoin/index.js';
import { hex, reversed, sat, toHex } from '../../../src/core/bytes/index.js';
import { sha256d } from '../../../src/core/crypto/index.js';
import { load } from '../../vectors/bolt03/support.js';

const bytesOf = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max });
const u32 = fc.nat({ max: 0xffffffff });

const anyTx: fc.Arbitrary<Transaction> = fc.record({
  version: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  inputs: fc.array(
    fc.record({
      txid: bytesOf(32, 32),
      vout: u32,
      scriptSig: bytesOf(0, 300),
      sequence: u32,
      witness: fc.array(bytesOf(0, 300), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  outputs: fc.array(
    fc.record({
      amount: fc.bigInt({ min: 0n, max: MAX_MONEY }).map(sat),
      scriptPubkey: bytesOf(0, 300),
    }),
    { maxLength: 4 },
  ),
  locktime: u32,
});

const funding = load<Record<string, string>>('funding');

describe('transactions', () => {
  it('any transaction comes back from its bytes', () => {
    fc.assert(
      fc.property(anyTx, (tx) => {
        expect(decodeTx(encodeTx(tx))).toEqual(tx);
      }),
    );
  });

  it('no bytes make the decoder throw, and what it takes it writes back', () => {
    fc.assert(
      fc.property(anyTx, fc.nat(), fc.nat({ max: 255 }), (tx, at, value) => {
        const bytes = encodeTx(tx);
        bytes[at % bytes.length] = value;
        const decoded = decodeTx(bytes);
        if (decoded !== undefined) expect(toHex(encodeTx(decoded))).toBe(toHex(bytes));
      }),
    );
    fc.assert(fc.property(bytesOf(0, 200), (bytes) => void decodeTx(bytes)));
  });

  it('a transaction cut off or followed by more is none', () => {
    const bytes = hex(funding.fundingTx as string);
    for (let n = 0; n < bytes.length; n++) expect(decodeTx(bytes.slice(0, n))).toBeUndefined();
    expect(decodeTx(Uint8Array.from([...bytes, 0]))).toBeUndefined();
  });

  it('counts that promise more than is there end at once', () => {
    expect(decodeTx(hex('02000000feffffffff'))).toBeUndefined();
    expect(decodeTx(hex('02000000ffffffffffffffffff'))).toBeUndefined();
    // Not the shortest form of a count.
    expect(decodeTx(hex(`02000000fd0100${'00'.repeat(41)}0000000000`))).toBeUndefined();
  });

  it('ids and weight agree with @scure/btc-signer', () => {
    const spent = load<{ cases: { ExpectedCommitmentTxHex: string }[] }>('anchors').cases;
    for (const text of [
      funding.fundingTx as string,
      ...spent.map((c) => c.ExpectedCommitmentTxHex),
    ]) {
      const tx = decodeTx(hex(text));
      if (tx === undefined) throw new Error('not decoded');
      const reference = Reference.fromRaw(hex(text), { allowUnknownOutputs: true });
      expect(toHex(reversed(txid(tx)))).toBe(reference.id);
      expect(wtxid(tx)).toEqual(sha256d(hex(text)));
      expect(txWeight(tx)).toBe(reference.weight);
      expect(txVsize(tx)).toBe(reference.vsize);
    }
  });
});

describe('blocks', () => {
  it('the blocks of BOLT 3 appendix B parse, hash and sum up', () => {
    const [zero, one] = [hex(funding.block0 as string), hex(funding.block1 as string)].map(
      parseBlock,
    );
    if (zero === undefined || one === undefined) throw new Error('not parsed');
    expect(toHex(reversed(zero.hash))).toBe(
      '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
    );
    expect(one.header.previous).toEqual(zero.hash);
    expect(merkleRootFits(zero) && merkleRootFits(one)).toBe(true);
    expect(toHex(one.raw[0] as Uint8Array)).toBe(funding.coinbaseTransaction);
  });

  it('a block cut off or followed by more is none', () => {
    const bytes = hex(funding.block1 as string);
    for (let n = 0; n < bytes.length; n++) expect(parseBlock(bytes.slice(0, n))).toBeUndefined();
    expect(parseBlock(Uint8Array.from([...bytes, 0]))).toBeUndefined();
  });
});
