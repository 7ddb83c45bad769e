import { z } from 'zod';

import { defineCommand } from '../command.js';
import * as r from '../results.js';
import { layerNamed, layerParam, unknownLayer } from './askrene-shared.js';

export const askreneRemoveLayer = defineCommand({
  name: 'askrene-remove-layer',
  category: 'routing',
  summary: 'Forget a layer.',
  description: 'Forgets a layer with all that it says.',
  params: () => z.object({ layer: layerParam() }),
  result: () => r.object({}),
  errors: [unknownLayer],
  examples: [{ cli: 'lightning-cli askrene-remove-layer test_layers' }],
  seeAlso: ['askrene-create-layer', 'askrene-listlayers'],
  run: async ({ layer }, { node }) => {
    await node.routes.layers.remove(layerNamed(node, layer).name);
    return {};
  },
});
