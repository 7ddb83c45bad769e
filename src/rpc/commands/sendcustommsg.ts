import { z } from 'zod';
import { decodeMessage } from '../../core/wire/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { nodeIdOf } from './shared.js';

/** BOLT 8: a message holds no more. */
const MOST = 65_535;

export const sendcustommsg = defineCommand({
  name: 'sendcustommsg',
  category: 'network',
  summary: 'Send a peer a message that is not of the protocol.',
  description:
    'Sends a message of a type that this daemon does not speak itself, for protocols beside ' +
    "Lightning's. A peer that does not know the type ignores it where it is odd, and hangs up where " +
    'it is even (BOLT 1).',
  params: () =>
    z.object({
      node_id: p.nodeId().describe('The peer; it must be connected.'),
      msg: p.hex().describe('The message: two bytes of type, and what follows.'),
    }),
  result: () => r.object({ status: r.string().describe('That it is on its way.') }),
  errors: [
    { code: codes.badParameter, meaning: 'It is no message, or one that the daemon sends itself.' },
    { code: codes.general, meaning: 'The peer is not connected.' },
  ],
  examples: [
    {
      cli: 'lightning-cli sendcustommsg 02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5 77770012',
    },
  ],
  seeAlso: ['connect', 'ping'],
  run: ({ node_id, msg }, { node }) => {
    if (msg.length < 2 || msg.length > MOST)
      throw new RpcError(
        codes.badParameter,
        `msg: ${msg.length} bytes; a message has 2 to ${MOST}`,
      );
    const type = ((msg[0] as number) << 8) | (msg[1] as number);
    const read = decodeMessage(msg);
    const foreign = read.ok
      ? read.value.kind === 'unknown'
      : read.error.code === 'unknown_even_message';
    if (!foreign)
      throw new RpcError(
        codes.badParameter,
        `msg: type ${type} is one that the daemon sends itself`,
      );
    if (!node.peers.send(nodeIdOf(node_id), msg))
      throw new RpcError(codes.general, `${node_id} is not connected`);
    return { status: 'Message sent to the peer' };
  },
});
