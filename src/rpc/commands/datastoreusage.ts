import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as r from '../results.js';
import { keyParam, shownKey } from './datastore-shared.js';

export const datastoreusage = defineCommand({
  name: 'datastoreusage',
  category: 'utility',
  summary: 'Say how much is kept under a key.',
  description: 'Counts the bytes of all values at and below a key, and of their keys.',
  params: () =>
    z.object({ key: keyParam().optional().describe('Where to look; the root if left out.') }),
  result: () =>
    r.object({
      datastoreusage: r.object({
        key: r.string().describe('The key, its steps parted by `/`.'),
        total_bytes: r.integer().describe('The bytes.'),
      }),
    }),
  errors: [{ code: codes.badParameter, meaning: 'The key is malformed.' }],
  examples: [{ cli: 'lightning-cli datastoreusage mytool' }],
  seeAlso: ['datastore', 'listdatastore'],
  run: async ({ key }, { node }) => ({
    datastoreusage: { key: shownKey(key ?? []), total_bytes: await node.datastore.usage(key) },
  }),
});
