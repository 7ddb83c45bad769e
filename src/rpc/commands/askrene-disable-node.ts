import { z } from 'zod';

import { withDisabledNode } from '../../core/routing/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { layerNamed, layerParam, unknownLayer } from './askrene-shared.js';
import { nodeIdOf } from './shared.js';

export const askreneDisableNode = defineCommand({
  name: 'askrene-disable-node',
  category: 'routing',
  summary: 'Keep routes off a node in a layer.',
  description: 'With this layer no channel of the node is used, those that come later among them.',
  params: () =>
    z.object({
      layer: layerParam(),
      node: p.nodeId().describe('The node; it need not be known.'),
    }),
  result: () => r.object({}),
  errors: [unknownLayer],
  examples: [
    {
      cli: 'lightning-cli askrene-disable-node test_layers 03c581bf310c4c97b05e5e6fed2f82d872f388ec9ab7f1feddfd5380ddb3c6531c',
    },
  ],
  seeAlso: ['askrene-bias-node', 'getroutes'],
  run: async ({ layer, node: id }, { node }) => {
    await node.routes.layers.put(withDisabledNode(layerNamed(node, layer), nodeIdOf(id)));
    return {};
  },
});
