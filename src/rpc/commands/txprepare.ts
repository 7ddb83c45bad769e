import { z } from 'zod';
import { encodeTx } from '../../core/bitcoin/index.js';
import { toHex } from '../../core/bytes/index.js';
import { encodePsbt, type Payee } from '../../node/wallet/index.js';
import { defineCommand } from '../command.js';
import type { NodeApi } from '../node-api.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter, scriptOf, shownTxid } from './shared.js';
import {
  feerateParam,
  fundOptions,
  minconfParam,
  unsigned,
  utxosParam,
  walletErrors,
  walletRefusal,
} from './wallet-shared.js';

type Entry = Readonly<Record<string, unknown>>;

/** `[{address: amount}, …]`; an amount may be `all`, once. */
function readPayees(node: NodeApi, entries: readonly Entry[]): Payee[] {
  const amounts = p.satOrAll();
  const payees = entries.flatMap((entry) =>
    Object.entries(entry).map(([address, given]): Payee => {
      const amount = amounts.safeParse(given);
      if (!amount.success)
        throw badParameter('outputs', "should have satoshi amounts or 'all'", String(given));
      return { amount: amount.data, scriptPubkey: scriptOf(node, 'outputs', address) };
    }),
  );
  if (payees.length === 0) throw badParameter('outputs', 'should not be empty', '[]');
  if (payees.filter((one) => one.amount === 'all').length > 1)
    throw badParameter('outputs', "should have 'all' at most once", 'all');
  return payees;
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const txprepare = defineCommand({
  name: 'txprepare',
  category: 'bitcoin',
  summary: 'Make a transaction and reserve its inputs.',
  description:
    'As `withdraw`, for several outputs and without sending: `txsend` broadcasts it, `txdiscard` ' +
    'frees the inputs. It outlives a restart; the reservation ends after 72 blocks.',
  params: () =>
    z.object({
      outputs: p
        .array(
          p.param<Entry>('object', 'should be an object of address and amount', (v) =>
            isEntry(v) ? v : undefined,
          ),
        )
        .describe('A list of `{address: amount}`; one amount may be `all`.'),
      feerate: feerateParam(),
      minconf: minconfParam(),
      utxos: utxosParam(),
    }),
  result: () =>
    r.object({
      psbt: r.string().describe('The transaction as a PSBT without signatures.'),
      unsigned_tx: r.hex().describe('The transaction without signatures.'),
      txid: r.txid().describe('Its id, which the signatures do not change.'),
    }),
  errors: walletErrors,
  examples: [{ cli: 'lightning-cli txprepare \'[{"bcrt1q…":50000},{"bcrt1p…":"all"}]\'' }],
  seeAlso: ['txsend', 'txdiscard', 'withdraw', 'feerates'],
  run: async ({ outputs, ...rest }, { node }) => {
    const made = await node.wallet.fund(readPayees(node, outputs), fundOptions(node, rest));
    if (!made.ok) throw walletRefusal(made.error);
    const bare = unsigned(made.value);
    return {
      psbt: encodePsbt(bare, made.value.inputs),
      unsigned_tx: toHex(encodeTx(bare)),
      txid: shownTxid(made.value.txid),
    };
  },
});
