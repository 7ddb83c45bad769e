import { z } from 'zod';
import { addPsbtOutput, encodePsbt, outputWeight, psbtText } from '../../node/wallet/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter, scriptOf } from './shared.js';
import { readPsbt } from './wallet-shared.js';

/** Outputs below this are not relayed, whatever their script. */
const DUST = 546n;

export const addpsbtoutput = defineCommand({
  name: 'addpsbtoutput',
  category: 'bitcoin',
  summary: 'Add an output to a PSBT.',
  description:
    'Answers the PSBT with one more output at its end, to a new address of the wallet or to the ' +
    'one given. Signatures that it has may no longer hold.',
  params: () =>
    z.object({
      satoshi: p.sat().describe('What the output holds.'),
      initialpsbt: p.string().optional().describe('The PSBT; a new one if left out.'),
      locktime: p.integer().optional().describe('nLockTime of a new one; the height unless given.'),
      destination: p
        .string()
        .optional()
        .describe('An address; a new one of the wallet if left out.'),
    }),
  result: () =>
    r.object({
      psbt: r.string().describe('The PSBT with the output.'),
      estimated_added_weight: r.integer().describe('What the output weighs.'),
      outnum: r.integer().describe('Its number, from 0.'),
    }),
  errors: [{ code: codes.badParameter, meaning: 'A parameter is wrong; the message names it.' }],
  examples: [{ cli: 'lightning-cli addpsbtoutput 100000sat' }],
  seeAlso: ['fundpsbt', 'utxopsbt', 'signpsbt'],
  run: async ({ satoshi, initialpsbt, locktime, destination }, { node }) => {
    if (satoshi < DUST) throw badParameter('satoshi', `is dust below ${DUST}`, String(satoshi));
    const lockTime = locktime ?? node.chain.height;
    if (initialpsbt !== undefined && locktime !== undefined)
      throw badParameter('locktime', 'only for a new PSBT', String(locktime));
    const psbt = readPsbt(
      initialpsbt ?? encodePsbt({ version: 2, inputs: [], outputs: [], locktime: lockTime }, []),
      'initialpsbt',
    );
    const script =
      destination === undefined
        ? (await node.wallet.newAddress('p2tr')).scriptPubkey
        : scriptOf(node, 'destination', destination);
    const added = addPsbtOutput(psbt, { amount: satoshi, scriptPubkey: script });
    if (!added.ok) throw badParameter('initialpsbt', added.error.reason, initialpsbt ?? '');
    return {
      psbt: psbtText(psbt),
      estimated_added_weight: outputWeight(script),
      outnum: added.value,
    };
  },
});
