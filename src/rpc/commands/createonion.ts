import { z } from 'zod';
import { type Bytes, hex, Reader, toHex } from '../../core/bytes/index.js';
import { buildOnion, PAYMENT_PAYLOADS } from '../../core/onion/index.js';
import { uint } from '../../core/wire/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { secret32 } from './payment-shapes.js';

/** A payload as tools write it: with its length in front. */
function withoutLength(payload: Bytes): Bytes | undefined {
  try {
    const reader = new Reader(payload);
    return uint.decode(reader) === reader.left ? reader.rest() : undefined;
  } catch {
    return undefined;
  }
}

export const createonion = defineCommand({
  name: 'createonion',
  category: 'payment',
  summary: 'Make an onion with payloads of your own.',
  description:
    'Makes a packet (BOLT 4) that takes each payload to its node. `sendonion` sends it; the shared ' +
    'secrets read the failure that may come back.',
  params: () =>
    z.object({
      hops: p
        .array(
          p.object({
            pubkey: p.nodeId().describe('The node.'),
            payload: p.hex().describe('A TLV stream with its length in front.'),
          }),
        )
        .describe('In the order of the route.'),
      assocdata: p.hex().describe('What the packet commits to: for a payment its hash.'),
      session_key: secret32().optional().describe('For tests; left out: random.'),
      onion_size: p
        .integer(66, 0xffff)
        .default(PAYMENT_PAYLOADS)
        .describe('Bytes for the payloads.'),
    }),
  result: () =>
    r.object({
      onion: r.hex().describe('The packet.'),
      shared_secrets: r.array(r.hash()).describe('One for each hop.'),
    }),
  errors: [{ code: codes.badParameter, meaning: 'A hop or its payload is malformed.' }],
  seeAlso: ['sendonion', 'getroute'],
  run: ({ hops, assocdata, session_key, onion_size }, { node }) => {
    const bad = (message: string) => new RpcError(codes.badParameter, message);
    const built = buildOnion({
      hops: hops.map(({ pubkey, payload }, i) => {
        const bare = withoutLength(payload);
        if (bare === undefined)
          throw bad(`hops[${i}].payload: its length does not stand in front of it`);
        return { nodeId: hex(pubkey), payload: bare };
      }),
      sessionKey: session_key ?? node.entropy.bytes(32),
      associatedData: assocdata,
      payloadsLength: onion_size,
    });
    if (built.ok)
      return {
        onion: toHex(built.value.packet),
        shared_secrets: built.value.sharedSecrets.map(toHex),
      };
    const { error } = built;
    switch (error.code) {
      case 'no_hops':
        throw bad('hops: there are none');
      case 'bad_session_key':
        throw bad('session_key: it is no private key');
      case 'bad_node_id':
        throw bad(`hops[${error.index}].pubkey: it is no point of the curve`);
      case 'payload_too_short':
        throw bad(`hops[${error.index}].payload: two bytes at least`);
      case 'payloads_too_long':
        throw bad(`hops: the payloads need ${error.actual} bytes, and have ${error.maximum}`);
    }
  },
});
