/** BOLT 3, "Legacy Closing Transaction" and "Closing Transaction". */
import {
  compactSizeLength,
  sighashV0,
  type Transaction,
  type TxOutput,
  unsignedInput,
} from '../../bitcoin/index.js';
import { type Bytes, compare, type Sat, sat } from '../../bytes/index.js';
import { verify } from '../../crypto/index.js';
import { channelFundingScript } from './build.js';
import type { CommitmentChannel, Side } from './types.js';

export interface ClosingSpec {
  /** What is paid to each side before the fee is taken from the opener's (whole satoshis). */
  readonly local: { readonly amount: Sat; readonly scriptPubkey: Bytes };
  readonly remote: { readonly amount: Sat; readonly scriptPubkey: Bytes };
  readonly fee: Sat;
  /** Outputs below it are left out: the dust limit of who makes the signature. */
  readonly dustLimit: Sat;
  /** BOLT 3: a side MAY leave out its own output. */
  readonly without?: Side;
}

export interface Closing {
  readonly tx: Transaction;
  readonly digest: Bytes;
}

/** Order of outputs by BIP 69: amount, then script. */
const byAmount = (a: TxOutput, b: TxOutput): number =>
  a.amount === b.amount ? compare(a.scriptPubkey, b.scriptPubkey) : a.amount < b.amount ? -1 : 1;

/**
 * The transaction of a `closing_signed`; `undefined` where the opener cannot pay the fee or no
 * output is left.
 */
export function buildClosing(channel: CommitmentChannel, spec: ClosingSpec): Closing | undefined {
  const outputs: TxOutput[] = [];
  for (const side of ['local', 'remote'] as const) {
    const { scriptPubkey } = spec[side];
    const amount = sat(spec[side].amount - (side === channel.opener ? spec.fee : 0n));
    if (amount < 0n) return undefined;
    // BOLT 3, Legacy Closing Transaction: outputs below the signer's own dust limit go to fees.
    if (amount >= spec.dustLimit && side !== spec.without) outputs.push({ amount, scriptPubkey });
  }
  if (outputs.length === 0) return undefined;
  const tx: Transaction = {
    version: 2,
    inputs: [unsignedInput(channel.fundingTxid, channel.fundingVout, 0xffffffff)],
    outputs: outputs.sort(byAmount),
    locktime: 0,
  };
  const digest = sighashV0(tx, 0, channelFundingScript(channel), channel.fundingAmount);
  return { tx, digest };
}

/** Whether the peer signed this closing transaction. */
export const verifyClosing = (
  channel: CommitmentChannel,
  closing: Closing,
  signature: Bytes,
): boolean => verify(signature, closing.digest, channel.remote.points.fundingPubkey);

/** Weight of a closing transaction that pays to these scripts, with 73-byte signatures. */
export function closingWeight(scripts: readonly Bytes[]): number {
  const output = (s: Bytes): number => 8 + compactSizeLength(s.length) + s.length;
  // version, locktime, both counts, one input of 41 bytes
  const stripped = 4 + 4 + 1 + 1 + 41 + scripts.reduce((sum, s) => sum + output(s), 0);
  // marker and flag; count, empty item, two signatures, the funding script of 71 bytes
  const witness = 2 + 1 + 1 + 2 * (1 + 73) + 1 + 71;
  return stripped * 4 + witness;
}
