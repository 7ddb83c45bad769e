import { describe, expect, it } from 'vitest';
import { Pair } from './harness.js';

describe('channel establishment v1', () => {
  for (const anchors of [false, true])
    it(`opens ${anchors ? 'with anchors' : 'with static_remotekey'}, pays and settles`, () => {
      const pair = new Pair({ type: { anchors } }).open();
      expect(pair.complaints).toEqual([]);
      expect(pair.alice.live.lockin).toMatchObject({ sentReady: true, receivedReady: true });
      expect(pair.add(pair.alice, 10_000_000n)).toEqual({ ok: true, htlcId: 0n });
      pair.settle();
      expect([...pair.bob.received.keys()]).toEqual([0n]);
      pair.decide(pair.bob, 0n, { kind: 'fulfill' });
      pair.settle();
      expect([...pair.alice.payments.values()][0]?.ended).toEqual({ kind: 'fulfilled' });
      expect(pair.alice.live.commitments.htlcs).toEqual([]);
      expect(pair.bob.live.commitments.settledLocal).toBe(10_000_000n);
      expect(pair.complaints).toEqual([]);
    });
});
