import { z } from 'zod';

import { withBias } from '../../core/routing/index.js';
import { seconds } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import {
  biasOfLayer,
  layerNamed,
  layerParam,
  shownBias,
  shownDirection,
  unknownLayer,
} from './askrene-shared.js';

export const askreneBiasChannel = defineCommand({
  name: 'askrene-bias-channel',
  category: 'routing',
  summary: 'Favour or shun a channel in a layer.',
  description:
    'Multiplies what a channel in one direction costs in the search: a bias of 100 makes it a ' +
    'thirtieth, one of -100 thirty times as much, and in between it grows evenly with the ' +
    'exponent. Biases of a channel, its nodes and several layers add up. 0 takes it back.',
  params: () =>
    z.object({
      layer: layerParam(),
      short_channel_id_dir: p.scidDir().describe('The channel and direction.'),
      bias: p.integer(-100, 100).describe('From -100 to 100; 1 to 10 are usual.'),
      description: p.string().optional().describe('Why, for `askrene-listlayers`.'),
      relative: p.boolean().default(false).describe('Add it to the bias there is.'),
    }),
  result: () =>
    r.object({
      biases: r
        .array(r.object({ layer: r.string().describe('The layer.'), ...biasOfLayer() }))
        .describe('The bias as it now is; none where it is 0.'),
    }),
  errors: [unknownLayer],
  examples: [{ cli: 'lightning-cli askrene-bias-channel test_layers 103x1x0/1 -5 slow' }],
  seeAlso: ['askrene-bias-node', 'getroutes', 'askrene-age'],
  run: async ({ layer: name, short_channel_id_dir: at, bias, description, relative }, { node }) => {
    const set = {
      ...at,
      bias,
      ...(description === undefined ? {} : { description }),
      timestamp: seconds(node.clock),
    };
    const layer = withBias(layerNamed(node, name), set, relative);
    await node.routes.layers.put(layer);
    const now = layer.biases.filter((other) => shownDirection(other) === shownDirection(at));
    return { biases: now.map((b) => ({ layer: name, ...shownBias(b) })) };
  },
});
