/** What the wallet should hold for the fees of channels with anchors. */
import { describe, expect, it } from 'vitest';
import { encodeTx } from '../../../src/core/bitcoin/index.js';
import { sat } from '../../../src/core/bytes/index.js';
import { type AnchorsAtRisk, feeCoins, feeReserve } from '../../../src/core/onchain/index.js';
import { htlc, idOf, World } from './kit.js';

const idle: AnchorsAtRisk = { htlcs: [], balance: sat(500_000), feeratePerKw: 2_500 };
const busy: AnchorsAtRisk = { ...idle, htlcs: [sat(50_000), sat(60_000), sat(70_000)] };

describe('the reserve for fees', () => {
  it('of one channel is about what others keep for each, at 20 sat a virtual byte', () => {
    expect(feeReserve([idle], 5_000)).toBeGreaterThan(8_000n);
    expect(feeReserve([idle], 5_000)).toBeLessThan(25_000n);
  });

  it('counts each HTLC, for no more than it is worth', () => {
    const small = { ...idle, htlcs: [sat(600), sat(600), sat(600)] };
    expect(feeReserve([busy], 5_000)).toBeGreaterThan(feeReserve([idle], 5_000));
    expect(feeReserve([small], 5_000)).toBeLessThan(feeReserve([busy], 5_000));
  });

  it('is never more than is ours in the channel: an empty one needs none', () => {
    expect(feeReserve([{ ...idle, balance: sat(0) }], 5_000)).toBe(0n);
    expect(feeReserve([{ ...idle, balance: sat(900) }], 5_000)).toBe(900n);
  });

  it('counts all channels with HTLCs, and ten that carry nothing', () => {
    const one = feeReserve([idle], 5_000);
    const of = (n: number, channel: AnchorsAtRisk) => Array.from({ length: n }, () => channel);
    expect(feeReserve(of(10, idle), 5_000)).toBe(10n * one);
    expect(feeReserve(of(300, idle), 5_000)).toBe(10n * one);
    const htlcs = feeReserve([busy], 5_000);
    expect(feeReserve([...of(4, busy), ...of(300, idle)], 5_000)).toBe(4n * htlcs + 6n * one);
    expect(feeReserve(of(30, busy), 5_000)).toBe(30n * htlcs);
  });

  it('has no use for coins that cost more than they bring', () => {
    expect(feeCoins([sat(1_300), sat(1_400)], 5_000)).toBe(1_400n);
  });

  it('in one coin brings a commitment and its HTLCs into blocks', () => {
    const feeratePerKw = 5_000;
    const htlcs = [htlc(7, 'local', 50_000, 150), htlc(8, 'remote', 60_000, 150)];
    const states = [{ alice: 440_000, htlcs }];
    const w = new World({ format: 'anchors', states, known: [8], feeratePerKw });
    const amounts = htlcs.map((h) => sat(h.amountMsat / 1000n));
    // The commitment of this test pays 500 sat per 1000 weight.
    const needed = feeReserve(
      [{ htlcs: amounts, balance: sat(440_000), feeratePerKw: 500 }],
      feeratePerKw,
    );
    w.chain.send(w.wallet.script('p2wpkh', 1), needed);
    w.mine(1);
    w.wallet.offers = ({ amount }) => amount <= needed;
    const close = w.localCommitment();
    w.publish(close);
    w.feed({ kind: 'spent', tx: encodeTx(close) });
    // Blocks take nothing that pays less than half of the estimate.
    w.mine(160 - w.height, feeratePerKw / 2);
    const [timeout, success] = ['htlc_timeout', 'htlc_success'].map((purpose) =>
      w.state.claims.find((claim) => claim.purpose === purpose),
    );
    const confirmed = w.state.spends.map(({ tx }) => idOf(tx));
    expect(confirmed).toContain(success?.versions.at(-1));
    expect(confirmed).toContain(timeout?.versions.at(-1));
    w.mine(140);
    expect(w.resolved()).toBe(true);
    expect(w.wallet.balance()).toBeGreaterThan(190_000n + 440_000n + 110_000n - 10_000n);
  });
});
