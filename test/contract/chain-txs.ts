/** Coins that tests can spend, and transactions that spend them: signed by hand, step by step. */
import {
  encodeDer,
  encodeTx,
  OP,
  p2tr,
  p2wpkh,
  p2wpkhScriptCode,
  p2wsh,
  pushNumber,
  SIGHASH_ALL,
  script,
  sighashTaproot,
  sighashV0,
  type Transaction,
  type TxOutput,
  taprootPrivateKey,
  unsignedInput,
  withWitness,
} from '../../src/core/bitcoin/index.js';
import { type Bytes, concat, type Sat, sat, utf8 } from '../../src/core/bytes/index.js';
import {
  hash160,
  publicKeyFromPrivate,
  schnorrSign,
  sha256,
  sign,
  xOnly,
} from '../../src/core/crypto/index.js';

export interface Key {
  readonly secret: Bytes;
  readonly point: Bytes;
}

export function key(name: string): Key {
  const secret = sha256(utf8(`a key of the contract suite: ${name}`));
  return { secret, point: publicKeyFromPrivate(secret) as Bytes };
}

/** The key that a taproot output of `base` is spent with (BIP 86). */
export function taprootKey(base: Key): Key {
  const secret = taprootPrivateKey(base.secret) as Bytes;
  return { secret, point: publicKeyFromPrivate(secret) as Bytes };
}

/** An output on chain, and what is needed to spend it. */
export interface Coin {
  readonly txid: Bytes;
  readonly vout: number;
  readonly output: TxOutput;
}

export const p2wpkhScript = (k: Key): Bytes => p2wpkh(k.point);
export const p2trScript = (k: Key): Bytes => p2tr(xOnly(taprootKey(k).point));

/** BOLT 3's funding script, for keys in this order. */
export const multisig = (a: Key, b: Key): Bytes =>
  script(OP.TWO, a.point, b.point, OP.TWO, OP.CHECKMULTISIG);

/** After `blocks` confirmations, by `k`: BOLT 3's to_local without its other branch. */
export const csvScript = (blocks: number, k: Key): Bytes =>
  concat(pushNumber(blocks), script(OP.CHECKSEQUENCEVERIFY, OP.DROP, k.point, OP.CHECKSIG));

/** From `height` on, by `k`. */
export const cltvScript = (height: number, k: Key): Bytes =>
  concat(pushNumber(height), script(OP.CHECKLOCKTIMEVERIFY, OP.DROP, k.point, OP.CHECKSIG));

/** By `k` with the preimage of a hash, or by nobody. */
export const hashScript = (hash: Bytes, k: Key): Bytes =>
  script(
    OP.SIZE,
    Uint8Array.of(32),
    OP.EQUALVERIFY,
    OP.HASH160,
    hash,
    OP.EQUALVERIFY,
    k.point,
    OP.CHECKSIG,
  );

export { p2wsh };

export interface Draft {
  readonly version?: number;
  readonly locktime?: number;
  readonly sequence?: number;
  readonly outputs: readonly TxOutput[];
}

export function draft(coins: readonly Coin[], options: Draft): Transaction {
  return {
    version: options.version ?? 2,
    inputs: coins.map((c) => unsignedInput(c.txid, c.vout, options.sequence ?? 0xfffffffd)),
    outputs: options.outputs,
    locktime: options.locktime ?? 0,
  };
}

/** All of a coin to a script, less the fee. */
export const minus = (coin: Coin, fee: number, scriptPubkey: Bytes): TxOutput => ({
  amount: sat(coin.output.amount - BigInt(fee)) as Sat,
  scriptPubkey,
});

export function ecdsa(
  tx: Transaction,
  index: number,
  code: Bytes,
  amount: Sat,
  k: Key,
  type = SIGHASH_ALL,
): Bytes {
  return encodeDer(sign(k.secret, sighashV0(tx, index, code, amount, type)) as Bytes, type);
}

export function signP2wpkh(tx: Transaction, index: number, coin: Coin, k: Key): Transaction {
  const code = p2wpkhScriptCode(hash160(k.point));
  return withWitness(tx, index, [ecdsa(tx, index, code, coin.output.amount, k), k.point]);
}

export function signP2tr(
  tx: Transaction,
  index: number,
  coins: readonly Coin[],
  k: Key,
): Transaction {
  const digest = sighashTaproot(
    tx,
    index,
    coins.map((c) => c.output),
  );
  return withWitness(tx, index, [schnorrSign(taprootKey(k).secret, digest) as Bytes]);
}

/** The witness of a p2wsh input: what `stack` gives it, then the script. */
export function signP2wsh(
  tx: Transaction,
  index: number,
  coin: Coin,
  witnessScript: Bytes,
  stack: (signature: (k: Key, type?: number) => Bytes) => readonly Bytes[],
): Transaction {
  const { amount } = coin.output;
  const signature = (k: Key, type?: number) => ecdsa(tx, index, witnessScript, amount, k, type);
  return withWitness(tx, index, [...stack(signature), witnessScript]);
}

export { encodeTx };
