import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { shownTxid } from './shared.js';
import { internalTxid, signedPsbt, walletRefusal } from './wallet-shared.js';

export const txsend = defineCommand({
  name: 'txsend',
  category: 'bitcoin',
  summary: 'Broadcast a transaction of txprepare.',
  description:
    'Signs and broadcasts it. Where the chain refuses it, its inputs are free again and nothing ' +
    'is spent.',
  params: () => z.object({ txid: p.txid().describe('As `txprepare` answered it.') }),
  result: () =>
    r.object({
      psbt: r.string().describe('The transaction as a signed PSBT.'),
      tx: r.hex().describe('The transaction.'),
      txid: r.txid().describe('Its id.'),
    }),
  errors: [
    { code: codes.badParameter, meaning: 'No such transaction is prepared.' },
    { code: codes.fundBroadcastFail, meaning: 'The chain refused it.' },
  ],
  examples: [{ cli: 'lightning-cli txsend 02f6…' }],
  seeAlso: ['txprepare', 'txdiscard'],
  run: async ({ txid }, { node }) => {
    const sent = await node.wallet.publish(internalTxid(txid));
    if (!sent.ok) throw walletRefusal(sent.error);
    const { raw, txid: id } = sent.value;
    return { psbt: signedPsbt(sent.value), tx: toHex(raw), txid: shownTxid(id) };
  },
});
