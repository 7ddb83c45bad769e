import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { entryResult, keyParam, shownEntry, shownKey } from './datastore-shared.js';

export const deldatastore = defineCommand({
  name: 'deldatastore',
  category: 'utility',
  summary: 'Delete what is kept under a key.',
  description: 'Deletes the value at a key, and answers it.',
  params: () =>
    z.object({
      key: keyParam().describe('Where it is.'),
      generation: p
        .integer(0, Number.MAX_SAFE_INTEGER)
        .optional()
        .describe('Only if the value has this.'),
    }),
  result: () => r.object(entryResult()),
  errors: [
    { code: codes.datastoreNoSuchKey, meaning: 'There is no value.' },
    { code: codes.datastoreDeleteWrongGeneration, meaning: 'It has another generation.' },
  ],
  examples: [{ cli: 'lightning-cli deldatastore \'["mytool", "seen"]\'' }],
  seeAlso: ['datastore', 'listdatastore'],
  run: async ({ key, generation }, { node }) => {
    const gone = await node.datastore.delete(key, generation);
    if (gone.ok) return shownEntry(gone.value);
    if (gone.error.code === 'wrong_generation')
      throw new RpcError(
        codes.datastoreDeleteWrongGeneration,
        `${shownKey(key)} has generation ${gone.error.generation}`,
      );
    throw new RpcError(codes.datastoreNoSuchKey, `${shownKey(key)} does not exist`);
  },
});
