import { z } from 'zod';
import type { Lesson } from '../../core/routing/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { constraintResult } from './constraint-shapes.js';

/** What each word teaches. */
export const LESSONS = {
  constrained: 'upperBound',
  unconstrained: 'lowerBound',
  succeeded: 'succeeded',
} as const satisfies Record<string, Lesson['kind']>;

export const informchannel = defineCommand({
  name: 'informchannel',
  category: 'routing',
  summary: 'Tell the route table what a channel could carry.',
  description:
    'Adds by hand what a payment would have taught, for tools that probe: that a channel in one ' +
    'direction could not carry an amount (`constrained`), that it could (`unconstrained`), or that ' +
    'it did (`succeeded`), so that the amount now lies on its other side.',
  params: () =>
    z.object({
      short_channel_id_dir: p.scidDir().describe('The channel and direction.'),
      amount_msat: p.msat().describe('The amount.'),
      inform: p
        .oneOf('constrained', 'unconstrained', 'succeeded')
        .describe('`constrained`, `unconstrained` or `succeeded`.'),
    }),
  result: () =>
    r.object({
      constraints: r.array(constraintResult()).describe('What is known of it now.'),
    }),
  examples: [{ cli: 'lightning-cli informchannel 103x1x0/1 100000sat constrained' }],
  seeAlso: ['listconstraints', 'delconstraints'],
  run: ({ short_channel_id_dir, amount_msat, inform }, { node }) => {
    const lesson = { ...short_channel_id_dir, amountMsat: amount_msat, kind: LESSONS[inform] };
    return { constraints: [...node.routes.learn([lesson])] };
  },
});
