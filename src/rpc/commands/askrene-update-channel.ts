import { z } from 'zod';

import { withChange } from '../../core/routing/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { layerNamed, layerParam, unknownLayer } from './askrene-shared.js';
import { badParameter } from './shared.js';

export const askreneUpdateChannel = defineCommand({
  name: 'askrene-update-channel',
  category: 'routing',
  summary: 'Say in a layer what a channel asks for.',
  description:
    'Overrules what gossip says of a channel in one direction, or says it of a channel that the ' +
    'layer made. What is left out stays as it was told last. Of a channel without any policy it ' +
    'asks no fee and no blocks, and carries as much as it has.',
  params: () =>
    z.object({
      layer: layerParam(),
      short_channel_id_dir: p.scidDir().describe('The channel and direction.'),
      enabled: p.boolean().optional().describe('Whether it is used.'),
      htlc_minimum_msat: p.msat().optional().describe('It carries no less.'),
      htlc_maximum_msat: p.msat().optional().describe('It carries no more.'),
      fee_base_msat: p.msat().optional().describe('Its base fee.'),
      fee_proportional_millionths: p
        .integer()
        .optional()
        .describe('Its rate, in millionths of what it carries.'),
      cltv_expiry_delta: p.integer(0, 0xffff).optional().describe('The blocks it asks for.'),
    }),
  result: () => r.object({}),
  errors: [unknownLayer],
  examples: [
    { cli: 'lightning-cli askrene-update-channel test_layers 103x1x0/1 false' },
    {
      cli: 'lightning-cli -k askrene-update-channel layer=test_layers short_channel_id_dir=0x0x1/0 fee_base_msat=1 cltv_expiry_delta=18',
    },
  ],
  seeAlso: ['askrene-remove-channel-update', 'askrene-create-channel', 'getroutes'],
  run: async ({ layer, short_channel_id_dir, ...given }, { node }) => {
    // BOLT 7, channel_update: fee_base_msat has 32 bits.
    if ((given.fee_base_msat ?? 0n) > 0xffffffffn)
      throw badParameter('fee_base_msat', 'should have 32 bits', String(given.fee_base_msat));
    const said = {
      enabled: given.enabled,
      htlcMinimumMsat: given.htlc_minimum_msat,
      htlcMaximumMsat: given.htlc_maximum_msat,
      feeBaseMsat: given.fee_base_msat,
      feeProportionalMillionths: given.fee_proportional_millionths,
      cltvDelta: given.cltv_expiry_delta,
    };
    const known = Object.entries(said).filter(([, value]) => value !== undefined);
    const change = { ...short_channel_id_dir, ...Object.fromEntries(known) };
    await node.routes.layers.put(withChange(layerNamed(node, layer), change));
    return {};
  },
});
