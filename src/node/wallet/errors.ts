/** The wallet's errors in words. */
import { assertNever } from '../../core/bytes/index.js';
import type { WalletError } from './types.js';

export function describeWalletError(error: WalletError): string {
  switch (error.code) {
    case 'insufficient_funds':
      return `Could not afford ${error.needed}sat: ${error.available}sat are available`;
    case 'emergency_reserve':
      return `We would not have enough left for min-emergency-msat ${error.reserve}sat, which bumps the fees of channels: ${error.available}sat are available`;
    case 'unknown_utxo':
      return `UTXO ${error.outpoint} is not known to the wallet`;
    case 'utxo_spent':
      return `UTXO ${error.outpoint} is already spent`;
    case 'utxo_reserved':
      return `UTXO ${error.outpoint} is reserved until block ${error.toBlock}`;
    case 'utxo_immature':
      return `UTXO ${error.outpoint} has not enough confirmations`;
    case 'dust_output':
      return `Output ${error.actual}sat would be dust, the least is ${error.minimum}sat`;
    case 'no_payees':
      return 'No outputs are given';
    case 'feerate_out_of_range':
      return `The feerate must be from ${error.minimum} to ${error.maximum} perkw`;
    case 'unknown_transaction':
      return 'Unknown transaction: not prepared, or discarded, or sent already';
    case 'broadcast_refused':
      return `Error broadcasting transaction: ${error.reason}`;
    case 'chain_away':
      return `The block chain does not answer: ${error.reason}`;
    default:
      return assertNever(error);
  }
}
