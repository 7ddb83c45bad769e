/** A cheater, started from old copies of its store: `scripts/cheater.ts bitcoind` does fifty. */
import { afterEach, expect, it } from 'vitest';
import { type CheatedType, RealCheater } from '../support/endings/real-cheater.js';

let cheater: RealCheater | undefined;
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(cheater?.lightning.tails(60));
  await cheater?.stop();
}, 30_000);

it.each<[CheatedType, readonly number[]]>([
  ['anchors', [0, 3]],
  ['static_remotekey', [3]],
])(
  'a cheater on %s goes back to its states %j, with HTLCs in flight: it loses everything',
  async (type, states) => {
    cheater = await RealCheater.start(type, 4);
    // In the last story bitcoind is stopped, and forgets the penalty that waits.
    for (const state of states)
      expect(await cheater.cheat(state, { outage: state === 3 })).toBe('');
  },
  90_000,
);
