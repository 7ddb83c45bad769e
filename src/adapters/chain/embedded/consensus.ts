/** The rules a transaction must keep to stand in a block, scripts aside. */
import { MAX_MONEY, type Transaction } from '../../../core/bitcoin/index.js';
import { isZero, type Sat, sat } from '../../../core/bytes/index.js';
import {
  type ChainTx,
  type Coin,
  outpointKey,
  type Rejection,
  rejection,
  UNCONFIRMED,
} from './types.js';

export const COINBASE_MATURITY = 100;
const LOCKTIME_THRESHOLD = 500_000_000;
const FINAL_SEQUENCE = 0xffffffff;
/** BIP 68: the fields of a sequence number. */
const SEQUENCE = { disabled: 2 ** 31, seconds: 1 << 22, value: 0xffff, granularity: 9 };

export const isCoinbase = (tx: Transaction): boolean =>
  tx.inputs.length === 1 && tx.inputs[0]?.vout === 0xffffffff && isZero(tx.inputs[0].txid);

/** What can be said of a transaction by itself. */
export function checkTransaction({ tx, weight }: ChainTx): Rejection | undefined {
  if (tx.inputs.length === 0) return rejection('bad-txns-vin-empty');
  if (tx.outputs.length === 0) return rejection('bad-txns-vout-empty');
  if (weight > 4_000_000) return rejection('bad-txns-oversize');
  let total = 0n;
  for (const { amount } of tx.outputs) {
    if (amount > MAX_MONEY) return rejection('bad-txns-vout-toolarge');
    total += amount;
    if (total > MAX_MONEY) return rejection('bad-txns-txouttotal-toolarge');
  }
  const seen = new Set<string>();
  for (const { txid, vout } of tx.inputs) {
    const key = outpointKey(txid, vout);
    if (seen.has(key)) return rejection('bad-txns-inputs-duplicate');
    seen.add(key);
    if (vout === 0xffffffff && isZero(txid) && !isCoinbase(tx))
      return rejection('bad-txns-prevout-null');
  }
  return undefined;
}

/** Whether nLockTime lets the transaction into the block at `height` after one with this median time. */
export function isFinal(tx: Transaction, height: number, medianTime: number): boolean {
  if (tx.locktime === 0) return true;
  const limit = tx.locktime < LOCKTIME_THRESHOLD ? height : medianTime;
  return tx.locktime < limit || tx.inputs.every((i) => i.sequence === FINAL_SEQUENCE);
}

/**
 * BIP 68: whether every relative lock has run out in the block at `height`. `medianTimeBefore`
 * gives the median time past of the block before the one at a height.
 */
export function sequenceLocksMet(
  tx: Transaction,
  coins: readonly Coin[],
  height: number,
  medianTimeBefore: (height: number) => number,
): boolean {
  // The version is signed: BIP 68 compares it as an unsigned number.
  if (tx.version >>> 0 < 2) return true;
  return tx.inputs.every(({ sequence }, i) => {
    if (sequence >= SEQUENCE.disabled) return true;
    const from = Math.min((coins[i] as Coin).height, height);
    const value = sequence & SEQUENCE.value;
    if ((sequence & SEQUENCE.seconds) === 0) return from + value <= height;
    const until = medianTimeBefore(from) + value * 2 ** SEQUENCE.granularity;
    return until <= medianTimeBefore(height);
  });
}

/** The fee, or why the coins cannot be spent in the block at `height`. */
export function checkCoins(
  tx: Transaction,
  coins: readonly Coin[],
  height: number,
): { readonly fee: Sat } | Rejection {
  let total = 0n;
  for (const coin of coins) {
    if (coin.coinbase && coin.height !== UNCONFIRMED && height - coin.height < COINBASE_MATURITY)
      return rejection(
        'bad-txns-premature-spend-of-coinbase',
        `tried to spend coinbase at depth ${height - coin.height}`,
      );
    total += coin.amount;
  }
  const paid = tx.outputs.reduce((sum, o) => sum + o.amount, 0n);
  if (total < paid)
    return rejection('bad-txns-in-belowout', `value in (${total}) < value out (${paid})`);
  return { fee: sat(total - paid) };
}
