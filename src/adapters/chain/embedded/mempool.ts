/** Transactions that wait for a block: what is let in, what replaces what, what goes together. */
import type { TxOutput } from '../../../core/bitcoin/index.js';
import { type Sat, sat } from '../../../core/bytes/index.js';
import {
  checkCoins,
  checkTransaction,
  isCoinbase,
  isFinal,
  sequenceLocksMet,
} from './consensus.js';
import type { Ledger } from './ledger.js';
import {
  checkInputsStandard,
  checkStandard,
  feeAt,
  INCREMENTAL_FEERATE,
  MIN_RELAY_FEERATE,
} from './policy.js';
import { STANDARD_FLAGS, verifyScripts } from './scripts.js';
import {
  type ChainTx,
  type Coin,
  outpointKey,
  type Rejection,
  rejection,
  UNCONFIRMED,
} from './types.js';

const MAX_CLUSTER = 25;
const MAX_REPLACED = 100;

export interface MempoolEntry extends ChainTx {
  readonly fee: Sat;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly height: number;
}

/** What letting a transaction in would do. */
interface Plan {
  readonly entry: MempoolEntry;
  readonly evicted: readonly MempoolEntry[];
  /** Of the conflicting entries themselves, without their descendants. */
  readonly direct: readonly MempoolEntry[];
}

/**
 * By which fee it is judged. In a package: by what a relay asks of everything; the rest, which a
 * full mempool asks, may be paid together. What was in a block that a reorg took back: by none.
 */
type Fees = 'alone' | 'package' | 'waived';

const isPlan = (answer: Plan | Rejection): answer is Plan => 'entry' in answer;

export class Mempool {
  /** In the order they came, so that parents stand before children. */
  readonly #entries = new Map<string, MempoolEntry>();
  readonly #spends = new Map<string, string>();
  /** Transactions whose scripts held under the standard flags, by wtxid. */
  readonly #verified = new Set<string>();
  /** What the pool asks beyond the relay minimum, as when it is full; satoshi per 1000 vbytes. */
  minimumFeerate = MIN_RELAY_FEERATE;

