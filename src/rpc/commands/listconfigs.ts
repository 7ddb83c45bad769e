import { z } from 'zod';
import { defineCommand } from '../command.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import * as r from '../results.js';

export const listconfigs = defineCommand({
  name: 'listconfigs',
  category: 'utility',
  summary: 'List the options in force.',
  description:
    'The options that were given, on the command line or in a file, and from where each came; ' +
    '`dynamic` are those that `setconfig` may change. Passwords are not shown.',
  params: () => z.object({ config: p.string().optional().describe('This option only.') }),
  result: () =>
    r.object({
      configs: z
        .record(z.string(), z.unknown())
        .meta({ result: 'object' })
        .describe(
          'By name: `value_str`, `value_int`, `value_bool`, `values_str` or `set`; `source`; ' +
            '`dynamic`.',
        ),
    }),
  examples: [
    {
      cli: 'lightning-cli listconfigs alias',
      reply: { configs: { alias: { value_str: 'alice', source: 'cmdline' } } },
    },
  ],
  seeAlso: ['setconfig'],
  run: ({ config }, { node }) => {
    const all = { ...node.settings.configs, 'min-capacity-sat': minCapacityConfig(node) };
    const asked = Object.entries(all).filter(([name]) => config === undefined || name === config);
    return { configs: Object.fromEntries(asked) };
  },
});

/** What is in force, and since when: by `setconfig`, by where it was given, or by itself. */
export function minCapacityConfig(node: Pick<NodeApi, 'channels' | 'settings'>) {
  const { minCapacity, isSet } = node.channels.dynamic;
  const given = node.settings.configs['min-capacity-sat'] as { source?: string } | undefined;
  const source = isSet ? 'setconfig' : (given?.source ?? 'default');
  return { value_int: Number(minCapacity), source, dynamic: true };
}
