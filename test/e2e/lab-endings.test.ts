/** A part of the table of endings on a real bitcoind; scripts/endings.ts runs the whole of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relayedEnding, relayedEndings } from '../support/endings/relayed.js';
import { runCell } from '../support/endings/run.js';
import { fewEndings, nameOf } from '../support/endings/table.js';
import { type LabBitcoind, labBitcoind } from '../support/lab-bitcoind.js';

describe('on a real bitcoind, in every ending the honest side has its due, less fees', () => {
  let bitcoind: LabBitcoind;
  beforeAll(async () => {
    bitcoind = await labBitcoind();
  }, 60_000);
  afterAll(() => bitcoind?.stop(), 30_000);

  it.each(fewEndings().map((cell) => [nameOf(cell), cell] as const))(
    '%s',
    async (_, cell) => {
      const { wrong, told } = await runCell(cell, await bitcoind.chain());
      expect(wrong, told).toEqual([]);
    },
    180_000,
  );

  it.each(relayedEndings)(
    'relayed: %s',
    async (name) => relayedEnding(name, await bitcoind.chain()),
    180_000,
  );
});
