import { z } from 'zod';

import { withoutChange } from '../../core/routing/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { layerNamed, layerParam, unknownLayer } from './askrene-shared.js';

export const askreneRemoveChannelUpdate = defineCommand({
  name: 'askrene-remove-channel-update',
  category: 'routing',
  summary: 'Take back what a layer says a channel asks for.',
  description: 'Undoes `askrene-update-channel`: gossip has the word on this direction again.',
  params: () =>
    z.object({
      layer: layerParam(),
      short_channel_id_dir: p.scidDir().describe('The channel and direction.'),
    }),
  result: () => r.object({}),
  errors: [unknownLayer],
  examples: [{ cli: 'lightning-cli askrene-remove-channel-update test_layers 103x1x0/1' }],
  seeAlso: ['askrene-update-channel'],
  run: async ({ layer, short_channel_id_dir }, { node }) => {
    await node.routes.layers.put(withoutChange(layerNamed(node, layer), short_channel_id_dir));
    return {};
  },
});
