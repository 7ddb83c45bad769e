import { describe, expect, it } from 'vitest';
import { randomNetwork } from '../support/random-network.js';

describe('random payments over random networks', () => {
  it('the same seed gives the same run, byte for byte', async () => {
    const first = await randomNetwork({ seed: 'twice', faults: true });
    const second = await randomNetwork({ seed: 'twice', faults: true });
    expect(second.events).toBe(first.events);
    expect(second.digest).toBe(first.digest);
    expect((await randomNetwork({ seed: 'other' })).digest).not.toBe(first.digest);
  }, 120_000);

  let [paid, failed] = [0, 0];
  it.each(Array.from({ length: 25 }, (_, i) => `npm test ${i}`))(
    'seed "%s": every satoshi is accounted for',
    async (seed) => {
      const run = await randomNetwork({ seed, faults: /[05]$/.test(seed) });
      expect(run.wrong).toEqual([]);
      expect(run.audit.unresolved).toBe(0n);
      paid += run.paid;
      failed += run.failed;
    },
    60_000,
  );

  // A network in which hardly anybody can pay keeps perfect books too.
  it('three payments in five arrive, over all these seeds', () => {
    expect(paid).toBeGreaterThan(1.5 * failed);
  });
});
