import { z } from 'zod';
import { defineCommand } from '../command.js';
import * as r from '../results.js';
import { constraintResult, constraintSubject } from './constraint-shapes.js';

export const listconstraints = defineCommand({
  name: 'listconstraints',
  category: 'routing',
  summary: 'Show what payments taught the route table.',
  description:
    'A constraint is what is known of a channel in one direction, or of a node: that it carries at ' +
    'least or at most an amount, or that it is not usable. Failures and successes of payments set ' +
    'them, `getroute` and `pay` use them. They survive a restart, and fade with time.',
  params: () =>
    z.object({
      subject: constraintSubject().optional().describe('Of this channel, direction or node only.'),
    }),
  result: () =>
    r.object({
      constraints: r.array(constraintResult()).describe('In the order of their names.'),
    }),
  examples: [{ cli: 'lightning-cli listconstraints' }],
  seeAlso: ['delconstraints', 'informchannel', 'getroute'],
  run: ({ subject }, { node }) => ({ constraints: [...node.routes.constraints(subject)] }),
});
