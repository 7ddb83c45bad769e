import { z } from 'zod';

import { LEARNED_LAYER } from '../../node/routes/index.js';
import { defineCommand } from '../command.js';
import * as r from '../results.js';
import {
  layerNamed,
  layerParam,
  layersResult,
  shownLayer,
  shownLearned,
  unknownLayer,
} from './askrene-shared.js';

export const askreneListlayers = defineCommand({
  name: 'askrene-listlayers',
  category: 'routing',
  summary: 'Show layers and what they say.',
  description:
    'Shows all layers, or one. The layer `xpay` is what payments taught this node; a channel that ' +
    'they found not usable is among its `disabled_channels`.',
  params: () => z.object({ layer: layerParam().optional() }),
  result: () => r.object({ layers: layersResult() }),
  errors: [unknownLayer],
  examples: [{ cli: 'lightning-cli askrene-listlayers' }],
  seeAlso: ['askrene-create-layer', 'getroutes', 'listconstraints'],
  run: ({ layer }, { node }) => {
    if (layer === undefined)
      return { layers: [shownLearned(node), ...node.routes.layers.list().map(shownLayer)] };
    if (layer === LEARNED_LAYER) return { layers: [shownLearned(node)] };
    return { layers: [shownLayer(layerNamed(node, layer))] };
  },
});
