import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { nodeIdOf } from './shared.js';

export const disconnect = defineCommand({
  name: 'disconnect',
  category: 'network',
  summary: 'End the connection with a peer.',
  description:
    'A peer with which we have a channel is kept unless `force` is true; then the connection is ' +
    'made again before long.',
  params: () =>
    z.object({
      id: p.nodeId().describe('The peer.'),
      force: p.boolean().default(false).describe('Also where there is a channel.'),
    }),
  result: () => r.object({}),
  errors: [{ code: codes.general, meaning: 'It is not connected, or there is a channel with it.' }],
  examples: [{ cli: 'lightning-cli disconnect 02f6…b', reply: {} }],
  seeAlso: ['connect', 'listpeers'],
  run: ({ id, force }, { node }) => {
    const nodeId = nodeIdOf(id);
    if (node.peers.connected(nodeId) === undefined)
      throw new RpcError(codes.general, 'Peer not connected');
    const live = node.channels.list().find((c) => c.peerId === nodeId && c.status !== 'CLOSED');
    if (live !== undefined && !force)
      throw new RpcError(codes.general, `Peer has (at least one) channel in state ${live.status}`);
    node.peers.disconnect(nodeId, 'the operator asked for it');
    return {};
  },
});
