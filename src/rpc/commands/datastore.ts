import { z } from 'zod';
import { utf8 } from '../../core/bytes/index.js';
import type { DatastoreError, DatastoreKey, DatastoreMode } from '../../node/datastore/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { entryResult, keyParam, shownEntry, shownKey } from './datastore-shared.js';

const MODES = [
  'must-create',
  'must-replace',
  'create-or-replace',
  'must-append',
  'create-or-append',
] as const;
const modeParam = () =>
  p.param<DatastoreMode>('string', `should be one of ${MODES.join(', ')}`, (v) =>
    MODES.find((mode) => mode === v),
  );

export const datastore = defineCommand({
  name: 'datastore',
  category: 'utility',
  summary: 'Keep a value with the node.',
  description:
    'Keeps a value under a key, for tools; it is on disk when the command is answered. Keys are ' +
    'the ways of a tree, in which a place has either a value or others below it. Begin a key with ' +
    'the name of your tool.',
  params: () =>
    z.object({
      key: keyParam().describe('Where to keep it: a name, or several from the root down.'),
      string: p.string().optional().describe('The value as text.'),
      hex: p.hex().optional().describe('Or in hex; one of the two.'),
      mode: modeParam()
        .default('must-create')
        .describe(
          'What must be there, and whether the value comes in its place or after it: `must-create`, ' +
            '`must-replace`, `create-or-replace`, `must-append` or `create-or-append`.',
        ),
      generation: p
        .integer(0, Number.MAX_SAFE_INTEGER)
        .optional()
        .describe('Only if what is there has this; with `must-replace` and `must-append`.'),
    }),
  result: () => r.object(entryResult()),
  errors: [
    { code: codes.badParameter, meaning: 'A parameter is wrong; the message names it.' },
    { code: codes.datastoreExists, meaning: 'There is a value already.' },
    { code: codes.datastoreMissing, meaning: 'There is no value.' },
    { code: codes.datastoreWrongGeneration, meaning: 'It has another generation.' },
    { code: codes.datastoreHasChildren, meaning: 'There are values below the key.' },
    { code: codes.datastoreParentHasValue, meaning: 'There is a value on the way to the key.' },
  ],
  examples: [{ cli: 'lightning-cli datastore \'["mytool", "seen"]\' 17' }],
  seeAlso: ['listdatastore', 'deldatastore', 'datastoreusage'],
  run: async ({ key, string, hex, mode, generation }, { node }) => {
    if ((hex === undefined) === (string === undefined))
      throw new RpcError(codes.badParameter, 'hex: one of string and hex is wanted');
    if (generation !== undefined && mode !== 'must-replace' && mode !== 'must-append')
      throw new RpcError(codes.badParameter, `generation: not with mode ${mode}`);
    const data = hex ?? utf8(string ?? '');
    const kept = await node.datastore.put(key, data, mode, generation);
    if (!kept.ok) throw refusal(key, kept.error);
    return shownEntry(kept.value);
  },
});

function refusal(key: DatastoreKey, error: DatastoreError): RpcError {
  const name = shownKey(key);
  switch (error.code) {
    case 'exists':
      return new RpcError(codes.datastoreExists, `${name} already exists`);
    case 'missing':
      return new RpcError(codes.datastoreMissing, `${name} does not exist`);
    case 'has_children':
      return new RpcError(codes.datastoreHasChildren, `${name} has children`);
    case 'parent_has_value':
      return new RpcError(codes.datastoreParentHasValue, `${shownKey(error.parent)} has a value`);
    case 'wrong_generation':
      return new RpcError(
        codes.datastoreWrongGeneration,
        `${name} has generation ${error.generation}`,
      );
  }
}
