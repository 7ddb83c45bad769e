import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, unknownCommand } from '../errors.js';
import * as p from '../params.js';
import { parseParams } from '../parse-params.js';
import * as r from '../results.js';

export const check = defineCommand({
  name: 'check',
  category: 'utility',
  summary: 'Check the parameters of a command without running it.',
  description:
    'Says whether `command_to_check` would take the parameters that follow it. Nothing is run, so ' +
    'a command may still fail for reasons other than its parameters.',
  params: () =>
    z.object({
      command_to_check: p.string().describe('The command; its own parameters follow.'),
    }),
  result: () =>
    r.object({
      command_to_check: r.string().describe('The command that was checked.'),
    }),
  errors: [
    { code: codes.unknownMethod, meaning: 'There is no such command.' },
    { code: codes.badParameter, meaning: 'A parameter is wrong; the message names it.' },
  ],
  examples: [{ cli: 'lightning-cli check sendpay route payment_hash' }],
  takesAnything: true,
  run: ({ command_to_check, ...rest }, { commands }) => {
    const { positional, ...named } = rest as { positional?: readonly unknown[] };
    const command = commands.find(command_to_check);
    if (!command) throw unknownCommand(command_to_check);
    parseParams(command, positional ?? named);
    return { command_to_check };
  },
});
