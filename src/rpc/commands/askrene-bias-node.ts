import { z } from 'zod';

import { withNodeBias } from '../../core/routing/index.js';
import { seconds } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import {
  layerNamed,
  layerParam,
  nodeBiasOfLayer,
  shownNodeBias,
  unknownLayer,
} from './askrene-shared.js';
import { nodeIdOf } from './shared.js';

export const askreneBiasNode = defineCommand({
  name: 'askrene-bias-node',
  category: 'routing',
  summary: 'Favour or shun a node in a layer.',
  description:
    'As `askrene-bias-channel`, for all channels into a node or all channels out of it, those that ' +
    'come later among them.',
  params: () =>
    z.object({
      layer: layerParam(),
      node: p.nodeId().describe('The node; it need not be known.'),
      direction: p.oneOf('in', 'out').describe('Its channels `in` or `out`.'),
      bias: p.integer(-100, 100).describe('From -100 to 100; 1 to 10 are usual.'),
      description: p.string().optional().describe('Why, for `askrene-listlayers`.'),
      relative: p.boolean().default(false).describe('Add it to the bias there is.'),
    }),
  result: () =>
    r.object({
      node_biases: r
        .array(r.object({ layer: r.string().describe('The layer.'), ...nodeBiasOfLayer() }))
        .describe('The biases as they now are; none where both are 0.'),
    }),
  errors: [unknownLayer],
  examples: [
    {
      cli: 'lightning-cli askrene-bias-node test_layers 03c581bf310c4c97b05e5e6fed2f82d872f388ec9ab7f1feddfd5380ddb3c6531c out -5',
    },
  ],
  seeAlso: ['askrene-bias-channel', 'askrene-disable-node', 'getroutes'],
  run: async (given, { node }) => {
    const { layer: name, node: id, direction: side, bias, description, relative } = given;
    const nodeId = nodeIdOf(id);
    const set = {
      nodeId,
      side,
      bias,
      ...(description === undefined ? {} : { description }),
      timestamp: seconds(node.clock),
    };
    const layer = withNodeBias(layerNamed(node, name), set, relative);
    await node.routes.layers.put(layer);
    const now = layer.nodeBiases.filter((other) => other.nodeId === nodeId);
    return { node_biases: now.map((b) => ({ layer: name, ...shownNodeBias(b) })) };
  },
});
