/** What the commands of the wallet share. */
import { fromHex, reversed, toHex } from '../../core/bytes/index.js';
import {
  decodePsbt,
  describeWalletError,
  encodePsbt,
  type FundedTransaction,
  type FundOptions,
  type Psbt,
  type WalletError,
  type WalletOutput,
} from '../../node/wallet/index.js';
import { codes, RpcError } from '../errors.js';
import type { NodeApi } from '../node-api.js';
import type { FeerateChoice } from '../params.js';
import * as p from '../params.js';
import * as r from '../results.js';
import { badParameter, perKwOf, shownTxid } from './shared.js';

export function walletRefusal(error: WalletError): RpcError {
  const message = describeWalletError(error);
  switch (error.code) {
    case 'insufficient_funds':
      return new RpcError(codes.fundCannotAfford, message);
    case 'emergency_reserve':
      return new RpcError(codes.fundEmergencyReserve, message);
    case 'dust_output':
      return new RpcError(codes.fundDust, message);
    case 'broadcast_refused':
    case 'chain_away':
      return new RpcError(codes.fundBroadcastFail, message);
    case 'unknown_utxo':
    case 'utxo_spent':
    case 'utxo_reserved':
    case 'utxo_immature':
      return new RpcError(codes.badParameter, `utxos: ${message}`);
    case 'feerate_out_of_range':
      return new RpcError(codes.badParameter, `feerate: ${message}`);
    case 'unknown_transaction':
      return new RpcError(codes.badParameter, `txid: ${message}`);
    case 'no_payees':
      return new RpcError(codes.badParameter, message);
  }
}

export const walletErrors = [
  { code: codes.fundCannotAfford, meaning: 'There is not enough money, or too much is reserved.' },
  { code: codes.fundDust, meaning: 'An output would be dust.' },
  {
    code: codes.fundEmergencyReserve,
    meaning: 'The reserve for the emergencies of channels would be touched.',
  },
  { code: codes.badParameter, meaning: 'A parameter is wrong; the message names it.' },
] as const;

/** The parameters that choose coins and fee, as far as they are given. */
export function fundOptions(
  node: Pick<NodeApi, 'chain'>,
  params: {
    feerate?: FeerateChoice | undefined;
    minconf?: number | undefined;
    utxos?: readonly { txid: string; vout: number }[] | undefined;
  },
): FundOptions & { feeratePerKw: number } {
  const { feerate, minconf, utxos } = params;
  const choice = feerate ?? { kind: 'target', target: 'normal' };
  return {
    feeratePerKw: perKwOf(node, choice),
    ...(minconf === undefined ? {} : { minconf }),
    ...(utxos === undefined ? {} : { utxos: utxos.map(internalOutpoint) }),
  };
}

export const internalOutpoint = ({ txid, vout }: { txid: string; vout: number }) => ({
  txid: internalTxid(txid),
  vout,
});

export const internalTxid = (shown: string): Uint8Array =>
  reversed(fromHex(shown) ?? new Uint8Array(32));

export const feerateParam = () =>
  p.feerate().optional().describe('`normal` unless given; see `feerates`.');
export const minconfParam = () =>
  p.integer(0, 65535).default(1).describe('Confirmations that an output must have.');
export const utxosParam = () =>
  p.array(p.outpoint()).optional().describe('Spend exactly these outputs of the wallet.');

/** A PSBT in base64; throws -32602 that names the parameter. */
export function readPsbt(text: string, name = 'psbt'): Psbt {
  const read = decodePsbt(text);
  if (read.ok) return read.value;
  throw badParameter(name, `should be a PSBT (${read.error.reason})`, text);
}

export const signedPsbt = ({ tx, inputs }: FundedTransaction): string => encodePsbt(tx, inputs);

/** The same transaction with the witnesses left off. */
export const unsigned = ({ tx }: Pick<FundedTransaction, 'tx'>) => ({
  ...tx,
  inputs: tx.inputs.map((input) => ({ ...input, witness: [] })),
});

export const reservationsResult = () =>
  r.array(
    r.object({
      txid: r.txid().describe('The transaction of the output.'),
      vout: r.integer().describe('The index of the output.'),
      was_reserved: r.boolean().describe('Whether it was reserved before.'),
      reserved: r.boolean().describe('Whether it is now.'),
      reserved_to_block: r
        .integer()
        .optional()
        .describe('The reservation ends when this block is reached.'),
    }),
  );

export function shownReservation(node: NodeApi, before: WalletOutput) {
  const now = node.wallet.book.output(before.txid, before.vout) ?? before;
  const reserved = node.wallet.isReserved(now);
  return {
    txid: shownTxid(before.txid),
    vout: before.vout,
    was_reserved: node.wallet.isReserved(before),
    reserved,
    reserved_to_block: reserved ? now.reservedToBlock : undefined,
  };
}

/** The outputs of ours that a PSBT spends. */
export const ownInputs = (node: NodeApi, psbt: Psbt): WalletOutput[] =>
  psbt.tx.inputs.flatMap((i) => node.wallet.book.output(i.txid, i.vout) ?? []);

/** An output as `listfunds` shows it. */
export function shownOutput(node: NodeApi, output: WalletOutput) {
  const { wallet } = node;
  const reserved = wallet.isReserved(output);
  const spent = output.spentBy !== undefined || output.spentHeight !== undefined;
  return {
    txid: shownTxid(output.txid),
    output: output.vout,
    amount_msat: output.amount * 1000n,
    scriptpubkey: toHex(output.scriptPubkey),
    address: output.address,
    status: statusOf(node, output, spent),
    blockheight: output.confirmedHeight,
    reserved,
    reserved_to_block: reserved ? output.reservedToBlock : undefined,
  };
}

function statusOf(node: NodeApi, output: WalletOutput, spent: boolean) {
  if (spent) return 'spent' as const;
  if (output.confirmedHeight === undefined) return 'unconfirmed' as const;
  const deep = node.wallet.book.isDeepEnough(output, node.chain.height, 1);
  return deep ? ('confirmed' as const) : ('immature' as const);
}
