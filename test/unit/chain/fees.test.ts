import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contextFees,
  FEERATE_CEILING,
  FEERATE_FLOOR,
  feerateFor,
  saneEstimates,
} from '../../../src/node/chain/index.js';

const target = (blocks: number, feeratePerKw: number) => ({ blocks, feeratePerKw });

describe('fee estimates', () => {
  it('believes none above the ceiling and none below the floor', () => {
    const sane = saneEstimates({ minimum: 1, targets: [target(2, 9e9), target(6, 3)] });
    expect(sane).toEqual({
      minimum: FEERATE_FLOOR,
      targets: [target(2, FEERATE_CEILING), target(6, FEERATE_FLOOR)],
    });
  });

  it('lets a later target never be dearer than an earlier one', () => {
    const sane = saneEstimates({ minimum: 253, targets: [target(6, 900), target(2, 500)] });
    expect(sane.targets).toEqual([target(2, 500), target(6, 500)]);
  });

  it('answers with the last target that is no later than asked', () => {
    const estimates = saneEstimates({
      minimum: 300,
      targets: [target(2, 5000), target(6, 2000), target(100, 400)],
    });
    expect([1, 2, 5, 6, 99, 100, 1000].map((blocks) => feerateFor(estimates, blocks, 1))).toEqual([
      5000, 5000, 5000, 2000, 2000, 400, 400,
    ]);
  });

  it('keeps every feerate of a channel between the minimum and the maximum', () => {
    const estimate = fc.record({
      blocks: fc.integer({ min: 1, max: 1000 }),
      feeratePerKw: fc.double(),
    });
    fc.assert(
      fc.property(
        fc.double(),
        fc.array(estimate),
        fc.integer({ min: 253, max: 250_000 }),
        (m, t, f) => {
          const minimum = Number.isFinite(m) ? m : 0;
          const fees = contextFees(saneEstimates({ minimum, targets: t }), f);
          for (const rate of [fees.anchorCommitment, fees.commitment, fees.mutualClose]) {
            expect(Number.isInteger(rate)).toBe(true);
            expect(rate).toBeGreaterThanOrEqual(fees.minimum);
            expect(rate).toBeLessThanOrEqual(fees.maximum);
          }
          expect(fees.minimum).toBeGreaterThanOrEqual(FEERATE_FLOOR);
        },
      ),
    );
  });
});
