import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter, shownTxid } from './shared.js';
import { ownInputs, readPsbt, reservationsResult, shownReservation } from './wallet-shared.js';

const BLOCKS = 72;

export const reserveinputs = defineCommand({
  name: 'reserveinputs',
  category: 'bitcoin',
  summary: 'Keep the inputs of a PSBT from other transactions of ours.',
  description:
    'Outputs of the wallet that the PSBT spends are reserved for so many blocks; inputs of others ' +
    'are passed over. Reserving again lengthens a reservation, where `exclusive` is false.',
  params: () =>
    z.object({
      psbt: p.string().describe('The PSBT.'),
      exclusive: p.boolean().default(true).describe('Refuse outputs that are reserved already.'),
      reserve: p.integer(1, 1_000_000).default(BLOCKS).describe('For how many blocks.'),
    }),
  result: () => r.object({ reservations: reservationsResult().describe('What became of each.') }),
  errors: [{ code: codes.badParameter, meaning: 'No PSBT, or an output is spent or reserved.' }],
  examples: [{ cli: 'lightning-cli reserveinputs cHNidP8B…' }],
  seeAlso: ['unreserveinputs', 'fundpsbt', 'signpsbt'],
  run: async ({ psbt, exclusive, reserve }, { node }) => {
    const inputs = ownInputs(node, readPsbt(psbt));
    for (const output of inputs) {
      const name = `${shownTxid(output.txid)}:${output.vout}`;
      if (output.spentBy !== undefined) throw badParameter('psbt', 'spends a spent output', name);
      if (exclusive && node.wallet.isReserved(output))
        throw badParameter('psbt', 'spends a reserved output', name);
    }
    node.wallet.reserve(inputs, reserve);
    await node.wallet.persist();
    return { reservations: inputs.map((o) => shownReservation(node, o)) };
  },
});
