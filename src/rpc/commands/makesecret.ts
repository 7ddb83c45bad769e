import { z } from 'zod';
import { toHex, utf8 } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';

/** What a derivation takes, in bytes of a name. */
const MAX_NAME = 256;

export const makesecret = defineCommand({
  name: 'makesecret',
  category: 'utility',
  summary: 'Derive a secret from the seed of the node.',
  description:
    'Answers 32 bytes that follow from the seed and the name given, always the same, and say ' +
    'nothing of the seed, of other names, or of any key of the node. They are not those that Core ' +
    'Lightning derives from the same seed.',
  params: () =>
    z.object({
      hex: p.hex().optional().describe('The name, in hex; up to 256 bytes.'),
      string: p.string().optional().describe('Or as text; one of the two.'),
    }),
  result: () => r.object({ secret: r.hash().describe('32 bytes.') }),
  errors: [
    { code: codes.badParameter, meaning: 'Not one of `hex` and `string`, or too long a name.' },
  ],
  examples: [{ cli: 'lightning-cli -k makesecret string=scb' }],
  seeAlso: ['signmessage'],
  run: ({ hex, string }, { node }) => {
    if ((hex === undefined) === (string === undefined))
      throw new RpcError(codes.badParameter, 'hex: one of hex and string is wanted');
    const name = hex ?? utf8(string ?? '');
    if (name.length > MAX_NAME)
      throw new RpcError(
        codes.badParameter,
        `${hex === undefined ? 'string' : 'hex'}: should be ${MAX_NAME} bytes at most`,
      );
    return { secret: toHex(node.signer.secret(`makesecret ${toHex(name)}`)) };
  },
});
