import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter, channelName, channelsNamed } from './shared.js';

export const listhtlcs = defineCommand({
  name: 'listhtlcs',
  category: 'channels',
  summary: 'List the HTLCs in our channels.',
  description: 'Those that some commitment transaction still holds, channel by channel.',
  params: z.object({
    id: p.string().optional().describe('Only this channel, by its short_channel_id or channel_id.'),
  }),
  result: r.object({
    htlcs: r.array(
      r.object({
        short_channel_id: r.scid().optional().describe('The channel.'),
        channel_id: r.hash().describe('The channel.'),
        id: r.u64().describe('Its number in its direction.'),
        direction: r.oneOf('in', 'out').describe('`out` where we offered it.'),
        amount_msat: r.msat().describe('What it carries.'),
        expiry: r.integer().describe('The block at which it times out.'),
        payment_hash: r.hash().describe('What its preimage hashes to.'),
        state: r.string().describe('How far both sides have agreed on it.'),
      }),
    ),
  }),
  errors: [{ code: codes.badParameter, meaning: '`id` names no channel.' }],
  examples: [{ cli: 'lightning-cli listhtlcs' }],
  seeAlso: ['listpeerchannels', 'listforwards'],
  run: ({ id }, { node }) => {
    const channels = id === undefined ? node.channels.list() : channelsNamed(node, id);
    if (id !== undefined && channels.length === 0) throw badParameter('id', 'names no channel', id);
    const htlcs = channels.flatMap((c) =>
      c.htlcs.map((htlc) => ({
        short_channel_id: channelName(c),
        channel_id: c.channelId,
        id: htlc.id,
        direction: htlc.direction,
        amount_msat: htlc.amountMsat,
        expiry: htlc.cltvExpiry,
        payment_hash: htlc.paymentHash,
        state: htlc.state,
      })),
    );
    return { htlcs };
  },
});
