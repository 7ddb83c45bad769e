import { z } from 'zod';
import { scidToString } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { channelRefusal } from './channel-errors.js';
import { badParameter, channelsNamed } from './shared.js';

const U32 = 0xffffffffn;

export const setchannel = defineCommand({
  name: 'setchannel',
  category: 'channels',
  summary: 'Set what we take and allow on a channel.',
  description:
    'Sets fees and limits for what is forwarded into the channel, tells them with a ' +
    'channel_update, and keeps them over a restart. What is left out stays as it is.',
  params: () =>
    z.object({
      id: p.string().describe('The peer, the channel, or `all`.'),
      feebase: p.msat().optional().describe('For each forward.'),
      feeppm: p.integer().optional().describe('Of the amount, in millionths.'),
      htlcmin: p.msat().optional().describe('The smallest HTLC to forward.'),
      htlcmax: p.msat().optional().describe('The largest HTLC to forward.'),
      enforcedelay: p
        .integer(0, 86_400 * 14)
        .default(600)
        .describe('Seconds for which payers may still go by the terms of before.'),
      ignorefeelimits: p.boolean().default(false).describe('True is not offered here.'),
    }),
  result: () =>
    r.object({
      channels: r.array(
        r.object({
          peer_id: r.nodeId().describe('The peer.'),
          channel_id: r.hash().describe('The channel.'),
          short_channel_id: r.scid().optional().describe('The channel.'),
          fee_base_msat: r.msat().describe('For each forward.'),
          fee_proportional_millionths: r.integer().describe('Of the amount.'),
          ignore_fee_limits: r.boolean().describe('Always false.'),
          minimum_htlc_out_msat: r.msat().describe('The smallest HTLC.'),
          maximum_htlc_out_msat: r.msat().describe('The largest HTLC.'),
          warning_htlcmin_too_low: r.string().optional().describe('The peer wants more.'),
          warning_htlcmax_too_high: r.string().optional().describe('The channel holds less.'),
        }),
      ),
    }),
  errors: [
    { code: codes.badParameter, meaning: '`id` names no channel.' },
    { code: codes.general, meaning: 'The channel is not open.' },
  ],
  examples: [{ cli: 'lightning-cli setchannel 103x1x0 1000 10' }],
  seeAlso: ['listpeerchannels'],
  run: async (params, { node }) => {
    const { id, feebase, feeppm, htlcmin, htlcmax, enforcedelay } = params;
    if (params.ignorefeelimits)
      throw new RpcError(codes.badParameter, 'ignorefeelimits: is not offered here');
    const named = id === 'all' ? node.channels.list() : channelsNamed(node, id);
    const open = named.filter(
      (c) => c.status === 'CHANNELD_NORMAL' || c.status === 'CHANNELD_AWAITING_LOCKIN',
    );
    if (named.length === 0 && id !== 'all') throw badParameter('id', 'names no channel', id);
    if (open.length === 0 && id !== 'all')
      throw new RpcError(codes.general, `Channel is in state ${named[0]?.status}`);
    if (feebase !== undefined && feebase > U32)
      throw badParameter('feebase', 'should be below 2^32 msat', String(feebase));
    const policy = {
      ...(feebase !== undefined && { feeBaseMsat: Number(feebase) }),
      ...(feeppm !== undefined && { feeProportionalMillionths: feeppm }),
      ...(htlcmin !== undefined && { htlcMinimumMsat: htlcmin }),
      ...(htlcmax !== undefined && { htlcMaximumMsat: htlcmax }),
    };
    const channels = [];
    for (const { channelId, remote } of open) {
      const result = await node.channels.setPolicy(channelId, policy, enforcedelay);
      if (!result.ok) throw channelRefusal(result.error);
      const channel = result.value;
      const set = channel.policy;
      if (set === undefined) continue;
      channels.push({
        peer_id: channel.peerId,
        channel_id: channel.channelId,
        short_channel_id: channel.scid === undefined ? undefined : scidToString(channel.scid),
        fee_base_msat: BigInt(set.feeBaseMsat),
        fee_proportional_millionths: set.feeProportionalMillionths,
        ignore_fee_limits: false,
        minimum_htlc_out_msat: set.htlcMinimumMsat,
        maximum_htlc_out_msat: set.htlcMaximumMsat,
        warning_htlcmin_too_low:
          htlcmin !== undefined && remote !== undefined && htlcmin < remote.htlcMinimum
            ? `The peer's minimum is ${remote.htlcMinimum}msat`
            : undefined,
        warning_htlcmax_too_high:
          htlcmax !== undefined && htlcmax > set.htlcMaximumMsat
            ? `The channel's maximum is ${set.htlcMaximumMsat}msat`
            : undefined,
      });
    }
    return { channels };
  },
});
