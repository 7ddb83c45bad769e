import { z } from 'zod';
import { scidToString } from '../../core/bytes/index.js';
import { type ClosedChannel, closedChannels } from '../../node/channels/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { extremes, shownTypeOf } from './listpeerchannels.js';
import { channelTypeResult, shownTxid } from './shared.js';

export const listclosedchannels = defineCommand({
  name: 'listclosedchannels',
  category: 'channels',
  summary: 'List the channels that are over.',
  description:
    'Channels whose end is settled and buried in the chain, so that `listpeerchannels` has ' +
    'forgotten them.',
  params: () => z.object({ id: p.nodeId().optional().describe('Only those with this peer.') }),
  result: () =>
    r.object({
      closedchannels: r.array(
        r.object({
          peer_id: r.nodeId().describe('The peer.'),
          channel_id: r.hash().describe('Its id.'),
          short_channel_id: r.scid().optional().describe('Where its funding lies.'),
          alias: r
            .object({ local: r.scid().optional(), remote: r.scid().optional() })
            .optional()
            .describe('Its other names.'),
          opener: r.oneOf('local', 'remote').describe('Who paid for it.'),
          closer: r
            .oneOf('local', 'remote')
            .optional()
            .describe('Who began to close it, where that is known.'),
          private: r.boolean().describe('Whether gossip was told nothing of it.'),
          channel_type: channelTypeResult().optional().describe('Its type.'),
          total_local_commitments: r.u64().describe('How many commitments we had.'),
          total_remote_commitments: r.u64().describe('How many the peer had.'),
          total_htlcs_sent: r.u64().describe('HTLCs that we offered in it.'),
          funding_txid: r.txid().describe('The funding transaction.'),
          funding_outnum: r.integer().describe('Its output that was the channel.'),
          funding_withheld: r.boolean().describe('False: it was broadcast.'),
          leased: r.boolean().describe('False: channels are not leased.'),
          funding_pushed_msat: r.msat().optional().describe('What the opener gave away at once.'),
          total_msat: r.msat().describe('What it held.'),
          final_to_us_msat: r.msat().describe('What was ours at the end.'),
          ...extremes.result,
          last_commitment_txid: r.txid().optional().describe('What spent the funding output.'),
          last_commitment_fee_msat: r.msat().optional().describe('What that paid in fees.'),
          close_cause: r
            .oneOf('unknown', 'user', 'remote', 'protocol', 'onchain')
            .describe(
              'A `close` here, the peer, our lost state, or a spend that came of itself; `unknown` ' +
                'where we failed it for another reason.',
            ),
        }),
      ),
    }),
  examples: [{ cli: 'lightning-cli listclosedchannels' }],
  seeAlso: ['listpeerchannels', 'close'],
  run: async ({ id }, { node }) => {
    const closed = await closedChannels(node.store);
    return {
      closedchannels: closed.filter((c) => id === undefined || c.peerId === id).map(shown),
    };
  },
});

function shown(c: ClosedChannel) {
  const { localAlias, remoteAlias } = c;
  const named = localAlias !== undefined || remoteAlias !== undefined;
  return {
    peer_id: c.peerId,
    channel_id: c.channelId,
    short_channel_id: c.scid === undefined ? undefined : scidToString(c.scid),
    alias: named
      ? {
          local: localAlias === undefined ? undefined : scidToString(localAlias),
          remote: remoteAlias === undefined ? undefined : scidToString(remoteAlias),
        }
      : undefined,
    opener: c.opener ?? ('local' as const),
    closer: c.closer,
    private: c.private,
    channel_type: shownTypeOf(c),
    total_local_commitments: c.localCommitments,
    total_remote_commitments: c.remoteCommitments,
    total_htlcs_sent: c.htlcsSent,
    funding_txid: shownTxid(c.fundingTxid ?? new Uint8Array(32)),
    funding_outnum: c.fundingVout ?? 0,
    funding_withheld: false,
    leased: false,
    funding_pushed_msat: c.pushMsat === 0n ? undefined : c.pushMsat,
    total_msat: c.totalMsat,
    final_to_us_msat: c.toLocalMsat,
    ...extremes.of(c),
    last_commitment_txid: c.lastTxid && shownTxid(c.lastTxid),
    last_commitment_fee_msat: c.lastFee === undefined ? undefined : c.lastFee * 1000n,
    close_cause: c.cause,
  };
}
