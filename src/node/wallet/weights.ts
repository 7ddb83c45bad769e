/** Weights (BIP 141) of the parts of a transaction, before its signatures are made. */
import { compactSizeLength } from '../../core/bitcoin/index.js';
import type { Bytes } from '../../core/bytes/index.js';
import type { AddressType } from './types.js';

/** Outpoint, empty script and sequence. */
const BARE_INPUT = 4 * (32 + 4 + 1 + 4);

/** Whole inputs with their witnesses: count, lengths, signature, key. */
export const INPUT_WEIGHT: Readonly<Record<AddressType, number>> = {
  p2wpkh: BARE_INPUT + 1 + 1 + 72 + 1 + 33,
  p2tr: BARE_INPUT + 1 + 1 + 64,
};

/** An input whose witness is `witness` bytes long with all its counts. */
export const inputWeight = (witness: number): number => BARE_INPUT + witness;

export const outputWeight = (scriptPubkey: Bytes): number =>
  4 * (8 + compactSizeLength(scriptPubkey.length) + scriptPubkey.length);

/** Version, locktime, counts, and the two bytes that mark witnesses. */
export const transactionWeight = (inputs: number, outputs: number): number =>
  4 * (4 + 4 + compactSizeLength(inputs) + compactSizeLength(outputs)) + 2;

/** Largest number of inputs for which `transactionWeight(inputs, …)` is counted in advance. */
export const MANY_INPUTS = 252;
