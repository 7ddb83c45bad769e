import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';

export const plugin = defineCommand({
  name: 'plugin',
  category: 'utility',
  summary: 'List plugins: there are none.',
  description:
    'This daemon runs no plugins: `list` gives an empty list, so that tools which look for one ' +
    'know. The other subcommands are refused.',
  params: () =>
    z.object({
      subcommand: p
        .oneOf('start', 'stop', 'startdir', 'rescan', 'list')
        .describe('`list`; `start`, `stop`, `startdir` and `rescan` are refused.'),
      plugin: p.string().optional().describe('Of no use here.'),
      directory: p.string().optional().describe('Of no use here.'),
      options: p.array(p.string()).optional().describe('Of no use here.'),
    }),
  result: () =>
    r.object({
      command: r.oneOf('list').describe('What was asked.'),
      plugins: r.array(r.object({ name: r.string().describe('Of a plugin.') })).describe('None.'),
    }),
  errors: [{ code: codes.general, meaning: 'It is not `list`.' }],
  examples: [{ cli: 'lightning-cli plugin list', reply: { command: 'list', plugins: [] } }],
  seeAlso: ['help'],
  run: ({ subcommand }) => {
    if (subcommand !== 'list')
      throw new RpcError(codes.general, `${subcommand}: this daemon runs no plugins`);
    return { command: 'list' as const, plugins: [] };
  },
});
