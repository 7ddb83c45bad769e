import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { ownInputs, readPsbt, reservationsResult, shownReservation } from './wallet-shared.js';

export const unreserveinputs = defineCommand({
  name: 'unreserveinputs',
  category: 'bitcoin',
  summary: 'Shorten or end the reservation of the inputs of a PSBT.',
  description:
    'Takes so many blocks off the reservations that `reserveinputs`, `fundpsbt` or `txprepare` made.',
  params: () =>
    z.object({
      psbt: p.string().describe('The PSBT.'),
      reserve: p.integer(1, 1_000_000).default(72).describe('How many blocks are taken off.'),
    }),
  result: () => r.object({ reservations: reservationsResult().describe('What became of each.') }),
  errors: [{ code: codes.badParameter, meaning: 'It is no PSBT.' }],
  examples: [{ cli: 'lightning-cli unreserveinputs cHNidP8B…' }],
  seeAlso: ['reserveinputs'],
  run: async ({ psbt, reserve }, { node }) => {
    const inputs = ownInputs(node, readPsbt(psbt));
    node.wallet.unreserve(inputs, reserve);
    await node.wallet.persist();
    return { reservations: inputs.map((o) => shownReservation(node, o)) };
  },
});
