import { z } from 'zod';

import { seconds } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import * as r from '../results.js';
import { shownDirection } from './askrene-shared.js';

export const askreneListreservations = defineCommand({
  name: 'askrene-listreservations',
  category: 'routing',
  summary: 'Show what is reserved of channels.',
  description: 'Shows what `askrene-reserve` holds.',
  params: () => z.object({}),
  result: () =>
    r.object({
      reservations: r.array(
        r.object({
          short_channel_id_dir: r.scidDir().describe('The channel and direction.'),
          amount_msat: r.msat().describe('What is held of it.'),
          age_in_seconds: r.integer().describe('For how long.'),
          command_id: r.string().describe('What holds it.'),
        }),
      ),
    }),
  examples: [{ cli: 'lightning-cli askrene-listreservations' }],
  seeAlso: ['askrene-reserve', 'askrene-unreserve'],
  run: (_, { node }) => ({
    reservations: node.routes.reservations.list().map((held) => ({
      short_channel_id_dir: shownDirection(held),
      amount_msat: held.amountMsat,
      age_in_seconds: seconds(node.clock) - held.since,
      command_id: held.by,
    })),
  }),
});
