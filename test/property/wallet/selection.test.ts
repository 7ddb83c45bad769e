import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sat } from '../../../src/core/bytes/index.js';
import { type SelectionTask, selectCoins } from '../../../src/node/wallet/index.js';
import { feeForWeight } from '../../../src/node/wallet/selection.js';

interface Coin {
  readonly id: number;
  readonly amount: ReturnType<typeof sat>;
  readonly weight: number;
}

const coins = fc
  .array(
    fc.record({
      amount: fc.oneof(fc.bigInt(1n, 2_000n), fc.bigInt(1n, 10_000_000n)),
      weight: fc.constantFrom(230, 272),
    }),
    { maxLength: 40 },
  )
  .map((list) => list.map((c, id): Coin => ({ id, amount: sat(c.amount), weight: c.weight })));

const tasks = fc
  .record({
    candidates: coins,
    target: fc.bigInt(0n, 20_000_000n),
    baseWeight: fc.integer({ min: 40, max: 1000 }),
    feeratePerKw: fc.integer({ min: 253, max: 50_000 }),
    changeWeight: fc.constantFrom(124, 172),
    changeMinimum: fc.bigInt(294n, 30_000n),
    forceChange: fc.boolean(),
  })
  .map(
    (t): SelectionTask<Coin> => ({
      ...t,
      target: sat(t.target),
      changeMinimum: sat(t.changeMinimum),
    }),
  );

const sum = (list: readonly { amount: bigint }[]): bigint =>
  list.reduce((s, c) => s + c.amount, 0n);

describe('coin selection', () => {
  it('conserves money, pays its fee, makes no small change, and takes no coin twice', () => {
    fc.assert(
      fc.property(tasks, (task) => {
        const found = selectCoins(task);
        if (found === undefined) return;
        const { chosen, fee, change } = found;
        expect(sum(chosen)).toBe(task.target + fee + (change ?? 0n));
        expect(new Set(chosen.map((c) => c.id)).size).toBe(chosen.length);
        const weight =
          task.baseWeight +
          chosen.reduce((w, c) => w + c.weight, 0) +
          (change === undefined ? 0 : task.changeWeight);
        const due = feeForWeight(weight, task.feeratePerKw);
        expect(fee).toBeGreaterThanOrEqual(due);
        if (change === undefined) {
          expect(task.forceChange).toBe(false);
          // Never more is given away than change would have cost and been worth.
          const limit =
            due + feeForWeight(task.changeWeight, task.feeratePerKw) + task.changeMinimum;
          expect(fee).toBeLessThanOrEqual(limit);
        } else {
          expect(change).toBeGreaterThanOrEqual(task.changeMinimum);
          expect(fee).toBe(due);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('finds coins whenever all of them together would do', () => {
    fc.assert(
      fc.property(tasks, (task) => {
        const worth = task.candidates.filter(
          (c) => c.amount > feeForWeight(c.weight, task.feeratePerKw),
        );
        const weight = task.baseWeight + worth.reduce((w, c) => w + c.weight, 0);
        const withChange = feeForWeight(weight + task.changeWeight, task.feeratePerKw);
        const enough = sum(worth) >= task.target + withChange + task.changeMinimum;
        if (enough && worth.length > 0) expect(selectCoins(task)).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  it('answers the same for the same coins', () => {
    fc.assert(
      fc.property(tasks, (task) => {
        expect(selectCoins(task)).toEqual(selectCoins(task));
      }),
      { numRuns: 50 },
    );
  });

  it('needs no change where coins match exactly', () => {
    const candidates = [50_000n, 30_000n, 20_000n, 7_000n].map(
      (amount, id): Coin => ({
        id,
        amount: sat(amount),
        weight: 230,
      }),
    );
    // 30,000 and 20,000 less the fees of both and of the rest.
    const found = selectCoins({
      candidates,
      target: sat(50_000n - 460n - 500n),
      baseWeight: 500,
      feeratePerKw: 1000,
      changeWeight: 172,
      changeMinimum: sat(330),
    });
    expect(found?.change).toBeUndefined();
    expect(found?.fee).toBeLessThanOrEqual(960n);
  });
});
