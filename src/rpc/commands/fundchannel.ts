import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import type { FundError } from '../../node/channels/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import {
  badParameter,
  channelTypeBits,
  channelTypeResult,
  nodeIdOf,
  perKwOf,
  scriptOf,
  shownChannelType,
  shownTxid,
} from './shared.js';

const STATIC_REMOTEKEY = 12;
const ANCHORS = 22;

export function fundRefusal(error: FundError): RpcError {
  switch (error.code) {
    case 'peer_not_connected':
      return new RpcError(codes.fundingUnknownPeer, 'Peer not connected');
    case 'peer_refused':
      return new RpcError(codes.general, `The peer refused: ${error.message}`);
    case 'aborted':
      return new RpcError(codes.general, `The opening ended: ${error.message}`);
    case 'insufficient_funds':
      return new RpcError(codes.fundCannotAfford, error.message);
    case 'bad_request':
      return new RpcError(codes.general, error.message);
  }
}

/** The types that BOLT 2 lets one ask for here; throws -32602 for any other. */
function wantsAnchors(bits: readonly number[]): boolean {
  const known = bits.every((bit) => bit === STATIC_REMOTEKEY || bit === ANCHORS);
  if (!known || !bits.includes(STATIC_REMOTEKEY))
    throw badParameter('channel_type', 'should be [12] or [12, 22]', JSON.stringify(bits));
  return bits.includes(ANCHORS);
}

export const fundchannel = defineCommand({
  name: 'fundchannel',
  category: 'channels',
  summary: 'Open a channel with a peer.',
  description:
    'Agrees with the peer on a channel, pays into it from the wallet, and broadcasts the funding ' +
    'transaction once the peer has signed our way back out. The channel can be used after some ' +
    'confirmations: `listpeerchannels` tells.',
  params: z.object({
    id: p.nodeId().describe('The peer; it must be connected.'),
    amount: p.satOrAll().describe('What to put in, or `all`.'),
    feerate: p.feerate().optional().describe('Of the funding transaction.'),
    announce: p.boolean().default(true).describe('Whether gossip is told of it.'),
    minconf: p.integer().default(1).describe('Confirmations of the coins that are spent.'),
    push_msat: p.msat().optional().describe('A gift to the peer out of the amount.'),
    close_to: p.string().optional().describe('Where our part goes when we close together.'),
    request_amt: p.sat().optional().describe('Not offered here: liquidity cannot be leased.'),
    compact_lease: p.string().optional().describe('Not offered here.'),
    utxos: p.array(p.outpoint()).optional().describe('Spend these coins and no others.'),
    mindepth: p
      .integer(0, 1000)
      .optional()
      .describe('Confirmations to wait for, where the peer asks for fewer.'),
    reserve: p.sat().optional().describe('What the peer must keep.'),
    channel_type: p.array(p.integer(0, 1000)).optional().describe('The bits of the type.'),
  }),
  result: r.object({
    tx: r.hex().describe('The funding transaction.'),
    txid: r.txid().describe('Its id.'),
    outnum: r.integer().describe('Its output that is the channel.'),
    channel_id: r.hash().describe('The channel.'),
    channel_type: channelTypeResult().describe('What was agreed on.'),
  }),
  errors: [
    { code: codes.general, meaning: 'The peer refused, or went away; nothing was spent.' },
    { code: codes.fundCannotAfford, meaning: 'The wallet has not enough.' },
    { code: codes.fundStillSyncing, meaning: 'The chain is not followed to its tip yet.' },
    { code: codes.fundingUnknownPeer, meaning: 'The peer is not connected.' },
    { code: codes.badParameter, meaning: 'A parameter is wrong.' },
  ],
  examples: [{ cli: 'lightning-cli fundchannel 02f6…b 1000000' }],
  seeAlso: ['connect', 'listfunds', 'listpeerchannels', 'close'],
  run: async (params, { node, notify }) => {
    if (params.request_amt !== undefined || params.compact_lease !== undefined)
      throw new RpcError(codes.badParameter, 'request_amt: liquidity cannot be leased here');
    if (params.push_msat !== undefined && params.amount !== 'all')
      if (params.push_msat > params.amount * 1000n)
        throw badParameter('push_msat', 'should be at most the amount', `${params.push_msat}`);
    const anchors =
      params.channel_type === undefined ? undefined : wantsAnchors(params.channel_type);
    const closeTo =
      params.close_to === undefined ? undefined : scriptOf(node, 'close_to', params.close_to);
    if (!node.chain.synced) {
      notify.message('Waiting until the chain is followed to its tip');
      throw new RpcError(codes.fundStillSyncing, 'Still reading blocks');
    }
    const result = await node.channels.fund({
      peerId: nodeIdOf(params.id),
      amount: params.amount,
      announce: params.announce,
      minconf: params.minconf,
      ...(params.feerate !== undefined && { feeratePerKw: perKwOf(node, params.feerate) }),
      ...(params.push_msat !== undefined && { pushMsat: params.push_msat }),
      ...(closeTo !== undefined && { closeTo }),
      ...(params.utxos !== undefined && { utxos: params.utxos.map((u) => `${u.txid}:${u.vout}`) }),
      ...(params.mindepth !== undefined && { minimumDepth: params.mindepth }),
      ...(params.reserve !== undefined && { reserve: params.reserve }),
      ...(anchors !== undefined && { anchors }),
    });
    if (!result.ok) throw fundRefusal(result.error);
    const { tx, txid, vout, channelId, channelType } = result.value;
    return {
      tx: toHex(tx),
      txid: shownTxid(txid),
      outnum: vout,
      channel_id: channelId,
      channel_type: shownChannelType(channelTypeBits(channelType)),
    };
  },
});
