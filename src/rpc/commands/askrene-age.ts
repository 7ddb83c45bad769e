import { z } from 'zod';

import { aged } from '../../core/routing/index.js';
import { LEARNED_LAYER } from '../../node/routes/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { layerNamed, layerParam, unknownLayer } from './askrene-shared.js';

export const askreneAge = defineCommand({
  name: 'askrene-age',
  category: 'routing',
  summary: 'Forget what a layer was told long ago.',
  description:
    'Forgets the constraints, impressions and biases of a layer that are older than a time; in the ' +
    'layer `xpay`, what payments taught before it.',
  params: () =>
    z.object({
      layer: layerParam(),
      cutoff: p.u64().describe('What is older is forgotten; seconds since 1970.'),
    }),
  result: () =>
    r.object({
      layer: r.string().describe('The layer.'),
      num_removed: r.integer().describe('How many it forgot.'),
    }),
  errors: [unknownLayer],
  examples: [{ cli: 'lightning-cli askrene-age test_layers 1738000001' }],
  seeAlso: ['askrene-inform-channel', 'askrene-bias-channel', 'delconstraints'],
  run: async ({ layer: name, cutoff }, { node }) => {
    const { routes } = node;
    if (name === LEARNED_LAYER)
      return { layer: name, num_removed: routes.forgetBefore(Number(cutoff)) };
    const { layer, removed } = aged(layerNamed(node, name), Number(cutoff));
    await routes.layers.put(layer);
    return { layer: name, num_removed: removed };
  },
});
