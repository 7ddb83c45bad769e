import { expect, it } from 'vitest';
import { killSoak } from '../support/kill-soak.js';

it('killed -9 at random moments while payments run over two hops: the books agree', async () => {
  const report = await killSoak({ kills: 15, seed: 'npm test', log: console.error });
  expect(report.wrong).toEqual([]);
  expect(report.paid).toBeGreaterThan(0);
}, 180_000);
