import { describe, expect, it } from 'vitest';
import { runCell } from '../support/endings/run.js';
import { chosenEndings, nameOf } from '../support/endings/table.js';

/** A part of the table; scripts/endings.ts runs the whole of it. */
describe('in every ending the honest side has its due, less fees, and the books say so', () => {
  it.each([...chosenEndings()].map((cell) => [nameOf(cell), cell] as const))(
    '%s',
    async (_, cell) => {
      const { wrong, told } = await runCell(cell);
      expect(wrong, told).toEqual([]);
    },
    60_000,
  );
});
