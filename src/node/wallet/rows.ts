/** Between the wallet's outputs and their rows on disk. */
import { encodeAddress, NETWORKS, type NetworkName } from '../../core/bitcoin/index.js';
import { type Bytes, fromHex, reversed, sat, shownHash } from '../../core/bytes/index.js';
import type { Tables } from '../../ports/index.js';
import type { AddressType, WalletOutput } from './types.js';

/** As people see it: `txid:vout`, the txid reversed. The key of every map of outputs. */
export const outpointOf = (txid: Bytes, vout: number): string => `${shownHash(txid)}:${vout}`;

export const shownTxid = shownHash;

export function txidFromShown(text: string): Bytes | undefined {
  const bytes = fromHex(text);
  return bytes?.length === 32 ? reversed(bytes) : undefined;
}

const OUTPOINT = /^([0-9a-fA-F]{64}):(\d{1,9})$/;

export function parseOutpoint(text: string): { txid: Bytes; vout: number } | undefined {
  const m = OUTPOINT.exec(text);
  const txid = m === null ? undefined : txidFromShown(m[1] as string);
  return txid === undefined ? undefined : { txid, vout: Number(m?.[2]) };
}

export function toRow(output: WalletOutput): Tables['wallet_outputs'] {
  return {
    outpoint: outpointOf(output.txid, output.vout),
    amount_sat: output.amount,
    script: output.scriptPubkey,
    key_type: output.type,
    change: output.change ? 1 : 0,
    key_index: output.keyIndex,
    confirmed_height: output.confirmedHeight ?? null,
    spent_height: output.spentHeight ?? null,
    spent_by: output.spentBy === undefined ? null : shownTxid(output.spentBy),
    reserved_to_block: output.reservedToBlock ?? null,
    coinbase: output.coinbase ? 1 : 0,
  };
}

/** Throws where the row is none that `toRow` made: the disk is not to be trusted then. */
export function fromRow(row: Tables['wallet_outputs'], network: NetworkName): WalletOutput {
  const at = parseOutpoint(row.outpoint);
  const spentBy = row.spent_by === null ? undefined : txidFromShown(row.spent_by);
  if (at === undefined) throw new Error(`wallet_outputs: ${row.outpoint} is no outpoint`);
  return {
    ...at,
    amount: sat(row.amount_sat),
    scriptPubkey: row.script,
    type: row.key_type as AddressType,
    change: row.change === 1,
    keyIndex: row.key_index,
    address: encodeAddress(row.script, NETWORKS[network]) ?? '',
    ...(row.confirmed_height === null ? {} : { confirmedHeight: row.confirmed_height }),
    ...(row.spent_height === null ? {} : { spentHeight: row.spent_height }),
    ...(spentBy === undefined ? {} : { spentBy }),
    ...(row.reserved_to_block === null ? {} : { reservedToBlock: row.reserved_to_block }),
    coinbase: row.coinbase === 1,
  };
}