  constructor(
    readonly ledger: Ledger,
    /** Seconds since the epoch. */
    readonly time: () => number,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  entries(): MempoolEntry[] {
    return [...this.#entries.values()];
  }

  get(key: string): MempoolEntry | undefined {
    return this.#entries.get(key);
  }

  /** Who in the pool spends an outpoint. */
  spender(outpoint: string): MempoolEntry | undefined {
    const key = this.#spends.get(outpoint);
    return key === undefined ? undefined : this.#entries.get(key);
  }

  /** The coin at an outpoint, confirmed or from the pool, whether or not the pool spends it. */
  coin(outpoint: string, extra?: ReadonlyMap<string, ChainTx>): Coin | undefined {
    const confirmed = this.ledger.coins.get(outpoint);
    if (confirmed !== undefined) return confirmed;
    const [key, n] = [outpoint.slice(0, 64), Number(outpoint.slice(65))];
    const output = (this.#entries.get(key) ?? extra?.get(key))?.tx.outputs[n];
    return output && { ...output, height: UNCONFIRMED, coinbase: false };
  }

  /** Lets a transaction in, or says why not. `dryRun` only says. */
  submit(tx: ChainTx, dryRun = false): { readonly fee: Sat } | Rejection {
    const plan = this.#evaluate(tx, 'alone');
    if (!isPlan(plan)) return plan;
    const replaced = this.#checkReplacement([plan]);
    if (replaced !== undefined) return replaced;
    if (!dryRun) this.#carryOut(plan);
    return { fee: plan.entry.fee };
  }

  /**
   * A child with its parents: what does not get in alone gets in if all that is left pays enough
   * together. Answers by wtxid-order: what became of each.
   */
  submitPackage(txs: readonly ChainTx[]): readonly (Rejection | undefined)[] {
    const results: (Rejection | undefined)[] = txs.map(() => undefined);
    const left: number[] = [];
    for (const [i, tx] of txs.entries()) {
      const answer = this.submit(tx);
      if (!('reason' in answer) || answer.kind === 'known') continue;
      results[i] = answer;
      if (answer.kind === 'fee' || answer.kind === 'missing') left.push(i);
      else return results;
    }
    if (left.length === 0) return results;

    const extra = new Map<string, ChainTx>();
    const plans: Plan[] = [];
    for (const i of left) {
      const tx = txs[i] as ChainTx;
      const plan = this.#evaluate(tx, 'package', extra);
      if (!isPlan(plan)) {
        results[i] = plan;
        return results;
      }
      plans.push(plan);
      extra.set(tx.key, tx);
    }
    const fee = plans.reduce((sum, p) => sum + p.entry.fee, 0n);
    const vsize = plans.reduce((sum, p) => sum + p.entry.vsize, 0);
    const poor = this.#checkFee(sat(fee), vsize, 'alone') ?? this.#checkReplacement(plans);
    for (const i of left) results[i] = poor;
    if (poor === undefined) for (const plan of plans) this.#carryOut(plan);
    return results;
  }

  /** `extra`: the package's transactions before it. */
  #evaluate(tx: ChainTx, fees: Fees, extra?: ReadonlyMap<string, ChainTx>): Plan | Rejection {
    const next = this.ledger.height + 1;
    const median = this.ledger.medianTime(this.ledger.height);
    const bad = checkTransaction(tx);
    if (bad !== undefined) return bad;
    if (isCoinbase(tx.tx)) return rejection('coinbase');
    const unusual = checkStandard(tx);
    if (unusual !== undefined) return unusual;
    if (!isFinal(tx.tx, next, median)) return rejection('non-final');
    const same = this.#entries.get(tx.key);
    if (same !== undefined) return rejection('txn-already-in-mempool', undefined, 'known');

    const coins = this.#coins(tx, extra);
    if (!Array.isArray(coins)) return coins;
    const before = (height: number) => this.ledger.medianTime(height - 1);
    if (!sequenceLocksMet(tx.tx, coins, next, before)) return rejection('non-BIP68-final');
    const paid = checkCoins(tx.tx, coins, next);
    if ('reason' in paid) return paid;
    const odd = checkInputsStandard(tx, coins);
    if (odd !== undefined) return odd;
    const poor = this.#checkFee(paid.fee, tx.vsize, fees);
    if (poor !== undefined) return poor;

    const direct = this.#conflicts(tx);
    const evicted = this.#withDescendants(direct);
    const ancestors = this.ancestors(tx);
    if (ancestors.some((a) => evicted.includes(a)))
      return rejection('bad-txns-spends-conflicting-tx');
    const crowded = this.#checkCluster(ancestors, evicted);
    if (crowded !== undefined) return crowded;
    const fault = this.#verify(tx, coins);
    if (fault !== undefined) return fault;
    const entry = { ...tx, fee: paid.fee, time: this.time(), height: this.ledger.height };
    return { entry, direct, evicted };
  }

  #coins(tx: ChainTx, extra?: ReadonlyMap<string, ChainTx>): Coin[] | Rejection {
    const coins: Coin[] = [];
    for (const input of tx.tx.inputs) {
      const coin = this.coin(outpointKey(input.txid, input.vout), extra);
      if (coin === undefined) {
        // Inputs that are gone since this very transaction is in a block.
        const here = tx.tx.outputs.some((_, n) => this.ledger.coins.has(`${tx.key}:${n}`));
        if (here) return rejection('txn-already-known', undefined, 'confirmed');
        return rejection('bad-txns-inputs-missingorspent', undefined, 'missing');
      }
      coins.push(coin);
    }
    return coins;
  }

  #checkFee(fee: Sat, vsize: number, fees: Fees): Rejection | undefined {
    if (fees === 'waived') return undefined;
    const asked = feeAt(this.minimumFeerate, vsize);
    if (fees === 'alone' && this.minimumFeerate > MIN_RELAY_FEERATE && fee < asked)
      return rejection('mempool min fee not met', `${fee} < ${asked}`, 'fee');
    const relay = feeAt(MIN_RELAY_FEERATE, vsize);
    return fee < relay ? rejection('min relay fee not met', `${fee} < ${relay}`, 'fee') : undefined;
  }

