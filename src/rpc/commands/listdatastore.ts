import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as r from '../results.js';
import { entryResult, keyParam, shownEntry } from './datastore-shared.js';

export const listdatastore = defineCommand({
  name: 'listdatastore',
  category: 'utility',
  summary: 'Show what is kept under a key.',
  description:
    'The value at a key, or the places right below it; what lies further below is shown by its ' +
    'first step alone, without a value.',
  params: () =>
    z.object({ key: keyParam().optional().describe('Where to look; the root if left out.') }),
  result: () => r.object({ datastore: r.array(r.object(entryResult())) }),
  errors: [{ code: codes.badParameter, meaning: 'The key is malformed.' }],
  examples: [{ cli: 'lightning-cli listdatastore mytool' }],
  seeAlso: ['datastore', 'deldatastore'],
  run: async ({ key }, { node }) => ({
    datastore: (await node.datastore.list(key)).map(shownEntry),
  }),
});
