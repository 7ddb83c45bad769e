/** The transactions that claim outputs: built, weighed and signed. */
import {
  dustLimit,
  encodeDer,
  p2wpkhScriptCode,
  SIGHASH_ALL,
  scriptKind,
  sighashCache,
  sighashTaproot,
  sighashV0,
  type Transaction,
  type TxOutput,
  txWeight,
  unsignedInput,
  withWitness,
} from '../bitcoin/index.js';
import { type Bytes, EMPTY, type Sat, sat } from '../bytes/index.js';
import { htlcTransaction, htlcWitness } from '../channel/commitment/index.js';
import { hash160, type KeyRef, type Signer } from '../crypto/index.js';
import type { Followed, Way } from './outputs.js';
import type { FeeInput } from './types.js';

/** An output with what it takes to spend it now. */
export interface Claimable {
  readonly output: Followed;
  readonly way: Way;
  /** For an HTLC that the peer offered. */
  readonly preimage?: Bytes;
}

/** Sequence of an input that has no delay of its own: the transaction may be replaced. */
const REPLACEABLE = 0xfffffffd;
/** A signature of the greatest length, in place of one that is not made yet. */
const DUMMY_SIGNATURE = new Uint8Array(73);

type SimpleWay = Exclude<Way, { kind: 'htlcTransaction' }>;

export interface Wallet {
  readonly key: number;
  readonly signer: Signer;
}

function keyRef(way: Way, channel: number): KeyRef {
  switch (way.kind) {
    case 'delayed':
      return { kind: 'delayed', channel, perCommitmentPoint: way.point };
    case 'payment':
      return { kind: 'payment', channel };
    case 'htlcTransaction': {
      const { perCommitmentPoint } = way.commitment.keys;
      return { kind: 'htlc', channel, perCommitmentPoint };
    }
    case 'remoteSuccess':
    case 'remoteTimeout':
      return { kind: 'htlc', channel, perCommitmentPoint: way.point };
    case 'penalty':
      return { kind: 'revocation', channel, perCommitmentSecret: way.secret };
    case 'anchor':
      return { kind: 'funding', channel };
  }
}

function sequenceOf(way: SimpleWay): number {
  switch (way.kind) {
    case 'delayed':
      return way.csv;
    case 'payment':
      // BOLT 3, to_remote: with anchors it waits for one block.
      return way.script === undefined ? REPLACEABLE : 1;
    case 'remoteSuccess':
    case 'remoteTimeout':
      // BOLT 3, HTLC outputs: with anchors the sequence must be 1; without, 1 does no harm.
      return 1;
    case 'penalty':
    case 'anchor':
      return REPLACEABLE;
  }
}

/** What the witness shows below the signature. */
function witnessTail(way: SimpleWay, pubkey: Bytes, preimage: Bytes | undefined): Bytes[] {
  switch (way.kind) {
    case 'delayed':
    case 'remoteTimeout':
      return [EMPTY, way.script];
    case 'payment':
      return [way.script ?? pubkey];
    case 'remoteSuccess':
      return [preimage ?? EMPTY, way.script];
    case 'penalty':
      return [way.key ?? Uint8Array.of(1), way.script];
    case 'anchor':
      return [way.script];
  }
}

const scriptCodeOf = (way: Way, pubkey: Bytes): Bytes => {
  if (way.kind === 'htlcTransaction') return way.output.witnessScript;
  return way.script ?? p2wpkhScriptCode(hash160(pubkey));
};

const locktimeOf = ({ output, way }: Claimable): number =>
  way.kind === 'remoteTimeout' ? (output.htlc?.cltvExpiry ?? 0) : 0;

function witnessOf(item: Claimable, pubkey: Bytes, signature: Bytes): readonly Bytes[] {
  const { way, preimage } = item;
  if (way.kind === 'htlcTransaction')
    throw new Error('an HTLC transaction has a witness of its own');
  return [signature, ...witnessTail(way, pubkey, preimage)];
}

