import { describe, expect, it } from 'vitest';
import type { Transaction } from '../../../src/core/bitcoin/index.js';
import { WalletBook } from '../../../src/node/wallet/book.js';
import { LostTransactions } from '../../../src/node/wallet/lost.js';
import { ChainAway } from '../../../src/ports/index.js';

const txid = new Uint8Array(32).fill(1);
const input = { txid: new Uint8Array(32).fill(2), vout: 0, sequence: 0 };
const tx = {
  version: 2,
  locktime: 0,
  inputs: [{ ...input, scriptSig: new Uint8Array(), witness: [] }],
  outputs: [],
} satisfies Transaction;
const entry = { txid, tx, raw: new Uint8Array(), createdAt: 0 };
const book = new WalletBook('regtest');
const none = { utxo: async () => undefined };

describe('a transaction whose coins are nowhere', () => {
  it('is lost when they were missed for six blocks, also where blocks came together', async () => {
    const lost = new LostTransactions();
    expect(await lost.isLost(entry, book, none, 100)).toBe(false);
    expect(await lost.isLost(entry, book, none, 105)).toBe(false);
    expect(await lost.isLost(entry, book, none, 108)).toBe(true);
  });

  it('is waited for anew when it had been found in between', async () => {
    const lost = new LostTransactions();
    expect(await lost.isLost(entry, book, none, 100)).toBe(false);
    lost.found(txid);
    expect(await lost.isLost(entry, book, none, 108)).toBe(false);
    expect(await lost.isLost(entry, book, none, 114)).toBe(true);
  });

  it('is not lost while the chain is away', async () => {
    const lost = new LostTransactions();
    expect(await lost.isLost(entry, book, none, 100)).toBe(false);
    const away = { utxo: () => Promise.reject(new ChainAway('away')) };
    expect(await lost.isLost(entry, book, away, 108)).toBe(false);
  });
});
