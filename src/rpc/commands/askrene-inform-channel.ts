import { z } from 'zod';

import { msat } from '../../core/bytes/index.js';
import { layerLesson, withLesson } from '../../core/routing/index.js';
import { LEARNED_LAYER } from '../../node/routes/index.js';
import { seconds } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import {
  constraintOfLayer,
  impressionOfLayer,
  layerNamed,
  layerParam,
  shownInformed,
  unknownLayer,
} from './askrene-shared.js';
import { LESSONS } from './informchannel.js';

export const askreneInformChannel = defineCommand({
  name: 'askrene-inform-channel',
  category: 'routing',
  summary: 'Say in a layer what a channel could carry.',
  description:
    'That a channel in one direction could not carry an amount (`constrained`: it has less than ' +
    'that and what is reserved of it together), that it could (`unconstrained`), or that it did ' +
    '(`succeeded`), so that the amount now lies on its other side. In the layer `xpay` it is the ' +
    'same as `informchannel`, and fades; in others it stands until `askrene-age`.',
  params: () =>
    z.object({
      layer: layerParam(),
      short_channel_id_dir: p.scidDir().describe('The channel and direction.'),
      amount_msat: p.msat().describe('The amount.'),
      inform: p
        .oneOf('constrained', 'unconstrained', 'succeeded')
        .describe('`constrained`, `unconstrained` or `succeeded`.'),
    }),
  result: () =>
    r.object({
      constraints: r
        .array(r.object({ layer: r.string().describe('The layer.'), ...constraintOfLayer() }))
        .describe('What it can carry, where that was told.'),
      impressions: r
        .array(r.object({ layer: r.string().describe('The layer.'), ...impressionOfLayer() }))
        .describe('What it carried, where that was told.'),
    }),
  errors: [unknownLayer],
  examples: [
    { cli: 'lightning-cli askrene-inform-channel test_layers 103x1x0/1 100000sat constrained' },
  ],
  seeAlso: ['getroutes', 'informchannel', 'askrene-age', 'askrene-listlayers'],
  run: async ({ layer: name, short_channel_id_dir: at, amount_msat, inform }, { node }) => {
    const { routes } = node;
    const kind = LESSONS[inform];
    // What was held of it beside this amount had its share in the failure.
    const beside =
      kind === 'upperBound' ? routes.reservations.of({ ...at, layer: name }) : msat(0n);
    const amountMsat = msat(amount_msat + beside);
    const lesson = layerLesson(kind, at, amountMsat, seconds(node.clock));
    if (name === LEARNED_LAYER) routes.learn([{ kind, ...at, amountMsat }]);
    else await routes.layers.put(withLesson(layerNamed(node, name), lesson));
    return shownInformed(name, lesson);
  },
});
