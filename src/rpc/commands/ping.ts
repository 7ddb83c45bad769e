import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter, nodeIdOf } from './shared.js';

export const ping = defineCommand({
  name: 'ping',
  category: 'network',
  summary: 'See whether a peer answers.',
  description:
    'Sends the `ping` of BOLT 1 and waits for its `pong`. Asked for 65532 bytes or more the peer ' +
    'sends none, and 0 is answered at once.',
  params: () =>
    z.object({
      id: p.nodeId().describe('The peer; it must be connected.'),
      len: p.integer(0, 65535).default(128).describe('Bytes in the ping.'),
      pongbytes: p.integer(0, 65535).default(128).describe('Bytes to be sent back.'),
    }),
  result: () =>
    r.object({
      totlen: r.integer().describe('The length of the whole pong, 0 where none was asked for.'),
    }),
  errors: [{ code: codes.badParameter, meaning: 'It is not connected, or `len` does not fit.' }],
  examples: [{ cli: 'lightning-cli ping 02f6…b', reply: { totlen: 132 } }],
  run: async ({ id, len, pongbytes }, { node }) => {
    const result = await node.peers.ping(nodeIdOf(id), len, pongbytes);
    if (result.ok) return { totlen: result.value.totlen };
    switch (result.error.code) {
      case 'not_connected':
        throw new RpcError(codes.badParameter, 'id: Peer is not connected');
      case 'too_long':
        throw badParameter('len', `should be ${result.error.maximum} at most`, String(len));
      case 'disconnected':
        throw new RpcError(codes.general, 'Peer disconnected');
    }
  },
});
