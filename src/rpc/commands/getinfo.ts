import { z } from 'zod';
import { msat } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import type { NodeApi } from '../node-api.js';
import * as r from '../results.js';
import { addressResult, shownAddress } from './shared.js';

const PENDING = new Set(['OPENINGD', 'CHANNELD_AWAITING_LOCKIN']);

/** One at most, as Core Lightning gives them: first what bitcoind lacks, then what we do. */
function syncWarning(chain: NodeApi['chain']): {
  warning_bitcoind_sync?: string;
  warning_lightningd_sync?: string;
} {
  const { waitingFor, syncing, height, tipHeight } = chain;
  if (waitingFor !== '') return { warning_bitcoind_sync: `Waiting for ${waitingFor}` };
  if (syncing !== undefined)
    return { warning_bitcoind_sync: `Bitcoind is at ${tipHeight} of ${syncing.headers} blocks` };
  if (chain.isCurrent) return {};
  return { warning_lightningd_sync: `Still reading blocks: at ${height} of ${tipHeight}` };
}

export const getinfo = defineCommand({
  name: 'getinfo',
  category: 'utility',
  summary: 'Show what this node is and how it does.',
  description:
    'The id, the addresses, how many peers and channels there are, and how far the block chain is ' +
    'followed. A warning is there while the chain is not fully followed: then channels may be ' +
    'shown as they were; and another while the wallet lacks coins for the fees of channels that ' +
    'may end on the chain.',
  params: () => z.object({}),
  result: () =>
    r.object({
      id: r.nodeId().describe('The public key of this node.'),
      alias: r.string().describe('Its name for people.'),
      color: r.hex().describe('Its color, three bytes.'),
      num_peers: r.integer().describe('Peers that are connected, or that a channel ties us to.'),
      num_pending_channels: r.integer().describe('Channels that are being opened.'),
      num_active_channels: r.integer().describe('Channels in normal operation.'),
      num_inactive_channels: r.integer().describe('Channels that are closing.'),
      address: r.array(addressResult()).describe('What is announced.'),
      binding: r.array(addressResult()).describe('Where it listens.'),
      version: r
        .string()
        .describe("The version of the interface (Core Lightning's), and of this program."),
      blockheight: r.integer().describe('The last block that was followed.'),
      network: r.string().describe('The block chain.'),
      fees_collected_msat: r.msat().describe('What forwarding has earned.'),
      'lightning-dir': r.string().describe('Where everything is kept.'),
      our_features: r
        .object({
          init: r.hex().describe('In init.'),
          node: r.hex().describe('In node_announcement.'),
          channel: r.hex().describe('In channel_announcement.'),
          invoice: r.hex().describe('In invoices.'),
        })
        .describe('The features of BOLT 9 that we offer.'),
      warning_bitcoind_sync: r
        .string()
        .optional()
        .describe('bitcoind does not answer, or does not have all blocks of its network.'),
      warning_lightningd_sync: r
        .string()
        .optional()
        .describe('The chain is not followed to its tip.'),
      warning_fee_reserve: r
        .string()
        .optional()
        .describe(
          'The confirmed coins of the wallet may not do for the fees of channels with anchors that ' +
            'end on the chain.',
        ),
    }),
  examples: [{ cli: 'lightning-cli getinfo' }],
  seeAlso: ['listpeers', 'listpeerchannels', 'listconfigs'],
  run: async (_, { node }) => {
    const statuses = node.channels.list().map((c) => c.status);
    const { chain, settings } = node;
    const warning_fee_reserve = node.feeReserve.warning();
    return {
      id: node.nodeId,
      alias: settings.alias,
      color: settings.color,
      num_peers: node.peers.list().length,
      num_pending_channels: statuses.filter((s) => PENDING.has(s)).length,
      num_active_channels: statuses.filter((s) => s === 'CHANNELD_NORMAL').length,
      num_inactive_channels: statuses.filter(
        (s) => !PENDING.has(s) && s !== 'CHANNELD_NORMAL' && s !== 'CLOSED',
      ).length,
      address: settings.announced.map(shownAddress),
      binding: settings.bindings.map(shownAddress),
      version: settings.version,
      blockheight: chain.height,
      network: settings.network,
      fees_collected_msat: msat(node.channels.feesCollected),
      'lightning-dir': settings.directory,
      our_features: { ...settings.features },
      ...syncWarning(chain),
      ...(warning_fee_reserve === undefined ? {} : { warning_fee_reserve }),
    };
  },
});
