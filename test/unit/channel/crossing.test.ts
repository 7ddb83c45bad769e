/**
 * HTLCs of both sides that cross on the wire: each side offered what it could, as far as it knew, and
 * together they cost the opener more fees than its reserve leaves.
 */
import { describe, expect, it } from 'vitest';
import { msat } from '../../../src/core/bytes/index.js';
import { commitmentCost, summarize } from '../../../src/core/channel/balances.js';
import { channelView } from '../../../src/core/channel/index.js';
import { Pair, type PairOptions } from './harness.js';

/** What the opener has above its reserve and the fees in bob's latest commitment, millisatoshi. */
function room({ bob }: Pair): bigint {
  const { params, commitments } = bob.live;
  const { balances, untrimmed, feeratePerKw } = summarize(params, commitments, 'local');
  const cost = commitmentCost(params.format, feeratePerKw, untrimmed);
  return balances.remote - (BigInt(params.local.channelReserve) + cost) * 1000n;
}

const feerates = (pair: Pair): number[] =>
  [pair.alice, pair.bob].map((party) => channelView(party.state).feeratePerKw ?? 0);

/** Alice spends all she can; bob, before he hears of it, offers `count` HTLCs. */
function crossed(count: number, options: PairOptions = {}): { pair: Pair; least: bigint } {
  const pair = new Pair({ push: msat(500_000_000), feeratePerKw: 1250, ...options }).open();
  let least = room(pair);
  pair.check = (party) => {
    if (party !== pair.bob) return;
    const left = room(pair);
    if (left < least) least = left;
  };
  for (let i = 0; i < count; i++) expect(pair.add(pair.bob, 5_000_000n).ok).toBe(true);
  const spendable = channelView(pair.alice.state).spendableMsat;
  expect(pair.add(pair.alice, spendable).ok).toBe(true);
  pair.settle();
  return { pair, least };
}

describe('HTLCs that cross while the opener spends all it can', () => {
  it('few: the fee spike buffer pays for them, at the same feerate', () => {
    const { pair, least } = crossed(9);
    expect(least).toBeGreaterThanOrEqual(0n);
    expect(feerates(pair)).toEqual([1250, 1250]);
    expect(pair.complaints).toEqual([]);
  });

  it('a burst of thirty at the lowest feerates: what the opener kept pays for them', () => {
    for (const feeratePerKw of [253, 300, 500]) {
      const { pair, least } = crossed(30, { feeratePerKw });
      expect(least).toBeGreaterThanOrEqual(0n);
      expect(pair.complaints).toEqual([]);
    }
  });

  it('many: the opener lowers the feerate with the signature that takes them in', () => {
    const { pair, least } = crossed(50);
    expect(pair.alice.live.commitments.htlcs.length).toBe(51);
    // The reserve is whole in every commitment that the peer was ever given.
    expect(least).toBeGreaterThanOrEqual(0n);
    const [ours, theirs] = feerates(pair);
    expect(ours).toBe(theirs);
    expect(ours).toBeLessThan(1250);
    expect(ours).toBeGreaterThanOrEqual(253);
    expect(pair.complaints).toEqual([]);
  });

  it('many, and each signature lost once: the lower feerate is said again before it', () => {
    const pair = new Pair({ push: msat(500_000_000), feeratePerKw: 1250 }).open();
    for (let i = 0; i < 50; i++) pair.add(pair.bob, 5_000_000n);
    pair.add(pair.alice, channelView(pair.alice.state).spendableMsat);
    pair.sign(pair.alice);
    pair.sign(pair.bob);
    while (pair.deliver(pair.alice) || pair.deliver(pair.bob));
    expect(pair.sign(pair.alice)).toBe(true);
    pair.crash(pair.alice).reconnect().settle();
    expect(room(pair)).toBeGreaterThanOrEqual(0n);
    expect(pair.complaints).toEqual([]);
  });

  it('more than the lowest feerate pays for: the feerate stays, and the reserve pays', () => {
    const { pair, least } = crossed(80);
    expect(least).toBeLessThan(0n);
    expect(feerates(pair)).toEqual([1250, 1250]);
    expect(pair.complaints).toEqual([]);
  });

  it('without anchors: the feerate stays, since such a commitment must confirm by itself', () => {
    const { pair, least } = crossed(50, { type: { anchors: false } });
    expect(least).toBeLessThan(0n);
    expect(feerates(pair)).toEqual([1250, 1250]);
    expect(pair.complaints).toEqual([]);
  });

  it('the usual feerate comes back once they are settled', () => {
    const { pair } = crossed(50);
    for (const id of [...pair.alice.received.keys()])
      pair.decide(pair.alice, id, { kind: 'fulfill' });
    pair.settle();
    pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 1250 });
    pair.settle();
    expect(feerates(pair)).toEqual([1250, 1250]);
  });
});
