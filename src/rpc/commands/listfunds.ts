import { z } from 'zod';
import { scidToString } from '../../core/bytes/index.js';
import type { LiveChannel } from '../../node/channels/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { shownTxid } from './shared.js';
import { shownOutput } from './wallet-shared.js';

const outputResult = () =>
  r.object({
    txid: r.txid().describe('The transaction.'),
    output: r.integer().describe('The index of the output.'),
    amount_msat: r.msat().describe('Its amount.'),
    scriptpubkey: r.hex().describe('Its script.'),
    address: r.string().describe('The address that was paid.'),
    status: r
      .oneOf('unconfirmed', 'confirmed', 'spent', 'immature')
      .describe('`immature`: a miner’s reward of less than 100 blocks.'),
    blockheight: r.integer().optional().describe('Of the block it is in.'),
    reserved: r.boolean().describe('Whether a transaction that is being made has it.'),
    reserved_to_block: r.integer().optional().describe('When the reservation ends.'),
  });

const channelResult = () =>
  r.object({
    peer_id: r.nodeId().describe('The peer.'),
    connected: r.boolean().describe('Whether it is connected.'),
    state: r.string().describe('As in `listpeerchannels`.'),
    channel_id: r.hash().describe('The channel.'),
    short_channel_id: r.scid().optional().describe('Where the funding lies in the chain.'),
    our_amount_msat: r.msat().describe('What is ours in it.'),
    amount_msat: r.msat().describe('What it holds.'),
    funding_txid: r.txid().describe('The funding transaction.'),
    funding_output: r.integer().describe('Its output that is the channel.'),
  });

function shownChannel(c: LiveChannel) {
  if (c.fundingTxid === undefined || c.status === 'CLOSED') return [];
  return [
    {
      peer_id: c.peerId,
      connected: c.peerConnected,
      state: c.status,
      channel_id: c.channelId,
      short_channel_id: c.scid === undefined ? undefined : scidToString(c.scid),
      our_amount_msat: c.toLocalMsat,
      amount_msat: c.totalMsat,
      funding_txid: shownTxid(c.fundingTxid),
      funding_output: c.fundingVout ?? 0,
    },
  ];
}

export const listfunds = defineCommand({
  name: 'listfunds',
  category: 'bitcoin',
  summary: 'List the money: outputs on the chain and what is ours in channels.',
  description:
    'Outputs that are spent, by a transaction that may still wait for its block, are left out ' +
    'unless `spent` is true.',
  params: () =>
    z.object({
      spent: p.boolean().default(false).describe('Show outputs that are spent, too.'),
    }),
  result: () =>
    r.object({
      outputs: r.array(outputResult()).describe('The outputs of the wallet.'),
      channels: r.array(channelResult()).describe('The channels.'),
    }),
  examples: [{ cli: 'lightning-cli listfunds' }],
  seeAlso: ['newaddr', 'withdraw', 'listpeerchannels', 'listtransactions'],
  run: ({ spent }, { node }) => ({
    outputs: (spent ? node.wallet.outputs() : node.wallet.unspent()).map((o) =>
      shownOutput(node, o),
    ),
    channels: node.channels.list().flatMap(shownChannel),
  }),
});
