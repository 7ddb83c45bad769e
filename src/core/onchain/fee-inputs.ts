/** Coin selection for `fundClaim`: a help for the node, which only knows its coins. */
import { dustLimit, scriptKind, type TxOutput } from '../bitcoin/index.js';
import { type Bytes, sat } from '../bytes/index.js';
import { feeOf, RELAY_INCREMENT } from './claims.js';
import type { FeeInput, FundClaim } from './types.js';

/** BIP 141 weights of an input with its witness: 41 bytes, and signature (and key). */
const P2WPKH_INPUT = 41 * 4 + 1 + 1 + 72 + 1 + 33;
const P2TR_INPUT = 41 * 4 + 1 + 1 + 64;

const inputWeight = (coin: FeeInput): number =>
  scriptKind(coin.scriptPubkey) === 'p2tr' ? P2TR_INPUT : P2WPKH_INPUT;

/** BIP 125: more than the fee of what is replaced, and than its feerate. */
function replacementFee({ replaces }: FundClaim, weight: number): bigint {
  if (replaces === undefined) return 0n;
  const bySum = replaces.fee + feeOf(weight, RELAY_INCREMENT);
  const byRate = (replaces.fee * BigInt(weight)) / BigInt(replaces.weight) + 2n;
  return bySum > byRate ? bySum : byRate;
}

export interface FeeInputs {
  readonly inputs: readonly FeeInput[];
  readonly change?: TxOutput;
  readonly feeratePerKw: number;
}

/** Where the coins do not do for a feerate, this share of it is tried next. */
const LESS = 0.85;

/**
 * The fewest coins (largest first) that pay for the claim at the feerate asked for, or at the
 * nearest below that they do for, where less is allowed; and the change. `undefined` where they do
 * for none, or the fee would be more than it is worth.
 */
export function selectFeeInputs(
  request: FundClaim,
  coins: readonly FeeInput[],
  changeScript: Bytes,
): FeeInputs | undefined {
  const { feeratePerKw: asked, leastFeeratePerKw: least = asked, extraFee } = request;
  for (let feeratePerKw = asked; ; ) {
    // The parent lacks less in proportion, or less than that: what it pays itself stays.
    const extra = Math.ceil((Number(extraFee) * feeratePerKw) / asked);
    const found = select({ ...request, feeratePerKw, extraFee: sat(extra) }, coins, changeScript);
    if (found !== undefined) return { ...found, feeratePerKw };
    if (feeratePerKw <= least) return undefined;
    feeratePerKw = Math.max(least, Math.floor(feeratePerKw * LESS));
  }
}

function select(
  request: FundClaim,
  coins: readonly FeeInput[],
  changeScript: Bytes,
): Omit<FeeInputs, 'feeratePerKw'> | undefined {
  const ordered = [...coins].sort((a, b) =>
    a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : 0,
  );
  const changeWeight = (8 + 1 + changeScript.length) * 4;
  const dust = dustLimit(changeScript);
  const inputs: FeeInput[] = [];
  let value = 0n;
  /** What the inputs chosen must bring in, for a transaction of this weight. */
  const needed = (of: number): bigint => {
    const asked = feeOf(of, request.feeratePerKw) + request.extraFee;
    const bump = replacementFee(request, of);
    return (asked > bump ? asked : bump) - request.paid;
  };
  // The count of inputs takes more bytes from 253 on; so many coins are not worth a claim.
  let weight = request.weight;
  for (const coin of ordered.slice(0, 100)) {
    inputs.push(coin);
    value += coin.amount;
    weight += inputWeight(coin);
    const bare = needed(weight);
    if (bare > request.maxFee) return undefined;
    const left = value - needed(weight + changeWeight);
    if (left >= dust) return { inputs, change: { amount: sat(left), scriptPubkey: changeScript } };
    if (value >= bare && !request.needsChange) return { inputs };
  }
  return undefined;
}
