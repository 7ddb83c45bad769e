import { z } from 'zod';
import { encodeTx } from '../../core/bitcoin/index.js';
import { toHex } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { shownTxid } from './shared.js';
import { internalTxid, unsigned, walletRefusal } from './wallet-shared.js';

export const txdiscard = defineCommand({
  name: 'txdiscard',
  category: 'bitcoin',
  summary: 'Give up a transaction of txprepare and free its inputs.',
  description: 'The transaction is forgotten. One that was sent already cannot be discarded.',
  params: () => z.object({ txid: p.txid().describe('As `txprepare` answered it.') }),
  result: () =>
    r.object({
      unsigned_tx: r.hex().describe('The transaction, without signatures.'),
      txid: r.txid().describe('Its id.'),
    }),
  errors: [{ code: codes.badParameter, meaning: 'No such transaction is prepared.' }],
  examples: [{ cli: 'lightning-cli txdiscard 02f6…' }],
  seeAlso: ['txprepare', 'txsend'],
  run: async ({ txid }, { node }) => {
    const freed = await node.wallet.release(internalTxid(txid));
    if (!freed.ok) throw walletRefusal(freed.error);
    return {
      unsigned_tx: toHex(encodeTx(unsigned(freed.value))),
      txid: shownTxid(freed.value.txid),
    };
  },
});