  #conflicts(tx: ChainTx): MempoolEntry[] {
    const found = new Set<MempoolEntry>();
    for (const input of tx.tx.inputs) {
      const spender = this.spender(outpointKey(input.txid, input.vout));
      if (spender !== undefined) found.add(spender);
    }
    return [...found];
  }

  #children(entry: ChainTx): MempoolEntry[] {
    const found = new Set<MempoolEntry>();
    for (const n of entry.tx.outputs.keys()) {
      const child = this.spender(`${entry.key}:${n}`);
      if (child !== undefined) found.add(child);
    }
    return [...found];
  }

  #parents(tx: ChainTx): MempoolEntry[] {
    const found = new Set<MempoolEntry>();
    for (const { txid } of tx.tx.inputs) {
      const parent = this.#entries.get(outpointKey(txid, 0).slice(0, 64));
      if (parent !== undefined) found.add(parent);
    }
    return [...found];
  }

  #withDescendants(roots: readonly MempoolEntry[]): MempoolEntry[] {
    const found = new Set<MempoolEntry>(roots);
    for (const entry of found) for (const child of this.#children(entry)) found.add(child);
    return [...found];
  }

  /** Unconfirmed transactions that this one needs. */
  ancestors(tx: ChainTx): MempoolEntry[] {
    const found = new Set<MempoolEntry>(this.#parents(tx));
    for (const entry of found) for (const parent of this.#parents(entry)) found.add(parent);
    return [...found];
  }

  /** Unconfirmed transactions that need this one. */
  descendants(entry: MempoolEntry): MempoolEntry[] {
    return this.#withDescendants([entry]).slice(1);
  }

  #checkCluster(
    ancestors: readonly MempoolEntry[],
    evicted: readonly MempoolEntry[],
  ): Rejection | undefined {
    const tooMany = (what: string) =>
      rejection('too-long-mempool-chain', `too many ${what} [limit: ${MAX_CLUSTER}]`);
    if (ancestors.length + 1 > MAX_CLUSTER) return tooMany('unconfirmed ancestors');
    for (const ancestor of ancestors) {
      const kept = this.#withDescendants([ancestor]).filter((e) => !evicted.includes(e));
      if (kept.length + 1 > MAX_CLUSTER) return tooMany('descendants');
    }
    return undefined;
  }

  /** BIP 125's rules as bitcoind has them today: signalling is not asked for. */
  #checkReplacement(plans: readonly Plan[]): Rejection | undefined {
    const evicted = new Set(plans.flatMap((p) => p.evicted));
    if (evicted.size === 0) return undefined;
    const name = plans.length > 1 ? 'package RBF failed: insufficient fee' : 'insufficient fee';
    if (evicted.size > MAX_REPLACED) return rejection('too many potential replacements');
    const fee = plans.reduce((sum, p) => sum + p.entry.fee, 0n);
    const vsize = plans.reduce((sum, p) => sum + p.entry.vsize, 0);
    const lost = [...evicted].reduce((sum, e) => sum + e.fee, 0n);
    for (const old of plans.flatMap((p) => p.direct)) {
      if (fee * BigInt(old.vsize) <= old.fee * BigInt(vsize))
        return rejection(name, 'rejecting replacement; new feerate not above the old', 'fee');
    }
    const old = new Set([...evicted].flatMap((e) => this.#parents(e).map((p) => p.key)));
    for (const { entry } of plans) {
      const added = this.#parents(entry).find((p) => !old.has(p.key) && !evicted.has(p));
      if (added !== undefined && plans.length === 1)
        return rejection('replacement-adds-unconfirmed');
    }
    if (fee < lost + feeAt(INCREMENTAL_FEERATE, vsize))
      return rejection(name, `rejecting replacement; ${fee} < ${lost} and the relay of it`, 'fee');
    return undefined;
  }

  #verify(tx: ChainTx, coins: readonly TxOutput[]): Rejection | undefined {
    const id = Buffer.from(tx.wtxid).toString('hex');
    if (this.#verified.has(id)) return undefined;
    const fault = verifyScripts(tx.tx, tx.raw, coins, STANDARD_FLAGS);
    if (fault !== undefined) return rejection('mandatory-script-verify-flag-failed', fault);
    this.#verified.add(id);
    return undefined;
  }

  /** Whether its scripts are known to hold, so that a block need not run them again. */
  isVerified(tx: ChainTx): boolean {
    return this.#verified.has(Buffer.from(tx.wtxid).toString('hex'));
  }

  #carryOut({ entry, evicted }: Plan): void {
    for (const old of evicted) this.#remove(old);
    this.#entries.set(entry.key, entry);
    for (const input of entry.tx.inputs)
      this.#spends.set(outpointKey(input.txid, input.vout), entry.key);
  }

  #remove(entry: MempoolEntry): void {
    this.#entries.delete(entry.key);
    for (const input of entry.tx.inputs) {
      const outpoint = outpointKey(input.txid, input.vout);
      if (this.#spends.get(outpoint) === entry.key) this.#spends.delete(outpoint);
    }
  }

  /** Forgets all that waits, as after a restart without the pool's file. */
  clear(): void {
    this.#entries.clear();
    this.#spends.clear();
  }

  /** A block took some in and made others impossible. */
  blockConnected(txs: readonly ChainTx[]): void {
    for (const tx of txs) {
      const entry = this.#entries.get(tx.key);
      if (entry !== undefined) this.#remove(entry);
      for (const lost of this.#withDescendants(this.#conflicts(tx))) this.#remove(lost);
    }
  }

  /** After a reorg: the blocks' transactions, oldest first, and then everything that was here. */
  refill(disconnected: readonly ChainTx[]): void {
    const old = this.entries();
    this.clear();
    for (const tx of [...disconnected, ...old]) {
      if (isCoinbase(tx.tx) || this.ledger.blockOf(tx.key) !== undefined) continue;
      // One by one and without asking for a fee: it was let in before.
      const plan = this.#evaluate(tx, 'waived');
      if (isPlan(plan) && plan.evicted.length === 0) this.#carryOut(plan);
    }
  }
}
