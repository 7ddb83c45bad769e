import { type Bytes, concat, type Sat, Writer } from '../bytes/index.js';
import { sha256, sha256d, taggedHash } from '../crypto/index.js';
import { OP, script } from './script.js';
import { type Transaction, type TxOutput, writeCompactSize, writeOutput } from './transaction.js';

export const SIGHASH_DEFAULT = 0x00;
export const SIGHASH_ALL = 0x01;
export const SIGHASH_NONE = 0x02;
export const SIGHASH_SINGLE = 0x03;
export const SIGHASH_ANYONECANPAY = 0x80;
/** BOLT 3: how HTLC transactions of an anchor channel are signed, so that fees can be added. */
export const SIGHASH_SINGLE_ANYONECANPAY = SIGHASH_SINGLE | SIGHASH_ANYONECANPAY;

const ZERO_HASH = new Uint8Array(32);

function prevouts(tx: Transaction): Bytes {
  const w = new Writer();
  for (const input of tx.inputs) w.bytes(input.txid).u32le(input.vout);
  return w.finish();
}

function sequences(tx: Transaction): Bytes {
  const w = new Writer();
  for (const input of tx.inputs) w.u32le(input.sequence);
  return w.finish();
}

function outputs(list: readonly TxOutput[]): Bytes {
  const w = new Writer();
  for (const output of list) writeOutput(w, output);
  return w.finish();
}

/** The parts of BIP 143's preimage that are the same for every input of a transaction. */
export interface SighashCache {
  readonly hashPrevouts: Bytes;
  readonly hashSequence: Bytes;
  readonly hashOutputs: Bytes;
}

export const sighashCache = (tx: Transaction): SighashCache => ({
  hashPrevouts: sha256d(prevouts(tx)),
  hashSequence: sha256d(sequences(tx)),
  hashOutputs: sha256d(outputs(tx.outputs)),
});

/** BIP 143: what `hashOutputs` is under each base type. */
function outputsHash(tx: Transaction, index: number, base: number, cache?: SighashCache): Bytes {
  if (base === SIGHASH_SINGLE) {
    const output = tx.outputs[index];
    return output === undefined ? ZERO_HASH : sha256d(outputs([output]));
  }
  if (base === SIGHASH_NONE) return ZERO_HASH;
  return cache?.hashOutputs ?? sha256d(outputs(tx.outputs));
}

/**
 * BIP 143: the digest that input `index` signs when it spends a segwit v0 output of `amount`.
 * `scriptCode` is the witness script, or `p2wpkhScriptCode` of the key's hash. Pass a
 * `sighashCache` where several inputs are signed.
 */
export function sighashV0(
  tx: Transaction,
  index: number,
  scriptCode: Bytes,
  amount: Sat,
  type: number = SIGHASH_ALL,
  cache?: SighashCache,
): Bytes {
  const input = tx.inputs[index];
  if (input === undefined) throw new Error(`no input ${index}`);
  const anyoneCanPay = (type & SIGHASH_ANYONECANPAY) !== 0;
  const base = type & 0x1f;
  const w = new Writer();
  w.i32le(tx.version);
  w.bytes(anyoneCanPay ? ZERO_HASH : (cache?.hashPrevouts ?? sha256d(prevouts(tx))));
  const allSequences = !anyoneCanPay && base !== SIGHASH_SINGLE && base !== SIGHASH_NONE;
  w.bytes(allSequences ? (cache?.hashSequence ?? sha256d(sequences(tx))) : ZERO_HASH);
  w.bytes(input.txid).u32le(input.vout);
  writeCompactSize(w, scriptCode.length);
  w.bytes(scriptCode).u64le(amount).u32le(input.sequence);
  w.bytes(outputsHash(tx, index, base, cache));
  w.u32le(tx.locktime).u32le(type);
  return sha256d(w.finish());
}

/** BIP 143: the script code of a p2wpkh output, from the 20-byte hash in it. */
export const p2wpkhScriptCode = (hash: Bytes): Bytes =>
  script(OP.DUP, OP.HASH160, hash, OP.EQUALVERIFY, OP.CHECKSIG);

/**
 * BIP 341: the digest of a key-path spend by input `index`, without annex. `spent` are the
 * outputs that all inputs spend, in order.
 */
export function sighashTaproot(
  tx: Transaction,
  index: number,
  spent: readonly TxOutput[],
  type: number = SIGHASH_DEFAULT,
): Bytes {
  const input = tx.inputs[index];
  const own = spent[index];
  if (input === undefined || own === undefined || spent.length !== tx.inputs.length)
    throw new Error(`no input ${index}`);
  const anyoneCanPay = (type & SIGHASH_ANYONECANPAY) !== 0;
  const base = type & 0x03;
  const w = new Writer();
  w.u8(0).u8(type).i32le(tx.version).u32le(tx.locktime);
  if (!anyoneCanPay) {
    w.bytes(sha256(prevouts(tx)));
    w.bytes(sha256(concat(...spent.map((o) => amountLe(o.amount)))));
    w.bytes(sha256(concat(...spent.map((o) => lengthPrefixed(o.scriptPubkey)))));
    w.bytes(sha256(sequences(tx)));
  }
  if (base !== SIGHASH_NONE && base !== SIGHASH_SINGLE) w.bytes(sha256(outputs(tx.outputs)));
  w.u8(0);
  if (anyoneCanPay) {
    w.bytes(input.txid).u32le(input.vout).u64le(own.amount);
    w.bytes(lengthPrefixed(own.scriptPubkey)).u32le(input.sequence);
  } else w.u32le(index);
  if (base === SIGHASH_SINGLE) {
    const output = tx.outputs[index];
    if (output === undefined) throw new Error(`no output ${index}`);
    w.bytes(sha256(outputs([output])));
  }
  return taggedHash('TapSighash', w.finish());
}

const amountLe = (amount: Sat): Bytes => new Writer().u64le(amount).finish();

function lengthPrefixed(bytes: Bytes): Bytes {
  const w = new Writer();
  writeCompactSize(w, bytes.length);
  return w.bytes(bytes).finish();
}
