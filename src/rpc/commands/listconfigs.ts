import { z } from 'zod';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';

export const listconfigs = defineCommand({
  name: 'listconfigs',
  category: 'utility',
  summary: 'List the options in force.',
  description:
    'The options that were given, on the command line or in a file, and from where each came. ' +
    'Passwords are not shown.',
  params: z.object({ config: p.string().optional().describe('This option only.') }),
  result: r.object({
    configs: z
      .record(z.string(), z.unknown())
      .meta({ result: 'object' })
      .describe(
        'By name: `value_str`, `value_int`, `value_bool`, `values_str` or `set`; `source`.',
      ),
  }),
  examples: [
    {
      cli: 'lightning-cli listconfigs alias',
      reply: { configs: { alias: { value_str: 'alice', source: 'cmdline' } } },
    },
  ],
  run: ({ config }, { node }) => ({
    configs: Object.fromEntries(
      Object.entries(node.settings.configs).filter(
        ([name]) => config === undefined || name === config,
      ),
    ),
  }),
});
