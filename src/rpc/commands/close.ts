import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import type { CloseFeerates } from '../../core/channel/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { channelRefusal } from './channel-errors.js';
import { badParameter, perKwOf, scriptOf, shownTxid, theChannel } from './shared.js';
import { unlessAborted } from './waiting.js';

function feerateRange(rates: readonly number[]): CloseFeerates {
  const [minimum, maximum, ...more] = rates;
  if (minimum === undefined || maximum === undefined || more.length > 0 || minimum > maximum)
    throw badParameter('feerange', 'should be two feerates, the lower one first', rates.join(', '));
  return { minimum, maximum };
}

export const close = defineCommand({
  name: 'close',
  category: 'channels',
  summary: 'Close a channel.',
  description:
    'Closes together with the peer, which is cheap and quick. Where the peer does not answer, or ' +
    'not within `unilateraltimeout` seconds, the channel is closed alone: then our part is free ' +
    'only after the delay that was agreed on. The command answers when the closing transaction is ' +
    'broadcast; the closing goes on also where nobody waits for the answer.',
  params: () =>
    z.object({
      id: p.string().describe('The peer, the channel_id, or the short_channel_id.'),
      unilateraltimeout: p
        .integer()
        .default(172_800)
        .describe('Seconds after which it is closed alone; 0: never.'),
      destination: p.string().optional().describe('An address for our part; else the wallet.'),
      fee_negotiation_step: p
        .string()
        .optional()
        .describe('Taken for the sake of tools: the fee is agreed on by ranges.'),
      wrong_funding: p.outpoint().optional().describe('Not offered here.'),
      force_lease_closed: p.boolean().optional().describe('Of no effect: there are no leases.'),
      feerange: p
        .array(p.feerate())
        .optional()
        .describe('The least and the highest feerate to agree to: two of them.'),
    }),
  result: () =>
    r.object({
      type: r.oneOf('mutual', 'unilateral', 'unopened').describe('How it was closed.'),
      tx: r.hex().optional().describe('The closing transaction.'),
      txid: r.txid().optional().describe('Its id.'),
      txs: r.array(r.hex()).optional().describe('The closing transactions.'),
      txids: r.array(r.txid()).optional().describe('Their ids.'),
    }),
  errors: [
    { code: codes.badParameter, meaning: '`id` names no channel, or more than one.' },
    { code: codes.general, meaning: 'The channel cannot be closed as it is now.' },
  ],
  examples: [{ cli: 'lightning-cli close 103x1x0' }],
  seeAlso: ['fundchannel', 'listpeerchannels'],
  run: async (params, { node, signal, notify }) => {
    if (params.wrong_funding !== undefined)
      throw new RpcError(codes.badParameter, 'wrong_funding: is not offered here');
    const channel = theChannel(node, params.id);
    const { destination, feerange } = params;
    const feerates = feerange && feerateRange(feerange.map((rate) => perKwOf(node, rate)));
    const script =
      destination === undefined ? undefined : scriptOf(node, 'destination', destination);
    if (!channel.peerConnected)
      notify.message(
        params.unilateraltimeout === 0
          ? 'The peer is not connected: waiting for it'
          : `The peer is not connected: closing alone in ${params.unilateraltimeout} seconds`,
        'unusual',
      );
    const closing = node.channels.close(channel.channelId, {
      unilateralTimeout: params.unilateraltimeout,
      ...(script !== undefined && { scriptPubkey: script }),
      ...(feerates !== undefined && { feerates }),
    });
    const result = await unlessAborted(closing, signal);
    if (!result.ok) {
      const { error } = result;
      // BOLT 2, shutdown: only some forms of scripts, more of them by a feature of both.
      if (destination !== undefined && 'error' in error && error.error.code === 'bad_script')
        throw badParameter('destination', 'is none that this channel may pay to', destination);
      throw channelRefusal(error);
    }
    const { type, tx, txid } = result.value;
    if (tx === undefined || txid === undefined) return { type };
    const [shownTx, id] = [toHex(tx), shownTxid(txid)];
    return { type, tx: shownTx, txid: id, txs: [shownTx], txids: [id] };
  },
});
