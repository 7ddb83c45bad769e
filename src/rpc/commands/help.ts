import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, unknownCommand } from '../errors.js';
import { manualText, usage } from '../manual.js';
import * as p from '../params.js';
import * as r from '../results.js';

export const help = defineCommand({
  name: 'help',
  category: 'utility',
  summary: 'List the commands, or show the manual page of one.',
  description:
    'Without a parameter every command is listed with its parameters. With the name of a command ' +
    'the answer holds its whole manual page, which `lightning-cli help COMMAND` prints as text.',
  params: () =>
    z.object({
      command: p.string().optional().describe('The command to explain.'),
    }),
  result: () =>
    r.object({
      help: r.array(
        r.object({
          command: r.string().describe('The name and the parameters, optional ones in brackets.'),
          category: r.string().describe('What it is about.'),
          description: r.string().describe('One line.'),
          verbose: r.string().optional().describe('The manual page, where one command was asked.'),
        }),
      ),
      'format-hint': r.string().optional().describe('How `lightning-cli` shows it.'),
    }),
  errors: [{ code: codes.unknownMethod, meaning: 'There is no such command.' }],
  examples: [{ cli: 'lightning-cli help ping' }],
  seeAlso: ['check'],
  run: ({ command }, { commands }) => {
    const line = (c: (typeof commands.all)[number]) => ({
      command: usage(c),
      category: c.category,
      description: c.summary,
    });
    if (command === undefined) return { help: commands.all.map(line), 'format-hint': 'simple' };
    const found = commands.find(command);
    if (!found) throw unknownCommand(command);
    return {
      help: [{ ...line(found), verbose: manualText(found) }],
      'format-hint': 'simple',
    };
  },
});
