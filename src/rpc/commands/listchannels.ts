import { z } from 'zod';
import type { NodeId } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';

export const listchannels = defineCommand({
  name: 'listchannels',
  category: 'network',
  summary: 'List the public channels of the network, each direction by itself.',
  description:
    'Directions of which a channel_update is known. At most one of the filters is given.',
  params: () =>
    z.object({
      short_channel_id: p.scid().optional().describe('This channel only.'),
      source: p.nodeId().optional().describe('From this node only.'),
      destination: p.nodeId().optional().describe('To this node only.'),
    }),
  result: () =>
    r.object({
      channels: r.array(
        r.object({
          source: r.nodeId().describe('From this node'),
          destination: r.nodeId().describe('to this one.'),
          short_channel_id: r.scid().describe('The channel.'),
          direction: r.integer().describe('0 from the lesser node id to the greater, else 1.'),
          public: r.boolean().describe('Whether it is announced.'),
          amount_msat: r.msat().describe('Its capacity.'),
          message_flags: r.integer().describe('Of the channel_update.'),
          channel_flags: r.integer().describe('Of the channel_update.'),
          active: r.boolean().describe('Whether its node relays over it now.'),
          last_update: r.integer().describe('The timestamp of the channel_update.'),
          base_fee_millisatoshi: r.integer().describe('Fee for each payment.'),
          fee_per_millionth: r.integer().describe('Fee in millionths of the amount.'),
          delay: r.integer().describe('Blocks it takes off an expiry.'),
          htlc_minimum_msat: r.msat().describe('The least it relays.'),
          htlc_maximum_msat: r.msat().describe('The most it relays at once.'),
          features: r.hex().describe('Of the channel_announcement, by the bits of BOLT 9.'),
        }),
      ),
    }),
  examples: [{ cli: 'lightning-cli listchannels 103x1x0' }],
  seeAlso: ['listnodes', 'getroute'],
  run: ({ short_channel_id, source, destination }, { node }) => {
    const given = [short_channel_id, source, destination].filter((x) => x !== undefined);
    if (given.length > 1)
      throw new RpcError(
        codes.badParameter,
        'short_channel_id, source, destination: only one of them may be given',
      );
    const channels = node.gossip.listChannels({
      ...(short_channel_id === undefined ? {} : { scid: short_channel_id }),
      ...(source === undefined ? {} : { source: source as NodeId }),
      ...(destination === undefined ? {} : { destination: destination as NodeId }),
    });
    return { channels: [...channels] };
  },
});
