import { z } from 'zod';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';

export const newaddr = defineCommand({
  name: 'newaddr',
  category: 'bitcoin',
  summary: 'Get a fresh address of the wallet.',
  description:
    'What is sent to it shows up in `listfunds` once it is in a block. `bech32` is a version 0 ' +
    'witness address (p2wpkh, BIP 84), `p2tr` a taproot one (BIP 86), `all` one of each.',
  params: () =>
    z.object({
      addresstype: p.oneOf('bech32', 'p2tr', 'all').default('p2tr').describe('What kind.'),
    }),
  result: () =>
    r.object({
      p2tr: r.string().optional().describe('The taproot address.'),
      bech32: r.string().optional().describe('The version 0 witness address.'),
    }),
  errors: [{ code: codes.badParameter, meaning: 'There is no such kind of address.' }],
  examples: [{ cli: 'lightning-cli newaddr' }, { cli: 'lightning-cli newaddr bech32' }],
  seeAlso: ['listfunds', 'withdraw'],
  run: async ({ addresstype }, { node }) => {
    const fresh = async (type: 'p2tr' | 'p2wpkh') => (await node.wallet.newAddress(type)).address;
    return {
      p2tr: addresstype === 'bech32' ? undefined : await fresh('p2tr'),
      bech32: addresstype === 'p2tr' ? undefined : await fresh('p2wpkh'),
    };
  },
});
