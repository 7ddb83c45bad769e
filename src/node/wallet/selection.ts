/**
 * Which coins pay for a transaction: pure arithmetic. Amounts are satoshi, weights are BIP 141's,
 * feerates satoshi per 1000 weight units.
 */
import { type Sat, sat } from '../../core/bytes/index.js';

export interface Candidate {
  readonly amount: Sat;
  /** Of the whole input with its witness. */
  readonly weight: number;
}

export interface SelectionTask<C extends Candidate> {
  readonly candidates: readonly C[];
  /** What the outputs sum up to. */
  readonly target: Sat;
  /** Of everything but the inputs chosen and the change. */
  readonly baseWeight: number;
  readonly feeratePerKw: number;
  readonly changeWeight: number;
  /** Change below this is left to the fee. */
  readonly changeMinimum: Sat;
  /** Must be left as change, so that no solution without change counts. */
  readonly forceChange?: boolean;
}

export interface Selection<C extends Candidate> {
  readonly chosen: readonly C[];
  readonly fee: Sat;
  /** Left out where there is none. */
  readonly change?: Sat;
}

/** Rounded up, so that the feerate is never below what was asked for. */
export const feeForWeight = (weight: number, feeratePerKw: number): Sat =>
  sat(Math.ceil((weight * feeratePerKw) / 1000));

const BNB_TRIES = 20_000;

interface Valued<C> {
  readonly coin: C;
  /** The amount less the fee for spending it. */
  readonly value: bigint;
}

/**
 * Coins for the task, or nothing where they do not suffice. First branch and bound for an exact
 * match that needs no change; else the smallest single coin that does; else the largest ones.
 */
export function selectCoins<C extends Candidate>(task: SelectionTask<C>): Selection<C> | undefined {
  const { candidates, feeratePerKw } = task;
  const valued: Valued<C>[] = candidates
    .map((coin) => ({ coin, value: coin.amount - feeForWeight(coin.weight, feeratePerKw) }))
    .filter(({ value }) => value > 0n)
    .sort((a, b) => (a.value === b.value ? 0 : a.value > b.value ? -1 : 1));
  const exact = task.forceChange ? undefined : branchAndBound(task, valued);
  if (exact !== undefined) return settle(task, exact);
  const single = smallestSingle(task, valued);
  if (single !== undefined) return single;
  const chosen: C[] = [];
  for (const { coin } of valued) {
    chosen.push(coin);
    const selection = settle(task, chosen);
    if (selection !== undefined) return { ...selection, chosen };
  }
  return undefined;
}

/** What is left for fee and change where exactly these coins are spent; nothing: too little. */
export function settle<C extends Candidate>(
  task: SelectionTask<C>,
  chosen: readonly C[],
): Selection<C> | undefined {
  const { target, baseWeight, feeratePerKw, changeWeight, changeMinimum } = task;
  const total = chosen.reduce((sum, c) => sum + c.amount, 0n);
  const weight = chosen.reduce((sum, c) => sum + c.weight, baseWeight);
  const fee = feeForWeight(weight, feeratePerKw);
  const feeWithChange = feeForWeight(weight + changeWeight, feeratePerKw);
  const change = total - target - feeWithChange;
  if (change >= changeMinimum && change > 0n)
    return { chosen, fee: feeWithChange, change: sat(change) };
  if (task.forceChange || total < target + fee) return undefined;
  // What would be dust as change goes to the miners.
  return { chosen, fee: sat(total - target) };
}

/** Coins whose sum exceeds the need by less than making and spending a change output costs. */
function branchAndBound<C extends Candidate>(
  task: SelectionTask<C>,
  coins: readonly Valued<C>[],
): C[] | undefined {
  const need = task.target + feeForWeight(task.baseWeight, task.feeratePerKw);
  const slack = task.changeMinimum + feeForWeight(task.changeWeight, task.feeratePerKw);
  const rest: bigint[] = [];
  let sum = 0n;
  for (let i = coins.length - 1; i >= 0; i--) {
    sum += (coins[i] as Valued<C>).value;
    rest[i] = sum;
  }
  let tries = 0;
  let best: readonly number[] | undefined;
  let bestExcess = slack;
  const path: number[] = [];

  // The depth is the number of coins taken, so it is bounded; what is skipped is skipped in a loop.
  const explore = (from: number, total: bigint): void => {
    for (let at = from; ; ) {
      if (++tries > BNB_TRIES || total > need + bestExcess) return;
      if (total >= need) {
        if (total - need < bestExcess) {
          bestExcess = total - need;
          best = [...path];
        }
        return;
      }
      if (at >= coins.length || path.length > 200 || total + (rest[at] as bigint) < need) return;
      const { value } = coins[at] as Valued<C>;
      path.push(at);
      explore(at + 1, total + value);
      path.pop();
      // Coins of the same value are the same choice: skip them together.
      while (at < coins.length && (coins[at] as Valued<C>).value === value) at++;
    }
  };
  explore(0, 0n);
  return best?.map((i) => (coins[i] as Valued<C>).coin);
}

function smallestSingle<C extends Candidate>(
  task: SelectionTask<C>,
  coins: readonly Valued<C>[],
): Selection<C> | undefined {
  for (let i = coins.length - 1; i >= 0; i--) {
    const selection = settle(task, [(coins[i] as Valued<C>).coin]);
    if (selection?.change !== undefined) return selection;
  }
  return undefined;
}
