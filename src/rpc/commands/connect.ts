import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import type { ConnectError } from '../../node/peers/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { addressResult, badParameter, nodeIdOf, shownAddress } from './shared.js';

export interface Target {
  readonly nodeId: string;
  readonly host: string | undefined;
  readonly port: number | undefined;
}

const TARGET = /^(0[23][0-9a-fA-F]{64})(?:@(?:\[([0-9a-fA-F:.]+)\]|([^@:/\s]+))(?::(\d{1,5}))?)?$/;

/** `id` or `id@host`, `id@host:port`. */
export const target = () =>
  p.param<Target>('pubkey[@host[:port]]', 'should be a node id, or id@host:port', (value) => {
    const m = typeof value === 'string' ? TARGET.exec(value.trim()) : null;
    if (!m) return undefined;
    const port = m[4] === undefined ? undefined : Number(m[4]);
    if (port !== undefined && (port < 1 || port > 65535)) return undefined;
    return { nodeId: (m[1] as string).toLowerCase(), host: m[2] ?? m[3], port };
  });

export function connectRefusal(error: ConnectError): RpcError {
  switch (error.code) {
    case 'no_known_address':
      return new RpcError(
        codes.connectNoKnownAddress,
        'Unable to connect, no address known for peer',
      );
    case 'all_addresses_failed':
      return new RpcError(
        codes.connectAllAddressesFailed,
        `All addresses failed: ${error.message}`,
      );
    case 'disconnected_during':
      return new RpcError(
        codes.connectDisconnectedDuring,
        `Disconnected during connection: ${error.message}`,
      );
  }
}

export const connect = defineCommand({
  name: 'connect',
  category: 'network',
  summary: 'Connect to another node.',
  description:
    'Answers once the connection is encrypted and both sides have said what they can do; at once ' +
    'where it is connected already. Without a host the addresses that are known from earlier and ' +
    'from gossip are tried in turn.',
  params: () =>
    z.object({
      id: target().describe('The node, alone or as `id@host:port`.'),
      host: p.string().optional().describe('Its host: a name or an address.'),
      port: p.integer(1, 65535).optional().describe("Its port; the network's usual one otherwise."),
    }),
  result: () =>
    r.object({
      id: r.nodeId().describe('The node.'),
      features: r.hex().describe('What it offers, by the bits of BOLT 9.'),
      direction: r.oneOf('in', 'out').describe('`out` where we called it.'),
      address: addressResult().describe('Where it was reached, or called from.'),
    }),
  errors: [
    { code: codes.connectNoKnownAddress, meaning: 'No address of the node is known.' },
    { code: codes.connectAllAddressesFailed, meaning: 'None of its addresses answered.' },
    { code: codes.connectDisconnectedDuring, meaning: 'It hung up before we were connected.' },
    { code: codes.badParameter, meaning: 'A parameter is wrong.' },
  ],
  examples: [{ cli: 'lightning-cli connect 02f6…b@lightning.example:9735' }],
  seeAlso: ['disconnect', 'listpeers', 'fundchannel'],
  run: async ({ id, host, port }, { node }) => {
    if (id.host !== undefined && host !== undefined)
      throw badParameter('host', 'should not be given beside id@host', host);
    if (id.nodeId === node.nodeId) throw badParameter('id', 'should not be our own', id.nodeId);
    const result = await node.peers.connect(
      nodeIdOf(id.nodeId),
      id.host ?? host?.replace(/^\[(.*)\]$/, '$1'),
      id.port ?? port,
    );
    if (result.ok) {
      const { nodeId, features, direction, remote } = result.value;
      return { id: nodeId, features: toHex(features), direction, address: shownAddress(remote) };
    }
    throw connectRefusal(result.error);
  },
});
