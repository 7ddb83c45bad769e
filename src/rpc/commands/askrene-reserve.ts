import { z } from 'zod';

import { seconds } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import * as r from '../results.js';
import { claimsOf, pathParam, unknownLayer } from './askrene-shared.js';

export const askreneReserve = defineCommand({
  name: 'askrene-reserve',
  category: 'routing',
  summary: 'Say that a path is about to be used.',
  description:
    'Holds the amounts on the channels of a path, so that `getroutes` leaves room for them until ' +
    '`askrene-unreserve`. A path of `getroutes` can be given as it is. What `pay` sends holds its ' +
    'own amounts. Nothing of it survives a restart.',
  params: () => z.object({ path: pathParam().describe('The hops.') }),
  result: () => r.object({}),
  errors: [unknownLayer],
  examples: [
    {
      cli: 'lightning-cli askrene-reserve \'[{"short_channel_id_dir": "103x1x0/1", "amount_msat": 1250000}]\'',
    },
  ],
  seeAlso: ['askrene-unreserve', 'askrene-listreservations', 'getroutes'],
  run: ({ path }, { node }) => {
    node.routes.reservations.hold(claimsOf(node, path), 'askrene-reserve', seconds(node.clock));
    return {};
  },
});
