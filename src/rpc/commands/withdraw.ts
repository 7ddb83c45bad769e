import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import { codes } from '../errors.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { scriptOf, shownTxid } from './shared.js';
import {
  feerateParam,
  fundOptions,
  minconfParam,
  signedPsbt,
  utxosParam,
  walletErrors,
  walletRefusal,
} from './wallet-shared.js';

export const withdraw = defineCommand({
  name: 'withdraw',
  category: 'bitcoin',
  summary: 'Send money of the wallet to an address.',
  description:
    'Makes, signs and broadcasts a transaction that pays `satoshi` to `destination`. With `all`, ' +
    'everything goes but the fee and what is kept for the emergencies of channels. Until it is ' +
    'in a block the transaction is broadcast again with every new one.',
  params: () =>
    z.object({
      destination: p.string().describe('The address.'),
      satoshi: p.satOrAll().describe('The amount in satoshi, or `all`.'),
      feerate: feerateParam(),
      minconf: minconfParam(),
      utxos: utxosParam(),
    }),
  result: () =>
    r.object({
      tx: r.hex().describe('The transaction.'),
      txid: r.txid().describe('Its id.'),
      psbt: r.string().describe('The same as a signed PSBT.'),
    }),
  errors: [
    ...walletErrors,
    {
      code: codes.fundBroadcastFail,
      meaning: 'The chain refused the transaction: nothing is spent.',
    },
  ],
  examples: [
    { cli: 'lightning-cli withdraw bcrt1q… 100000' },
    { cli: 'lightning-cli withdraw bcrt1q… all slow' },
  ],
  seeAlso: ['newaddr', 'listfunds', 'txprepare', 'feerates'],
  run: async ({ destination, satoshi, ...rest }, { node }) => {
    const scriptPubkey = scriptOf(node, 'destination', destination);
    const payees = [{ amount: satoshi, scriptPubkey }];
    const sent = await node.wallet.withdraw(payees, fundOptions(node, rest));
    if (!sent.ok) throw walletRefusal(sent.error);
    const { raw, txid } = sent.value;
    return { tx: toHex(raw), txid: shownTxid(txid), psbt: signedPsbt(sent.value) };
  },
});
