import { z } from 'zod';

import { LEARNED_LAYER } from '../../node/routes/index.js';
import { defineCommand } from '../command.js';
import { codes, cut, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { layerParam, layersResult, shownLayer, shownLearned } from './askrene-shared.js';

export const askreneCreateLayer = defineCommand({
  name: 'askrene-create-layer',
  category: 'routing',
  summary: 'Make an empty layer.',
  description:
    'A layer holds what a tool says of channels and nodes beside gossip, for the calls of ' +
    '`getroutes` that name it. Names that begin with `auto.` are taken. The layer `xpay` is always ' +
    'there: it is what payments taught this node (see `listconstraints`).',
  params: () =>
    z.object({
      layer: layerParam(),
      persistent: p
        .boolean()
        .default(false)
        .describe(
          'Keep it over a restart. Then it is no error that there is such a layer already.',
        ),
    }),
  result: () => r.object({ layers: layersResult() }),
  errors: [{ code: codes.badParameter, meaning: 'There is such a layer, or the name is taken.' }],
  examples: [{ cli: 'lightning-cli askrene-create-layer test_layers' }],
  seeAlso: ['getroutes', 'askrene-remove-layer', 'askrene-listlayers'],
  run: async ({ layer: name, persistent }, { node }) => {
    if (name.startsWith('auto.'))
      throw new RpcError(codes.badParameter, `layer: ${cut(name)}: names with auto. are taken`);
    const { layers } = node.routes;
    const known = layers.get(name);
    if ((known !== undefined || name === LEARNED_LAYER) && !persistent)
      throw new RpcError(codes.badParameter, `layer: ${cut(name)} already exists`);
    if (name === LEARNED_LAYER) return { layers: [shownLearned(node)] };
    return { layers: [shownLayer(known ?? (await layers.create(name, persistent)))] };
  },
});
