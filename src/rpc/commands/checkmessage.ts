import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { recover } from '../../core/crypto/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter, nodeIdOf } from './shared.js';
import { messageDigest } from './signmessage.js';
import { decodeZbase32 } from './zbase32.js';

const PUBKEY_NOT_FOUND = 1301;

export const checkmessage = defineCommand({
  name: 'checkmessage',
  category: 'utility',
  summary: "Check a node's signature of a message.",
  description:
    'Without `pubkey` the signature is good only where its key is that of a node we know from ' +
    'gossip (or our own), since some key comes out of any signature.',
  params: () =>
    z.object({
      message: p.string().describe('The text that was signed.'),
      zbase: p.string().describe('The signature, as `signmessage` gives it.'),
      pubkey: p.nodeId().optional().describe('Whose signature it should be.'),
    }),
  result: () =>
    r.object({
      verified: r.boolean().describe('Whether it is the signature of that key.'),
      pubkey: r.nodeId().describe('The key that signed.'),
    }),
  errors: [
    { code: codes.badParameter, meaning: 'This is no signature.' },
    {
      code: PUBKEY_NOT_FOUND,
      meaning: 'No node with this key is known; `data.claimed_key` holds it.',
    },
  ],
  examples: [{ cli: 'lightning-cli checkmessage "this is ours" d6tqa…' }],
  seeAlso: ['signmessage'],
  run: async ({ message, zbase, pubkey }, { node }) => {
    const bytes = decodeZbase32(zbase);
    const recovery = (bytes?.[0] ?? 0) - 31;
    if (bytes?.length !== 65 || recovery < 0 || recovery > 3)
      throw badParameter('zbase', 'should be a signature', zbase.slice(0, 120));
    const key = recover(bytes.slice(1), recovery, messageDigest(message));
    if (key === undefined) throw badParameter('zbase', 'should be a signature', zbase);
    const id = toHex(key);
    if (pubkey !== undefined) return { verified: pubkey === id, pubkey: id };
    const known = id === node.nodeId || (await node.gossip.listNodes(nodeIdOf(id))).length > 0;
    if (known) return { verified: true, pubkey: id };
    throw new RpcError(PUBKEY_NOT_FOUND, 'pubkey not found in the graph', { claimed_key: id });
  },
});
