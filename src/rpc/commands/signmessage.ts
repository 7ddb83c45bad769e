import { z } from 'zod';
import { concat, toHex, utf8 } from '../../core/bytes/index.js';
import { sha256d } from '../../core/crypto/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter } from './shared.js';
import { encodeZbase32 } from './zbase32.js';

const LONGEST = 65535;

/** What is signed, as the implementations have agreed. */
export const messageDigest = (message: string) =>
  sha256d(utf8(`Lightning Signed Message:${message}`));

export const signmessage = defineCommand({
  name: 'signmessage',
  category: 'utility',
  summary: "Sign a message with this node's key.",
  description:
    'Anyone who knows the node can check the signature: with `checkmessage`, or with the same ' +
    'command of another implementation.',
  params: () => z.object({ message: p.string().describe('The text, up to 65535 bytes.') }),
  result: () =>
    r.object({
      signature: r.hex().describe('The signature, 64 bytes.'),
      recid: r.hex().describe('Which of the possible keys it is, one byte.'),
      zbase: r.string().describe('Both together, as `checkmessage` takes them.'),
    }),
  errors: [{ code: codes.badParameter, meaning: 'The message is too long.' }],
  examples: [{ cli: 'lightning-cli signmessage "this is ours"' }],
  seeAlso: ['checkmessage'],
  run: ({ message }, { node }) => {
    if (utf8(message).length > LONGEST)
      throw badParameter('message', `should be ${LONGEST} bytes at most`, message.slice(0, 50));
    const { signature, recovery } = node.signer.signRecoverable(messageDigest(message));
    return {
      signature: toHex(signature),
      recid: toHex(Uint8Array.of(recovery)),
      zbase: encodeZbase32(concat(Uint8Array.of(31 + recovery), signature)),
    };
  },
});
