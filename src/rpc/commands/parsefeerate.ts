import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { perKwOf } from './shared.js';

export const parsefeerate = defineCommand({
  name: 'parsefeerate',
  category: 'bitcoin',
  summary: 'Say what a feerate comes to now.',
  description:
    'What a feerate, as other commands take it, is in satoshi per 1000 weight units: never below ' +
    '253, the least that nodes relay.',
  params: () =>
    z.object({
      feerate_str: p.feerate().describe('`normal`, `6blocks`, `253perkw`, and so on.'),
    }),
  result: () => r.object({ perkw: r.integer().describe('Satoshi per 1000 weight units.') }),
  errors: [{ code: codes.badParameter, meaning: 'It is no feerate.' }],
  examples: [{ cli: 'lightning-cli parsefeerate 10000perkb', reply: { perkw: 2500 } }],
  seeAlso: ['feerates', 'fundpsbt'],
  run: ({ feerate_str }, { node }) => ({ perkw: perKwOf(node, feerate_str) }),
});
