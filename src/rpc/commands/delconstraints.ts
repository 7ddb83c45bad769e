import { z } from 'zod';
import { defineCommand } from '../command.js';
import * as r from '../results.js';
import { constraintResult, constraintSubject } from './constraint-shapes.js';

export const delconstraints = defineCommand({
  name: 'delconstraints',
  category: 'routing',
  summary: 'Forget what payments taught the route table.',
  description: 'Forgets all constraints, or those of one channel, direction or node.',
  params: () =>
    z.object({
      subject: constraintSubject().optional().describe('What to forget; all if left out.'),
    }),
  result: () =>
    r.object({
      constraints: r.array(constraintResult()).describe('Those that were forgotten.'),
    }),
  examples: [
    { cli: 'lightning-cli delconstraints' },
    { cli: 'lightning-cli delconstraints 103x1x0/1' },
  ],
  seeAlso: ['listconstraints'],
  run: ({ subject }, { node }) => ({ constraints: [...node.routes.forget(subject)] }),
});
