import { z } from 'zod';

import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as r from '../results.js';
import { claimsOf, pathParam, shownDirection } from './askrene-shared.js';

export const askreneUnreserve = defineCommand({
  name: 'askrene-unreserve',
  category: 'routing',
  summary: 'Say that a path is not used any more.',
  description: 'Lets go of what `askrene-reserve` held with the same amounts.',
  params: () => z.object({ path: pathParam().describe('The hops.') }),
  result: () => r.object({}),
  errors: [{ code: codes.badParameter, meaning: 'A hop is not reserved so; those before it are.' }],
  examples: [
    {
      cli: 'lightning-cli askrene-unreserve \'[{"short_channel_id_dir": "103x1x0/1", "amount_msat": 1250000}]\'',
    },
  ],
  seeAlso: ['askrene-reserve', 'askrene-listreservations'],
  run: ({ path }, { node }) => {
    for (const claim of claimsOf(node, path))
      if (!node.routes.reservations.release(claim))
        throw new RpcError(
          codes.badParameter,
          `path: ${claim.amountMsat}msat of ${shownDirection(claim)}` +
            `${claim.layer === undefined ? '' : ` on layer ${claim.layer}`} are not reserved`,
        );
    return {};
  },
});