/** One transaction that sends `items` to `script`, without signatures or fee. */
function sweepTemplate(items: readonly Claimable[], script: Bytes, amount: Sat): Transaction {
  return {
    version: 2,
    inputs: items.map(({ output, way }) =>
      unsignedInput(output.txid, output.vout, sequenceOf(way as SimpleWay)),
    ),
    outputs: [{ amount, scriptPubkey: script }],
    locktime: Math.max(0, ...items.map(locktimeOf)),
  };
}

/** Satoshis for a weight, rounded up: never below the feerate. */
export const feeOf = (weight: number, feeratePerKw: number): Sat =>
  sat(Math.ceil((weight * feeratePerKw) / 1000));

/** What the claimed outputs hold. */
export const total = (items: readonly Claimable[]): Sat =>
  sat(items.reduce((sum, item) => sum + item.output.amount, 0n));

/** What relaying a replacement costs on top of all that it replaces (BIP 125, rule 4). */
export const RELAY_INCREMENT = 253;

export interface Sweep {
  readonly tx: Transaction;
  /** What it pays in truth, which may be less or more than was asked for. */
  readonly feeratePerKw: number;
  readonly fee: Sat;
}

export interface Price {
  readonly feeratePerKw: number;
  /** What it must pay at least. */
  readonly minimum: number;
  /** The fee of what it takes the place of in mempools. */
  readonly replaces?: Sat | undefined;
  /** On top of its own fee: what an unconfirmed parent lacks. */
  readonly extra?: Sat;
  /** More than this is not paid. */
  readonly most?: Sat;
}

/**
 * The signed transaction that sends `items` to `script` at the feerate, or at what their value
 * allows if that is enough; `undefined` where they are not worth a transaction.
 */
export function sweep(
  items: readonly Claimable[],
  script: Bytes,
  { feeratePerKw, minimum, replaces, extra, most: limit }: Price,
  wallet: Wallet,
): Sweep | undefined {
  const amount = total(items);
  const pubkeys = items.map(({ way }) => wallet.signer.publicKey(keyRef(way, wallet.key)));
  const template = sweepTemplate(items, script, amount);
  const weight = txWeight({
    ...template,
    inputs: template.inputs.map((input, i) => ({
      ...input,
      witness: witnessOf(items[i] as Claimable, pubkeys[i] as Bytes, DUMMY_SIGNATURE),
    })),
  });
  const value = amount - dustLimit(script);
  const most = limit !== undefined && limit < value ? limit : value;
  // BIP 125, rules 3 and 4: more than what is replaced, and the relay of it.
  const bump = replaces === undefined ? 0n : replaces + feeOf(weight, RELAY_INCREMENT);
  const wished = feeOf(weight, feeratePerKw) + (extra ?? 0n);
  const asked = wished > bump ? wished : bump;
  const fee = sat(asked <= most ? asked : most);
  if (fee < feeOf(weight, minimum) || fee < bump) return undefined;
  const outputs: TxOutput[] = [{ amount: sat(amount - fee), scriptPubkey: script }];
  const tx = signInputs({ ...template, outputs }, items, pubkeys, wallet);
  return {
    tx,
    feeratePerKw: fee === wished ? feeratePerKw : Math.floor((Number(fee) * 1000) / weight),
    fee,
  };
}

function signInputs(
  tx: Transaction,
  items: readonly Claimable[],
  pubkeys: readonly Bytes[],
  { key, signer }: Wallet,
): Transaction {
  const cache = sighashCache(tx);
  let signed = tx;
  for (const [i, item] of items.entries()) {
    const pubkey = pubkeys[i] as Bytes;
    const code = scriptCodeOf(item.way, pubkey);
    const digest = sighashV0(tx, i, code, item.output.amount, SIGHASH_ALL, cache);
    const signature = encodeDer(signer.sign(keyRef(item.way, key), digest), SIGHASH_ALL);
    signed = withWitness(signed, i, witnessOf(item, pubkey, signature));
  }
  return signed;
}

