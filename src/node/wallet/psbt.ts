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

export type PsbtError = { readonly code: 'bad_psbt'; readonly reason: string };

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

/** From base64. Nothing that a user sends throws past here. */
export function decodePsbt(text: string): Result<Psbt, PsbtError> {
  try {
    const bytes = new Uint8Array(Buffer.from(text, 'base64'));
    const inner = btc.Transaction.fromPSBT(bytes, LENIENT);
    const tx = decodeTx(inner.unsignedTx) ?? emptyOf(inner);
    if (tx === undefined) return err({ code: 'bad_psbt', reason: 'it holds no transaction' });
    const spent = tx.inputs.map((input, i) => spentOutput(inner, i, input.txid, input.vout));
    return ok({ tx, spent, inner });
  } catch (error) {
    return err({ code: 'bad_psbt', reason: (error as Error).message });
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

function signInput(
  psbt: Psbt,
  index: number,
  key: WalletKey,
  signer: Signer,
): PsbtError | undefined {
  const { tx, spent, inner } = psbt;
  const { sighashType } = inner.getInput(index);
  // BIP 341 signs what all inputs spend; BIP 143 only what its own does.
  const missing = spent.indexOf(undefined);
  if (key.type === 'p2tr' && missing >= 0)
    return { code: 'bad_psbt', reason: `input ${missing} does not say what it spends` };
  const nothing = { amount: sat(0), scriptPubkey: EMPTY };
  const known = spent.map((s) => s ?? nothing);
  const [signature, publicKey] = walletWitness(signer, tx, index, known, key, sighashType);
  const signed =
    publicKey === undefined
      ? { tapKeySig: signature as Bytes }
      : { partialSig: [[publicKey, signature as Bytes]] as [Bytes, Bytes][] };
  inner.updateInput(index, signed, true);
  return undefined;
}

export const psbtText = (psbt: Psbt): string =>
  Buffer.from(psbt.inner.toPSBT(0)).toString('base64');

/** The finished transaction, or why an input is not complete. */
export function finishPsbt(psbt: Psbt): Result<{ tx: Transaction; raw: Bytes }, PsbtError> {
  try {
    for (let i = 0; i < psbt.inner.inputsLength; i++) {
      const { finalScriptWitness, finalScriptSig } = psbt.inner.getInput(i);
      if (finalScriptWitness === undefined && finalScriptSig === undefined)
        psbt.inner.finalizeIdx(i);
    }
    const raw = psbt.inner.extract();
    const tx = decodeTx(raw);
    if (tx === undefined) return err({ code: 'bad_psbt', reason: 'it makes no transaction' });
    return ok({ tx, raw });
  } catch (error) {
    return err({ code: 'bad_psbt', reason: (error as Error).message });
  }
}
