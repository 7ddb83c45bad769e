/** BOLT 2, update_fee: when the opener changes the commitment's feerate. */
import { describe, expect, it } from 'vitest';
import { dueFeerate } from '../../../src/node/channels/fee-updates.js';
import { Pair } from '../channel/harness.js';
import { FEES } from '../channel/kit.js';

const opened = (anchors: boolean, feeratePerKw: number) =>
  new Pair({ type: { anchors, scidAlias: false, zeroconf: false }, feeratePerKw }).open();

describe('the feerate that is due', () => {
  it('without anchors is what confirms in a few blocks: followed at once up, late down', () => {
    const { alice, bob } = opened(false, 2500);
    const due = (commitment: number) => dueFeerate(alice.live, { ...FEES, commitment });
    expect(due(2500)).toBeUndefined();
    expect(due(2749)).toBeUndefined();
    expect(due(2750)).toBe(2750);
    expect(due(25_000)).toBe(25_000);
    expect(due(1751)).toBeUndefined();
    expect(due(1750)).toBe(1750);
    // Only who opened the channel pays, and sets it.
    expect(dueFeerate(bob.live, { ...FEES, commitment: 25_000 })).toBeUndefined();
  });

  it('with anchors is what a mempool takes: the anchor pays the rest', () => {
    const { alice } = opened(true, 1000);
    expect(dueFeerate(alice.live, { ...FEES, commitment: 50_000 })).toBeUndefined();
    expect(dueFeerate(alice.live, { ...FEES, anchorCommitment: 1100 })).toBe(1100);
  });

  it('waits for the peer to be there', () => {
    const pair = opened(false, 2500);
    pair.input(pair.alice, { kind: 'disconnected' });
    expect(dueFeerate(pair.alice.live, { ...FEES, commitment: 25_000 })).toBeUndefined();
  });
});
