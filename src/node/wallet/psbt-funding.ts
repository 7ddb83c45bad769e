/** `fundpsbt`: coins of ours for a transaction that somebody else completes. */
import { dustLimit, type Transaction, unsignedInput } from '../../core/bitcoin/index.js';
import { err, ok, type Result, type Sat, sat } from '../../core/bytes/index.js';
import { encodePsbt } from './psbt.js';
import { feeForWeight, type Selection, selectCoins, settle } from './selection.js';
import type { FundOptions, WalletError, WalletOutput } from './types.js';
import type { Wallet } from './wallet.js';
import { INPUT_WEIGHT, outputWeight } from './weights.js';

const SEQUENCE = 0xfffffffd;

export interface FundPsbtRequest extends FundOptions {
  /** What the inputs must bring besides their own fee. */
  readonly amount: Sat | 'all';
  /** Of the rest of the transaction, which the caller adds. */
  readonly startWeight: number;
  readonly feeratePerKw: number;
  /** A witness of ours counts as at least so much. */
  readonly minWitnessWeight?: number;
  readonly excessAsChange?: boolean;
}

export interface FundedPsbt {
  readonly psbt: string;
  readonly inputs: readonly WalletOutput[];
  readonly estimatedFinalWeight: number;
  /** What the inputs bring beyond the amount and the fee; 0 where it became change. */
  readonly excess: Sat;
  readonly changeVout?: number;
}

interface Weighed {
  readonly output: WalletOutput;
  readonly amount: Sat;
  readonly weight: number;
}

export async function fundPsbt(
  wallet: Wallet,
  request: FundPsbtRequest,
): Promise<Result<FundedPsbt, WalletError>> {
  const coins = wallet.coins(request);
  if (!coins.ok) return coins;
  const changeKey = wallet.keys.next('p2tr', true);
  const changeScript = wallet.keys.script(changeKey);
  const chosen = choose(wallet, request, coins.value, changeScript);
  if (!chosen.ok) return chosen;
  const { selection, weight } = chosen.value;
  const inputs = selection.chosen.map((c) => c.output);
  const change = selection.change;
  const tx: Transaction = {
    version: 2,
    inputs: inputs.map((o) => unsignedInput(o.txid, o.vout, SEQUENCE)),
    outputs: change === undefined ? [] : [{ amount: change, scriptPubkey: changeScript }],
    locktime: request.locktime ?? wallet.height,
  };
  if (change !== undefined) wallet.keys.use(changeKey);
  const reserve = request.reserveBlocks ?? 0;
  if (reserve > 0) wallet.reserve(inputs, reserve);
  await wallet.persist();
  return ok({
    psbt: encodePsbt(tx, inputs),
    inputs: inputs.map((o) => wallet.book.output(o.txid, o.vout) ?? o),
    estimatedFinalWeight: weight,
    excess:
      change === undefined
        ? sat(selection.fee - feeForWeight(weight, request.feeratePerKw))
        : sat(0),
    ...(change === undefined ? {} : { changeVout: 0 }),
  });
}

interface Choice {
  readonly selection: Selection<Weighed>;
  readonly weight: number;
}

function choose(
  wallet: Wallet,
  request: FundPsbtRequest,
  coins: readonly WalletOutput[],
  changeScript: Uint8Array,
): Result<Choice, WalletError> {
  const { amount, startWeight, feeratePerKw, excessAsChange } = request;
  const least = request.minWitnessWeight ?? 0;
  const weighed = coins.map((output): Weighed => {
    const weight = Math.max(INPUT_WEIGHT[output.type], 4 * 41 + least);
    return { output, amount: output.amount, weight };
  });
  const all = request.utxos !== undefined || amount === 'all';
  const worth = weighed.filter(
    (c) => request.utxos !== undefined || c.amount > feeForWeight(c.weight, feeratePerKw),
  );
  const inHand = worth.reduce((sum, c) => sum + c.amount, 0n);
  const reserve = wallet.reserveFor(request);
  const kept = reserve > wallet.balance().total - inHand ? reserve : 0n;
  const task = {
    candidates: worth,
    target: sat((amount === 'all' ? 0n : amount) + kept),
    baseWeight: startWeight,
    feeratePerKw,
    changeWeight: outputWeight(changeScript),
    // Without leave to make change, there is no amount that would be enough for it.
    changeMinimum: excessAsChange ? dustLimit(changeScript) : sat(1n << 62n),
  };
  const selection = all ? settle(task, worth) : selectCoins(task);
  if (selection === undefined || selection.chosen.length === 0)
    return err({
      code: 'insufficient_funds',
      needed: sat(task.target + feeForWeight(startWeight, feeratePerKw)),
      available: sat(inHand),
    });
  const weight =
    selection.chosen.reduce((sum, c) => sum + c.weight, startWeight) +
    (selection.change === undefined ? 0 : task.changeWeight);
  return ok({ selection, weight });
}
