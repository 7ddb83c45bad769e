import { z } from 'zod';
import { psbtText, signPsbt } from '../../node/wallet/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter } from './shared.js';
import { readPsbt } from './wallet-shared.js';

export const signpsbt = defineCommand({
  name: 'signpsbt',
  category: 'bitcoin',
  summary: 'Sign the inputs of a PSBT that are the wallet’s.',
  description:
    'Adds our signatures to a PSBT, whoever made it: look at what it pays before you sign. With ' +
    '`signonly` only those inputs are signed, and each of them must be ours.',
  params: () =>
    z.object({
      psbt: p.string().describe('The PSBT.'),
      signonly: p.array(p.integer(0, 100_000)).optional().describe('Indexes of inputs to sign.'),
    }),
  result: () => r.object({ signed_psbt: r.string().describe('The PSBT with our signatures.') }),
  errors: [
    { code: codes.badParameter, meaning: 'No PSBT, or it does not say what it spends.' },
    { code: codes.general, meaning: 'None of the inputs is ours.' },
  ],
  examples: [{ cli: 'lightning-cli signpsbt cHNidP8B…' }],
  seeAlso: ['fundpsbt', 'sendpsbt'],
  run: ({ psbt, signonly }, { node }) => {
    const read = readPsbt(psbt);
    const signed = signPsbt(read, node.wallet.keys, node.signer, signonly);
    if (!signed.ok) throw badParameter('psbt', signed.error.reason, psbt);
    const foreign = signonly?.find((i) => !signed.value.includes(i));
    if (foreign !== undefined)
      throw badParameter('signonly', 'should name inputs of ours', String(foreign));
    if (signed.value.length === 0)
      throw new RpcError(codes.general, 'No wallet inputs to sign. Are you sure you added inputs?');
    return { signed_psbt: psbtText(read) };
  },
});
