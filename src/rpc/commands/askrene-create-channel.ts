import { z } from 'zod';

import { createdChannel, withChannel } from '../../core/routing/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { layerNamed, layerParam, unknownLayer } from './askrene-shared.js';
import { nodeIdOf } from './shared.js';

export const askreneCreateChannel = defineCommand({
  name: 'askrene-create-channel',
  category: 'routing',
  summary: 'Put a channel in a layer.',
  description:
    'Makes a channel that only this layer has: a route hint, or the way to a node that gossip does ' +
    'not tell of. Each direction can be used once `askrene-update-channel` has said its policy. A ' +
    'channel of that name in gossip goes before it.',
  params: () =>
    z.object({
      layer: layerParam(),
      source: p.nodeId().describe('One end.'),
      destination: p.nodeId().describe('The other end.'),
      short_channel_id: p.scid().describe('Its name.'),
      capacity_msat: p.msat().describe('Its size, in millisatoshi.'),
    }),
  result: () => r.object({}),
  errors: [unknownLayer],
  examples: [
    {
      cli: 'lightning-cli askrene-create-channel test_layers 03c581bf310c4c97b05e5e6fed2f82d872f388ec9ab7f1feddfd5380ddb3c6531c 02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5 0x0x1 1000000sat',
    },
  ],
  seeAlso: ['askrene-update-channel', 'askrene-create-layer', 'getroutes'],
  run: async ({ layer: name, source, destination, short_channel_id, capacity_msat }, { node }) => {
    const layer = layerNamed(node, name);
    if (source === destination)
      throw new RpcError(codes.badParameter, 'destination: is the source itself');
    const channel = {
      scid: short_channel_id,
      source: nodeIdOf(source),
      destination: nodeIdOf(destination),
      capacityMsat: capacity_msat,
    };
    if (createdChannel(layer, channel.scid) !== undefined)
      throw new RpcError(
        codes.badParameter,
        'short_channel_id: the layer has this channel already',
      );
    await node.routes.layers.put(withChannel(layer, channel));
    return {};
  },
});
