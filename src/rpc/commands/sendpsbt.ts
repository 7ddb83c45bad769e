import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { finishPsbt } from '../../node/wallet/index.js';
import { defineCommand } from '../command.js';
import { codes, RpcError } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { shownTxid } from './shared.js';
import { readPsbt, walletRefusal } from './wallet-shared.js';

export const sendpsbt = defineCommand({
  name: 'sendpsbt',
  category: 'bitcoin',
  summary: 'Finish a fully signed PSBT and broadcast it.',
  description:
    'Every input must be signed. Until the transaction is in a block it is broadcast again with ' +
    'every new one.',
  params: () =>
    z.object({
      psbt: p.string().describe('The PSBT.'),
      reserve: p.integer(0, 1_000_000).optional().describe('Of no use: what is sent is spent.'),
    }),
  result: () =>
    r.object({
      tx: r.hex().describe('The transaction.'),
      txid: r.txid().describe('Its id.'),
    }),
  errors: [
    { code: codes.badParameter, meaning: 'It is no PSBT.' },
    { code: codes.general, meaning: 'A signature is missing.' },
    { code: codes.fundBroadcastFail, meaning: 'The chain refused the transaction.' },
  ],
  examples: [{ cli: 'lightning-cli sendpsbt cHNidP8B…' }],
  seeAlso: ['signpsbt', 'fundpsbt'],
  run: async ({ psbt }, { node }) => {
    const made = finishPsbt(readPsbt(psbt));
    if (!made.ok) throw new RpcError(codes.general, `PSBT not finalizable: ${made.error.reason}`);
    const sent = await node.wallet.send(made.value.tx);
    if (!sent.ok) throw walletRefusal(sent.error);
    return { tx: toHex(made.value.raw), txid: shownTxid(sent.value) };
  },
});
