/** What a mempool does not take though a block could hold it: bitcoind's standardness rules. */
import {
  compactSizeLength,
  encodeTxStripped,
  OP,
  parseScript,
  scriptKind,
  type TxOutput,
  witnessProgram,
} from '../../../core/bitcoin/index.js';
import { type Bytes, type Sat, sat } from '../../../core/bytes/index.js';
import { type ChainTx, type Coin, type Rejection, rejection } from './types.js';

/** Satoshi per 1000 virtual bytes. */
export const MIN_RELAY_FEERATE = 1000;
export const INCREMENTAL_FEERATE = 1000;
const DUST_FEERATE = 3000n;
const MAX_WEIGHT = 400_000;
const MIN_STRIPPED_SIZE = 65;
const MAX_SCRIPTSIG = 1650;
/** Of an OP_RETURN output's script, as bitcoind and Knots had it for years. */
const MAX_DATA_CARRIER = 83;

export const feeAt = (feeratePerKvb: number, vsize: number): Sat =>
  sat(Math.ceil((feeratePerKvb * vsize) / 1000));

/** The amount below which spending the output costs more than a third of it at 3 sat a vbyte. */
export function dustThreshold(scriptPubkey: Bytes): Sat {
  if (scriptPubkey[0] === OP.RETURN || scriptPubkey.length > 10_000) return sat(0);
  const own = 8 + compactSizeLength(scriptPubkey.length) + scriptPubkey.length;
  // Outpoint, script length and sequence, and a signature with its key: a quarter in a witness.
  const spend =
    witnessProgram(scriptPubkey) === undefined ? 32 + 4 + 1 + 107 + 4 : 32 + 4 + 1 + 26 + 4;
  return sat((BigInt(own + spend) * DUST_FEERATE) / 1000n);
}

const isKey = (data: Bytes | undefined): boolean => data?.length === 33 || data?.length === 65;

/** Bare keys and bare multisig of up to three keys, which are standard though nobody uses them. */
function isBareKeys(scriptPubkey: Bytes): boolean {
  const items = parseScript(scriptPubkey);
  if (items === undefined) return false;
  if (items.length === 2) return isKey(items[0]?.data) && items[1]?.opcode === OP.CHECKSIG;
  const keys = items.slice(1, -2);
  const small = (n: number | undefined): number => (n ?? 0) - OP.ONE + 1;
  const [m, n] = [small(items[0]?.opcode), small(items.at(-2)?.opcode)];
  return (
    items.at(-1)?.opcode === OP.CHECKMULTISIG &&
    keys.every((k) => isKey(k.data)) &&
    n === keys.length &&
    n <= 3 &&
    m >= 1 &&
    m <= n
  );
}

function checkOutput({ amount, scriptPubkey }: TxOutput): Rejection | undefined {
  const kind = scriptKind(scriptPubkey);
  if (kind === 'other' && !isBareKeys(scriptPubkey)) return rejection('scriptpubkey');
  if (kind === 'witnessUnknown' && scriptPubkey[0] === OP.ZERO) return rejection('scriptpubkey');
  if (kind === 'opReturn') {
    const items = parseScript(scriptPubkey);
    const pushes = items?.slice(1).every((i) => i.opcode <= OP.SIXTEEN) ?? false;
    return pushes && scriptPubkey.length <= MAX_DATA_CARRIER
      ? undefined
      : rejection('scriptpubkey');
  }
  return amount < dustThreshold(scriptPubkey) ? rejection('dust') : undefined;
}

/** What is said of a transaction before its coins are looked up. */
export function checkStandard(entry: ChainTx): Rejection | undefined {
  const { tx, weight } = entry;
  if (tx.version < 1 || tx.version > 3) return rejection('version');
  if (weight > MAX_WEIGHT) return rejection('tx-size');
  for (const { scriptSig } of tx.inputs) {
    if (scriptSig.length > MAX_SCRIPTSIG) return rejection('scriptsig-size');
    const items = parseScript(scriptSig);
    if (!items?.every((i) => i.opcode <= OP.SIXTEEN)) return rejection('scriptsig-not-pushonly');
  }
  let carriers = 0;
  for (const output of tx.outputs) {
    const wrong = checkOutput(output);
    if (wrong !== undefined) return wrong;
    if (scriptKind(output.scriptPubkey) === 'opReturn' && ++carriers > 1)
      return rejection('multi-op-return');
  }
  if (encodeTxStripped(tx).length < MIN_STRIPPED_SIZE) return rejection('tx-size-small');
  return undefined;
}

/** What is said of a transaction by the outputs it spends. */
export function checkInputsStandard(entry: ChainTx, coins: readonly Coin[]): Rejection | undefined {
  for (const [i, input] of entry.tx.inputs.entries()) {
    const script = (coins[i] as Coin).scriptPubkey;
    const kind = scriptKind(script);
    if (kind === 'witnessUnknown' || (kind === 'other' && !isBareKeys(script)))
      return rejection('bad-txns-nonstandard-inputs');
    if (!witnessStandard(kind, input.witness)) return rejection('bad-witness-nonstandard');
  }
  return undefined;
}

function witnessStandard(kind: ReturnType<typeof scriptKind>, witness: readonly Bytes[]): boolean {
  const script = witness.at(-1);
  if (script === undefined) return true;
  if (kind === 'p2wsh') {
    const stack = witness.slice(0, -1);
    return script.length <= 3600 && stack.length <= 100 && stack.every((i) => i.length <= 80);
  }
  if (kind === 'p2tr' && witness.length > 1) {
    // BIP 341: an annex has no meaning yet.
    if (script[0] === 0x50) return false;
    return (
      ((script[0] as number) & 0xfe) !== 0xc0 || witness.slice(0, -2).every((i) => i.length <= 80)
    );
  }
  return kind === 'p2wpkh' || kind === 'p2tr' || kind === 'p2sh';
}
