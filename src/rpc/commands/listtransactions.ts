import { z } from 'zod';
import { toHex } from '../../core/bytes/index.js';
import { defineCommand } from '../command.js';
import * as r from '../results.js';
import { shownTxid } from './shared.js';

export const listtransactions = defineCommand({
  name: 'listtransactions',
  category: 'bitcoin',
  summary: 'List the transactions that pay or spend outputs of the wallet.',
  description: 'In the order they were seen. The block height is 0 until one is in a block.',
  params: () => z.object({}),
  result: () =>
    r.object({
      transactions: r.array(
        r.object({
          hash: r.txid().describe('The transaction’s id.'),
          rawtx: r.hex().describe('The transaction.'),
          blockheight: r.integer().describe('Of the block it is in; 0 where it waits.'),
          txindex: r.integer().describe('Its place in the block.'),
          locktime: r.integer().describe('Its nLockTime.'),
          version: r.integer().describe('Its version.'),
          inputs: r.array(
            r.object({
              txid: r.txid().describe('The transaction that is spent from.'),
              index: r.integer().describe('Which of its outputs.'),
              sequence: r.integer().describe('nSequence.'),
            }),
          ),
          outputs: r.array(
            r.object({
              index: r.integer().describe('Its index.'),
              amount_msat: r.msat().describe('Its amount.'),
              scriptPubKey: r.hex().describe('Its script.'),
            }),
          ),
        }),
      ),
    }),
  examples: [{ cli: 'lightning-cli listtransactions' }],
  seeAlso: ['listfunds', 'newaddr'],
  run: (_, { node }) => ({
    transactions: node.wallet.transactions().map(({ txid, tx, raw, height, txIndex }) => ({
      hash: shownTxid(txid),
      rawtx: toHex(raw),
      blockheight: height ?? 0,
      txindex: txIndex ?? 0,
      locktime: tx.locktime,
      version: tx.version,
      inputs: tx.inputs.map((i) => ({
        txid: shownTxid(i.txid),
        index: i.vout,
        sequence: i.sequence,
      })),
      outputs: tx.outputs.map((o, index) => ({
        index,
        amount_msat: o.amount * 1000n,
        scriptPubKey: toHex(o.scriptPubkey),
      })),
    })),
  }),
});
