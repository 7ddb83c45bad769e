/** From payees and coins to an unsigned transaction: no I/O, nothing is reserved here. */
import {
  dustLimit,
  type Transaction,
  type TxOutput,
  unsignedInput,
} from '../../core/bitcoin/index.js';
import { err, ok, type Result, type Sat, sat } from '../../core/bytes/index.js';
import { feeForWeight, selectCoins, settle } from './selection.js';
import type { Payee, WalletError, WalletOutput } from './types.js';
import { INPUT_WEIGHT, MANY_INPUTS, outputWeight, transactionWeight } from './weights.js';

/** Replaceable (BIP 125), and nLockTime holds. */
const SEQUENCE = 0xfffffffd;

export interface PlanTask {
  readonly payees: readonly Payee[];
  readonly coins: readonly WalletOutput[];
  /** The coins were named by the caller: all of them are spent. */
  readonly exactCoins: boolean;
  readonly feeratePerKw: number;
  readonly changeScript: Uint8Array;
  /** What must be left in the wallet, and what it has besides `coins`. */
  readonly reserve: Sat;
  readonly elsewhere: Sat;
  readonly locktime: number;
  /** Where the change goes among the outputs: any number, taken modulo. */
  readonly changePosition: number;
}

export interface TransactionPlan {
  readonly tx: Transaction;
  readonly inputs: readonly WalletOutput[];
  readonly fee: Sat;
  readonly payees: readonly { readonly vout: number; readonly amount: Sat }[];
  readonly changeVout?: number;
}

interface Weighed {
  readonly output: WalletOutput;
  readonly amount: Sat;
  readonly weight: number;
}

interface Chosen {
  readonly chosen: readonly Weighed[];
  readonly fee: Sat;
  readonly change?: Sat;
  /** What the payee of `all` gets. */
  readonly all?: Sat;
}

const total = (coins: readonly { readonly amount: Sat }[]): Sat =>
  sat(coins.reduce((sum, c) => sum + c.amount, 0n));

export function planTransaction(task: PlanTask): Result<TransactionPlan, WalletError> {
  const { payees, coins } = task;
  if (payees.length === 0) return err({ code: 'no_payees' });
  for (const { amount, scriptPubkey } of payees) {
    const minimum = dustLimit(scriptPubkey);
    if (amount !== 'all' && amount < minimum)
      return err({ code: 'dust_output', minimum, actual: amount });
  }
  const weighed = coins.map((output) => ({
    output,
    amount: output.amount,
    weight: INPUT_WEIGHT[output.type],
  }));
  const chosen = payees.some((p) => p.amount === 'all')
    ? chooseAll(task, weighed)
    : chooseSome(task, weighed);
  return chosen.ok ? ok(assemble(task, chosen.value)) : chosen;
}

const baseWeight = ({ payees }: PlanTask): number =>
  transactionWeight(MANY_INPUTS, payees.length + 1) +
  payees.reduce((sum, p) => sum + outputWeight(p.scriptPubkey), 0);

const fixedSum = ({ payees }: PlanTask): Sat =>
  sat(payees.reduce((sum, p) => (p.amount === 'all' ? sum : sum + p.amount), 0n));

/** Everything goes; what is kept back for emergencies comes home as change. */
function chooseAll(task: PlanTask, weighed: readonly Weighed[]): Result<Chosen, WalletError> {
  const { feeratePerKw, reserve, elsewhere, changeScript } = task;
  const worth = (c: Weighed): boolean => c.amount > feeForWeight(c.weight, feeratePerKw);
  const chosen = task.exactCoins ? weighed : weighed.filter(worth);
  const missing = reserve > elsewhere ? reserve - elsewhere : 0n;
  const least = dustLimit(changeScript);
  const change = missing === 0n ? undefined : sat(missing > least ? missing : least);
  const weight =
    chosen.reduce((sum, c) => sum + c.weight, baseWeight(task)) +
    (change === undefined ? 0 : outputWeight(changeScript));
  const fee = feeForWeight(weight, feeratePerKw);
  const left = total(chosen) - fixedSum(task) - fee - (change ?? 0n);
  const payee = task.payees.find((p) => p.amount === 'all') as Payee;
  const minimum = dustLimit(payee.scriptPubkey);
  if (left < minimum) {
    const available = total(chosen);
    const needed = sat(fixedSum(task) + fee + (change ?? 0n) + minimum);
    return err({ code: 'insufficient_funds', needed, available });
  }
  return ok({ chosen, fee, all: sat(left), ...(change === undefined ? {} : { change }) });
}

function chooseSome(task: PlanTask, weighed: readonly Weighed[]): Result<Chosen, WalletError> {
  const { changeScript, feeratePerKw, reserve, elsewhere } = task;
  const selection = {
    candidates: weighed,
    target: fixedSum(task),
    baseWeight: baseWeight(task),
    feeratePerKw,
    changeWeight: outputWeight(changeScript),
    changeMinimum: dustLimit(changeScript),
  };
  const choose = (forced?: Sat) => {
    const full =
      forced === undefined ? selection : { ...selection, forceChange: true, changeMinimum: forced };
    return task.exactCoins ? settle(full, weighed) : selectCoins(full);
  };
  const found = choose();
  if (found === undefined) {
    const available = total(weighed);
    const needed = sat(selection.target + feeForWeight(selection.baseWeight, feeratePerKw));
    return err({ code: 'insufficient_funds', needed, available });
  }
  const left = elsewhere + total(weighed) - total(found.chosen) + (found.change ?? 0n);
  if (left >= reserve) return ok(found);
  const kept = choose(reserve > selection.changeMinimum ? reserve : selection.changeMinimum);
  if (kept !== undefined) return ok(kept);
  return err({ code: 'emergency_reserve', reserve, available: sat(elsewhere + total(weighed)) });
}

function assemble(task: PlanTask, chosen: Chosen): TransactionPlan {
  const inputs = chosen.chosen.map((c) => c.output);
  const outputs: TxOutput[] = task.payees.map(({ amount, scriptPubkey }) => ({
    amount: amount === 'all' ? (chosen.all as Sat) : amount,
    scriptPubkey,
  }));
  let changeVout: number | undefined;
  if (chosen.change !== undefined) {
    changeVout = task.changePosition % (outputs.length + 1);
    outputs.splice(changeVout, 0, { amount: chosen.change, scriptPubkey: task.changeScript });
  }
  const tx: Transaction = {
    version: 2,
    inputs: inputs.map((o) => unsignedInput(o.txid, o.vout, SEQUENCE)),
    outputs,
    locktime: task.locktime,
  };
  const payees = task.payees.map((_, i) => {
    const vout = changeVout !== undefined && i >= changeVout ? i + 1 : i;
    return { vout, amount: (outputs[vout] as TxOutput).amount };
  });
  return {
    tx,
    inputs,
    fee: chosen.fee,
    payees,
    ...(changeVout === undefined ? {} : { changeVout }),
  };
}
