import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { printedAddress } from '../../node/peers/index.js';
import type { LogLevel } from '../../ports/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { logEntries, logEntryResult, logLevel } from './getlog.js';

export const listpeers = defineCommand({
  name: 'listpeers',
  category: 'network',
  summary: 'List the peers.',
  description: 'Peers that are connected, and those that a channel ties us to.',
  params: () =>
    z.object({
      id: p.nodeId().optional().describe('This peer only.'),
      level: logLevel()
        .optional()
        .describe('Also show what the log says of it, from this level on.'),
    }),
  result: () =>
    r.object({
      peers: r.array(
        r.object({
          id: r.nodeId().describe('The peer.'),
          connected: r.boolean().describe('Whether it is connected.'),
          num_channels: r.integer().describe('Channels with it.'),
          netaddr: r.array(r.string()).optional().describe('Where it is connected.'),
          features: r.hex().optional().describe('What it offers, by the bits of BOLT 9.'),
          log: r.array(logEntryResult()).optional().describe('What the log says of it.'),
        }),
      ),
    }),
  examples: [{ cli: 'lightning-cli listpeers' }],
  seeAlso: ['connect', 'listpeerchannels'],
  run: ({ id, level }, { node }) => {
    const counts = new Map<string, number>();
    for (const { peerId, status } of node.channels.list())
      if (status !== 'CLOSED') counts.set(peerId, (counts.get(peerId) ?? 0) + 1);
    const logOf = (nodeId: string, from: LogLevel) =>
      logEntries(
        node.recentLog().filter((line) => line.subsystem.includes(`peer-${nodeId.slice(0, 16)}`)),
        from,
      );
    const peers = node.peers
      .list()
      .filter((peer) => id === undefined || peer.nodeId === id)
      .map(({ nodeId, connected }) => ({
        id: nodeId,
        connected: connected !== undefined,
        num_channels: counts.get(nodeId) ?? 0,
        netaddr: connected && [printedAddress(connected.remote)],
        features: connected && toHex(connected.features),
        log: level === undefined ? undefined : logOf(nodeId, level),
      }));
    return { peers };
  },
});
