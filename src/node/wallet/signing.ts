/** Witnesses for the wallet's own inputs, by the signer. */
import {
  encodeDer,
  p2wpkhScriptCode,
  SIGHASH_ALL,
  SIGHASH_DEFAULT,
  sighashCache,
  sighashTaproot,
  sighashV0,
  type Transaction,
  type TxOutput,
  withWitness,
} from '../../core/bitcoin/index.js';
import { type Bytes, concat } from '../../core/bytes/index.js';
import { hash160 } from '../../core/crypto/index.js';
import type { Signer } from '../../ports/index.js';
import type { WalletKey } from './keys.js';

/** The witness of one input. `spent` are the outputs that all inputs spend, in order. */
export function walletWitness(
  signer: Signer,
  tx: Transaction,
  index: number,
  spent: readonly TxOutput[],
  key: WalletKey,
  sighash?: number,
): Bytes[] {
  if (key.type === 'p2tr') {
    const type = sighash ?? SIGHASH_DEFAULT;
    const signature = signer.signSchnorr(key, sighashTaproot(tx, index, spent, type));
    return [type === SIGHASH_DEFAULT ? signature : concat(signature, Uint8Array.of(type))];
  }
  const type = sighash ?? SIGHASH_ALL;
  const publicKey = signer.publicKey(key);
  const { amount } = spent[index] as TxOutput;
  const code = p2wpkhScriptCode(hash160(publicKey));
  const digest = sighashV0(tx, index, code, amount, type, sighashCache(tx));
  return [encodeDer(signer.sign(key, digest), type), publicKey];
}

/** Signs the inputs that have a key; the others stay as they are. */
export function signWith(
  signer: Signer,
  tx: Transaction,
  spent: readonly TxOutput[],
  keys: readonly (WalletKey | undefined)[],
): Transaction {
  let signed = tx;
  for (const [i, key] of keys.entries())
    if (key !== undefined)
      signed = withWitness(signed, i, walletWitness(signer, tx, i, spent, key));
  return signed;
}
