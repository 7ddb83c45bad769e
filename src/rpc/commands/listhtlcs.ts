import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { htlcHistory } from '../../node/channels/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter, channelName, channelsNamed } from './shared.js';

export const listhtlcs = defineCommand({
  name: 'listhtlcs',
  category: 'channels',
  summary: 'List the HTLCs of our channels.',
  description:
    'All that ever were in each channel that `listpeerchannels` shows, channel by channel: those ' +
    'that are over first, whose `state` is the last one of their direction. The node keeps them ' +
    'to be able to punish a peer, and forgets them with the channel; so they have no number over ' +
    'all channels (`created_index` of Core Lightning), by which one could ask for some of them. ' +
    '`listforwards`, `listsendpays` and `listinvoices` tell what they were for.',
  params: () =>
    z.object({
      id: p
        .string()
        .optional()
        .describe('Only this channel, by its short_channel_id or channel_id.'),
    }),
  result: () =>
    r.object({
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
  run: async ({ id }, { node }) => {
    const channels = id === undefined ? node.channels.list() : channelsNamed(node, id);
    if (id !== undefined && channels.length === 0) throw badParameter('id', 'names no channel', id);
    const states = new Map(node.channels.liveStates().map((s) => [toHex(s.channelId), s]));
    const htlcs = [];
    for (const c of channels) {
      const state = states.get(c.channelId);
      const known = state === undefined ? [] : await htlcHistory(node.store, state);
      for (const htlc of known)
        htlcs.push({
          short_channel_id: channelName(c),
          channel_id: c.channelId,
          id: htlc.id,
          direction: htlc.direction,
          amount_msat: htlc.amountMsat,
          expiry: htlc.cltvExpiry,
          payment_hash: htlc.paymentHash,
          state: htlc.state,
        });
    }
    return { htlcs };
  },
});
