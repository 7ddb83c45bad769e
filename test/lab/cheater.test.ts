import { expect, it } from 'vitest';
import { cheat } from '../support/endings/cheater.js';

const STATES = 9;

/** All of 50: scripts/cheater.ts. */
it.each([0, 3, 7])(
  'the cheater broadcasts its revoked commitment %i of 9: it loses everything',
  async (chosen) => {
    expect(await cheat(chosen, STATES)).toBe('');
  },
  60_000,
);
