import { z } from 'zod';
import { sat } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { minCapacityConfig } from './listconfigs.js';
import { badParameter } from './shared.js';

export const setconfig = defineCommand({
  name: 'setconfig',
  category: 'utility',
  summary: 'Change an option while the node runs.',
  description:
    'Only `min-capacity-sat` may change so: the smallest channel that we accept, from the next ' +
    'one on that is asked for. What is set is kept in the store, not in a file: at each start it ' +
    'comes before the command line and the configuration files, until it is set again. Without a ' +
    'value the option counts again as it was given. `listconfigs` shows what is in force.',
  params: () =>
    z.object({
      config: p.string().describe('The name of the option.'),
      val: p.integer(0).optional().describe('Its value; left out: as the option was given.'),
      transient: p.boolean().default(false).describe('Until the next start only.'),
    }),
  result: () =>
    r.object({
      config: r.object({
        config: r.string().describe('The name of the option.'),
        value_int: r.integer().describe('What is in force now.'),
        source: r.string().describe('`setconfig`, or where the option was given.'),
        dynamic: r.boolean().describe('True: it may be changed so.'),
      }),
    }),
  errors: [{ code: codes.badParameter, meaning: 'It may not change while the node runs.' }],
  examples: [{ cli: 'lightning-cli setconfig min-capacity-sat 100000' }],
  seeAlso: ['listconfigs', 'setchannel'],
  run: async ({ config, val, transient }, { node }) => {
    if (config !== 'min-capacity-sat')
      throw badParameter('config', 'should be min-capacity-sat: no other is dynamic', config);
    const value = val === undefined ? undefined : sat(val);
    await node.channels.dynamic.setMinCapacity(value, transient);
    return { config: { config, ...minCapacityConfig(node) } };
  },
});
