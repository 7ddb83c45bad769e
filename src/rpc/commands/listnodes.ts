import { z } from 'zod';
import type { NodeId } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import * as p from '../params.js';
import * as r from '../results.js';

export const listnodes = defineCommand({
  name: 'listnodes',
  category: 'network',
  summary: 'List the nodes of the network that gossip told of.',
  description: 'Nodes with a public channel; what they say of themselves, where they do.',
  params: () =>
    z.object({
      id: p.nodeId().optional().describe('This node only.'),
    }),
  result: () =>
    r.object({
      nodes: r.array(
        r.object({
          nodeid: r.nodeId().describe('The node.'),
          alias: r.string().optional().describe('The name it gives itself.'),
          color: r.string().optional().describe('Its colour, six hex digits.'),
          last_timestamp: r.integer().optional().describe('Of its announcement.'),
          features: r.hex().optional().describe('By the bits of BOLT 9.'),
          addresses: r
            .array(
              r.object({
                type: r.string().describe('`ipv4`, `ipv6`, `torv3` or `dns`.'),
                address: r.string().describe('Where it can be reached.'),
                port: r.integer().describe('The port.'),
              }),
            )
            .optional()
            .describe('Where it can be reached.'),
        }),
      ),
    }),
  examples: [{ cli: 'lightning-cli listnodes' }],
  seeAlso: ['listchannels', 'getroute'],
  run: async ({ id }, { node }) => ({
    nodes: (await node.gossip.listNodes(id as NodeId | undefined)).map((listed) => ({
      ...listed,
      addresses: listed.addresses && [...listed.addresses],
    })),
  }),
});