function templateOf({ output, way }: Claimable): Transaction {
  if (way.kind === 'htlcTransaction') return htlcTransaction(way.commitment, way.output);
  const inputs = [unsignedInput(output.txid, output.vout, sequenceOf(way))];
  return { version: 2, inputs, outputs: [], locktime: 0 };
}

/**
 * The transaction to which coins of the wallet are added: an anchor's spend, or HTLC transactions
 * of one locktime, which the peer has signed so that each stands for its own input and output.
 */
export function fundedTemplate(items: readonly Claimable[]): Transaction {
  const parts = items.map(templateOf);
  return {
    version: 2,
    inputs: parts.flatMap(({ inputs }) => inputs),
    outputs: parts.flatMap(({ outputs }) => outputs),
    locktime: Math.max(0, ...parts.map(({ locktime }) => locktime)),
  };
}

/** Its weight with the witnesses that these inputs will have. */
export function fundedWeight(items: readonly Claimable[]): number {
  const signed = items.reduce((tx, { way, preimage }, i) => {
    const witness =
      way.kind === 'htlcTransaction'
        ? htlcWitness(way.commitment, way.output, MAX_SIGNATURE, MAX_SIGNATURE, preimage)
        : [DUMMY_SIGNATURE, ...witnessTail(way, EMPTY, undefined)];
    return withWitness(tx, i, witness);
  }, fundedTemplate(items));
  return txWeight(signed);
}

/** 64 bytes whose DER form is as long as it gets. */
const MAX_SIGNATURE = new Uint8Array(64).fill(0xff);

/**
 * The template with the wallet's inputs and change, all signed. BOLT 5, "Generation of HTLC
 * Transactions": our own signature is SIGHASH_ALL, so that nobody adds to it.
 */
export function fundedTransaction(
  items: readonly Claimable[],
  inputs: readonly FeeInput[],
  change: TxOutput | undefined,
  wallet: Wallet,
): Transaction {
  const template = fundedTemplate(items);
  const tx: Transaction = {
    ...template,
    inputs: [
      ...template.inputs,
      ...inputs.map((coin) => unsignedInput(coin.txid, coin.vout, REPLACEABLE)),
    ],
    outputs: change === undefined ? template.outputs : [...template.outputs, change],
  };
  const signed = items.reduce((made, item, i) => {
    const { way, output } = item;
    const ref = keyRef(way, wallet.key);
    const pubkey = wallet.signer.publicKey(ref);
    const digest = sighashV0(tx, i, scriptCodeOf(way, pubkey), output.amount);
    const signature = wallet.signer.sign(ref, digest);
    const witness =
      way.kind === 'htlcTransaction'
        ? htlcWitness(way.commitment, way.output, signature, way.remoteSignature, item.preimage)
        : witnessOf(item, pubkey, encodeDer(signature, SIGHASH_ALL));
    return withWitness(made, i, witness);
  }, tx);
  return signCoins(signed, items, inputs, wallet.signer);
}

/** Signs the wallet's inputs, which follow those of the claim. */
function signCoins(
  tx: Transaction,
  items: readonly Claimable[],
  coins: readonly FeeInput[],
  signer: Signer,
): Transaction {
  const spent: TxOutput[] = [...items.map(({ output }) => output), ...coins];
  let signed = tx;
  for (const [i, coin] of coins.entries()) {
    const index = items.length + i;
    if (scriptKind(coin.scriptPubkey) === 'p2tr') {
      const digest = sighashTaproot(tx, index, spent);
      signed = withWitness(signed, index, [signer.signSchnorr(coin.ref, digest)]);
      continue;
    }
    const pubkey = signer.publicKey(coin.ref);
    const digest = sighashV0(tx, index, p2wpkhScriptCode(hash160(pubkey)), coin.amount);
    const signature = encodeDer(signer.sign(coin.ref, digest), SIGHASH_ALL);
    signed = withWitness(signed, index, [signature, pubkey]);
  }
  return signed;
}
