/** Partially signed transactions (BIP 174, version 0): made, read, signed, finished. */
import * as btc from '@scure/btc-signer';
import {
  decodeTx,
  type Transaction,
  type TxOutput,
  txid as txidOf,
} from '../../core/bitcoin/index.js';
import {
  type Bytes,
  EMPTY,
  equal,
  err,
  ok,
  type Result,
  reversed,
  sat,
} from '../../core/bytes/index.js';
import type { Signer } from '../../ports/index.js';
import type { WalletKey, WalletKeys } from './keys.js';
import { walletWitness } from './signing.js';

/** What is wrong with it, in words for people. */
export type PsbtError = { readonly code: 'bad_psbt'; readonly reason: string };

const bad = (reason: string): PsbtError => ({ code: 'bad_psbt', reason });

export interface Psbt {
  /** Without signatures. */
  readonly tx: Transaction;
  /** What each input spends, as far as the PSBT says it. */
  readonly spent: readonly (TxOutput | undefined)[];
  readonly inner: btc.Transaction;
}

/** Other people's inputs and outputs may be of any form. */
const LENIENT = {
  allowUnknown: true,
  allowUnknownInputs: true,
  allowUnknownOutputs: true,
  allowUnknownVersion: true,
  allowLegacyWitnessUtxo: true,
  disableScriptCheck: true,
} as const;

