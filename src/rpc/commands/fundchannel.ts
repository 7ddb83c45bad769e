import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import {
  channelParams,
  checkChannel,
  coinsOf,
  fundingErrors,
  fundParamsOf,
  fundRefusal,
} from './funding-shared.js';
import {
  badParameter,
  channelTypeBits,
  channelTypeResult,
  perKwOf,
  shownChannelType,
  shownTxid,
} from './shared.js';

const STATIC_REMOTEKEY = 12;
const ANCHORS = 22;

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
  params: () =>
    z.object({
      id: p.nodeId().describe('The peer; it must be connected.'),
      amount: channelParams.amount,
      feerate: p.feerate().optional().describe('Of the funding transaction.'),
      announce: channelParams.announce,
      minconf: p.integer().default(1).describe('Confirmations of the coins that are spent.'),
      push_msat: channelParams.push_msat,
      close_to: channelParams.close_to,
      request_amt: channelParams.request_amt,
      compact_lease: channelParams.compact_lease,
      utxos: p.array(p.outpoint()).optional().describe('Spend these coins and no others.'),
      mindepth: channelParams.mindepth,
      reserve: channelParams.reserve,
      channel_type: p.array(p.integer(0, 1000)).optional().describe('The bits of the type.'),
    }),
  result: () =>
    r.object({
      tx: r.hex().describe('The funding transaction.'),
      txid: r.txid().describe('Its id.'),
      outnum: r.integer().describe('Its output that is the channel.'),
      channel_id: r.hash().describe('The channel.'),
      channel_type: channelTypeResult().describe('What was agreed on.'),
    }),
  errors: [
    { code: codes.general, meaning: 'The peer refused, or went away; nothing was spent.' },
    ...fundingErrors,
    { code: codes.fundingUnknownPeer, meaning: 'The peer is not connected.' },
    { code: codes.badParameter, meaning: 'A parameter is wrong.' },
  ],
  examples: [{ cli: 'lightning-cli fundchannel 02f6…b 1000000' }],
  seeAlso: ['connect', 'listfunds', 'listpeerchannels', 'close'],
  run: async (params, { node, notify }) => {
    checkChannel(params);
    const anchors =
      params.channel_type === undefined ? undefined : wantsAnchors(params.channel_type);
    const terms = fundParamsOf(node, params.id, params);
    if (!node.chain.synced) {
      notify.message('Waiting until the chain is followed to its tip');
      throw new RpcError(codes.fundStillSyncing, 'Still reading blocks');
    }
    const result = await node.channels.fund({
      ...terms,
      minconf: params.minconf,
      ...(params.feerate !== undefined && { feeratePerKw: perKwOf(node, params.feerate) }),
      ...(params.utxos !== undefined && { utxos: coinsOf(params.utxos) }),
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