/** In base64. Witnesses that the transaction has already go in as final ones. */
export function encodePsbt(tx: Transaction, spent: readonly (TxOutput | undefined)[]): string {
  const psbt = new btc.Transaction({ ...LENIENT, version: tx.version, lockTime: tx.locktime });
  for (const [i, input] of tx.inputs.entries()) {
    const utxo = spent[i];
    psbt.addInput(
      {
        txid: reversed(input.txid),
        index: input.vout,
        sequence: input.sequence,
        ...(utxo === undefined
          ? {}
          : { witnessUtxo: { script: utxo.scriptPubkey, amount: utxo.amount } }),
        ...(input.witness.length === 0 ? {} : { finalScriptWitness: [...input.witness] }),
      },
      true,
    );
  }
  for (const { amount, scriptPubkey } of tx.outputs)
    psbt.addOutput({ amount, script: scriptPubkey }, true);
  return Buffer.from(psbt.toPSBT(0)).toString('base64');
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** BIP 174: `psbt` and 0xff. */
const MAGIC = Uint8Array.of(0x70, 0x73, 0x62, 0x74, 0xff);

/** From base64. Nothing that a user sends throws past here. */
export function decodePsbt(text: string): Result<Psbt, PsbtError> {
  const base64 = text.trim();
  if (!BASE64.test(base64)) return err(bad('this is not base64'));
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  if (!equal(bytes.subarray(0, MAGIC.length), MAGIC))
    return err(bad('this does not begin as one does'));
  try {
    const inner = btc.Transaction.fromPSBT(bytes, LENIENT);
    const tx = decodeTx(inner.unsignedTx) ?? emptyOf(inner);
    if (tx === undefined) return err(bad('it holds no transaction'));
    const spent = tx.inputs.map((input, i) => spentOutput(inner, i, input.txid, input.vout));
    return ok({ tx, spent, inner });
  } catch {
    // The library names the byte, in words that only its authors know.
    return err(bad('it is damaged, or cut short'));
  }
}

/** A transaction without inputs cannot be told from one with witnesses by its bytes (BIP 144). */
function emptyOf(inner: btc.Transaction): Transaction | undefined {
  if (inner.inputsLength > 0) return undefined;
  const outputs: TxOutput[] = [];
  for (let i = 0; i < inner.outputsLength; i++) {
    const { amount, script } = inner.getOutput(i);
    if (amount === undefined || script === undefined) return undefined;
    outputs.push({ amount: sat(amount), scriptPubkey: script });
  }
  return { version: inner.version, inputs: [], outputs, locktime: inner.lockTime };
}

function spentOutput(
  inner: btc.Transaction,
  index: number,
  txid: Bytes,
  vout: number,
): TxOutput | undefined {
  const { witnessUtxo, nonWitnessUtxo } = inner.getInput(index);
  if (nonWitnessUtxo !== undefined) {
    const raw = btc.RawTx.encode(nonWitnessUtxo);
    const whole = decodeTx(raw);
    // BIP 174: the transaction given must be the one that is spent.
    if (whole !== undefined && equal(txidOf(whole), txid)) return whole.outputs[vout];
  }
  if (witnessUtxo === undefined) return undefined;
  return { amount: sat(witnessUtxo.amount), scriptPubkey: witnessUtxo.script };
}

/** Signs the inputs whose outputs are ours; answers which. The PSBT is changed in place. */
export function signPsbt(
  psbt: Psbt,
  keys: WalletKeys,
  signer: Signer,
  only?: readonly number[],
): Result<readonly number[], PsbtError> {
  const wanted = psbt.tx.inputs.flatMap((_, i) => {
    const output = psbt.spent[i];
    const key = output && keys.find(output.scriptPubkey);
    return key !== undefined && (only?.includes(i) ?? true) ? [{ i, key }] : [];
  });
  for (const { i, key } of wanted) {
    const wrong = signInput(psbt, i, key, signer);
    if (wrong !== undefined) return err(wrong);
  }
  return ok(wanted.map(({ i }) => i));
}

/** `undefined` takes a field out, which the library's types do not say. */
const NO_SIGNATURES = { partialSig: undefined } as unknown as Parameters<
  btc.Transaction['updateInput']
>[1];

function signInput(
  psbt: Psbt,
  index: number,
  key: WalletKey,
  signer: Signer,
): PsbtError | undefined {
  const { tx, spent, inner } = psbt;
  const { sighashType, partialSig } = inner.getInput(index);
  // BIP 341 signs what all inputs spend; BIP 143 only what its own does.
  const missing = spent.indexOf(undefined);
  if (key.type === 'p2tr' && missing >= 0)
    return bad(`input ${missing} does not say what it spends`);
  const nothing = { amount: sat(0), scriptPubkey: EMPTY };
  const known = spent.map((s) => s ?? nothing);
  const [signature, publicKey] = walletWitness(signer, tx, index, known, key, sighashType);
  if (publicKey === undefined) {
    inner.updateInput(index, { tapKeySig: signature as Bytes }, true);
    return undefined;
  }
  // One of ours that stands there may be of another transaction: a key has one signature.
  const others = (partialSig ?? []).filter(([of]) => !equal(of, publicKey));
  inner.updateInput(index, NO_SIGNATURES, true);
  inner.updateInput(index, { partialSig: [...others, [publicKey, signature as Bytes]] }, true);
  return undefined;
}

/** Puts an output at its end; answers which it is. The PSBT is changed in place. */
export function addPsbtOutput({ inner }: Psbt, output: TxOutput): Result<number, PsbtError> {
  try {
    inner.addOutput({ amount: output.amount, script: output.scriptPubkey }, true);
    return ok(inner.outputsLength - 1);
  } catch {
    // BIP 370: its maker may forbid it.
    return err(bad('it takes no further output'));
  }
}

export const psbtText = (psbt: Psbt): string =>
  Buffer.from(psbt.inner.toPSBT(0)).toString('base64');

/** The finished transaction, or why an input is not complete. */
export function finishPsbt({ inner }: Psbt): Result<{ tx: Transaction; raw: Bytes }, PsbtError> {
  if (inner.inputsLength === 0) return err(bad('it has no inputs'));
  if (inner.outputsLength === 0) return err(bad('it has no outputs'));
  for (let i = 0; i < inner.inputsLength; i++)
    if (!finalized(inner, i)) return err(bad(`input ${i} is not fully signed`));
  try {
    const raw = inner.toBytes(true, true);
    const tx = decodeTx(raw);
    if (tx !== undefined) return ok({ tx, raw });
  } catch {
    // As where nothing was made.
  }
  return err(bad('it makes no transaction'));
}

function finalized(inner: btc.Transaction, index: number): boolean {
  const { finalScriptWitness, finalScriptSig } = inner.getInput(index);
  if (finalScriptWitness !== undefined || finalScriptSig !== undefined) return true;
  try {
    inner.finalizeIdx(index);
    return true;
  } catch {
    return false;
  }
}
