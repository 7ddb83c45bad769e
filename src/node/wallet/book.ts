/** The outputs and transactions of the wallet in memory, and the writes that keep them on disk. */
import type { NetworkName, Transaction } from '../../core/bitcoin/index.js';
import { decodeTx, txid } from '../../core/bitcoin/index.js';
import {
  type BlockHeight,
  type Bytes,
  equal,
  type Sat,
  sat,
  toHex,
} from '../../core/bytes/index.js';
import type { Store, Write } from '../../ports/index.js';
import { fromRow, outpointOf, shownTxid, toRow } from './rows.js';
import type { WalletOutput, WalletTransaction } from './types.js';

export const COINBASE_MATURITY = 100;

export class WalletBook {
  readonly #outputs = new Map<string, WalletOutput>();
  /** By txid as people see it. */
  readonly #transactions = new Map<string, WalletTransaction>();
  #writes: Write[] = [];

  constructor(readonly network: NetworkName) {}

  async load(store: Store): Promise<void> {
    for (const row of await store.select('wallet_outputs'))
      this.#outputs.set(row.outpoint, fromRow(row, this.network));
    for (const row of await store.select('wallet_transactions', { order: 'created_at' })) {
      const tx = decodeTx(row.raw);
      if (tx === undefined) throw new Error(`wallet_transactions: ${row.txid} does not parse`);
      this.#transactions.set(row.txid, {
        txid: txid(tx),
        tx,
        raw: row.raw,
        createdAt: row.created_at,
        ...(row.height === null ? {} : { height: row.height }),
        ...(row.tx_index === null ? {} : { txIndex: row.tx_index }),
      });
    }
  }

  /** The writes since the last call: to be committed together. */
  takeWrites(): Write[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  outputs(): WalletOutput[] {
    return [...this.#outputs.values()];
  }

  output(txid: Bytes, vout: number): WalletOutput | undefined {
    return this.#outputs.get(outpointOf(txid, vout));
  }

  /** Puts the output in, or in the place of the one at the same outpoint. */
  put(output: WalletOutput): void {
    this.#outputs.set(outpointOf(output.txid, output.vout), output);
    this.#writes.push({ put: 'wallet_outputs', row: toRow(output) });
  }

  remove(output: WalletOutput): void {
    const outpoint = outpointOf(output.txid, output.vout);
    this.#outputs.delete(outpoint);
    this.#writes.push({ delete: 'wallet_outputs', where: { outpoint } });
  }

  transactions(): WalletTransaction[] {
    return [...this.#transactions.values()];
  }

  transaction(txid: Bytes): WalletTransaction | undefined {
    return this.#transactions.get(shownTxid(txid));
  }

  putTransaction(entry: WalletTransaction): void {
    const id = shownTxid(entry.txid);
    this.#transactions.set(id, entry);
    this.#writes.push({
      put: 'wallet_transactions',
      row: {
        txid: id,
        raw: entry.raw,
        height: entry.height ?? null,
        tx_index: entry.txIndex ?? null,
        created_at: entry.createdAt,
      },
    });
  }

  removeTransaction(id: Bytes): void {
    this.#transactions.delete(shownTxid(id));
    this.#writes.push({ delete: 'wallet_transactions', where: { txid: shownTxid(id) } });
  }

  /**
   * A transaction that will never confirm: what it made is gone, what it spent is free again,
   * and so on for everything built on it.
   */
  forget(id: Bytes): void {
    this.removeTransaction(id);
    for (const output of this.outputs()) {
      if (
        output.spentBy !== undefined &&
        output.spentHeight === undefined &&
        equal(output.spentBy, id)
      ) {
        const { spentBy: _, ...free } = output;
        this.put(free);
      }
      if (equal(output.txid, id) && output.confirmedHeight === undefined) {
        const { spentBy } = output;
        this.remove(output);
        if (spentBy !== undefined && this.transaction(spentBy)?.height === undefined)
          this.forget(spentBy);
      }
    }
  }

  /** The unconfirmed transactions here that this one spends from, each once. */
  waitingParents(raw: Bytes): Bytes[] {
    const parents = (decodeTx(raw)?.inputs ?? []).flatMap((input) => {
      const parent = this.transaction(input.txid);
      return parent === undefined || parent.height !== undefined ? [] : [parent.raw];
    });
    return [...new Set(parents)];
  }

  /** Which unconfirmed transactions here spend which outpoints. */
  waitingSpends(): Map<string, readonly WalletTransaction[]> {
    const spends = new Map<string, readonly WalletTransaction[]>();
    for (const entry of this.#transactions.values()) {
      if (entry.height !== undefined) continue;
      for (const { txid, vout } of entry.tx.inputs) {
        const outpoint = outpointOf(txid, vout);
        spends.set(outpoint, [...(spends.get(outpoint) ?? []), entry]);
      }
    }
    return spends;
  }

  /** Unconfirmed transactions here that spend what `tx` spends; `spends` is of `waitingSpends`. */
  conflictsOf(
    tx: Transaction,
    id: Bytes,
    spends: ReadonlyMap<string, readonly WalletTransaction[]> = this.waitingSpends(),
  ): WalletTransaction[] {
    if (spends.size === 0) return [];
    const found = new Set<WalletTransaction>();
    for (const { txid, vout } of tx.inputs)
      for (const other of spends.get(outpointOf(txid, vout)) ?? []) {
        const now = this.transaction(other.txid);
        if (now !== undefined && now.height === undefined && !equal(now.txid, id)) found.add(now);
      }
    return [...found];
  }

  /** Whether an output could go into a transaction that the next block takes. */
  isSpendable(output: WalletOutput, height: BlockHeight, minconf: number): boolean {
    if (output.spentBy !== undefined || output.spentHeight !== undefined) return false;
    if (isReserved(output, height)) return false;
    return this.isDeepEnough(output, height, minconf);
  }

  isDeepEnough(output: WalletOutput, height: BlockHeight, minconf: number): boolean {
    const { confirmedHeight } = output;
    if (confirmedHeight === undefined) return minconf <= 0 && this.#isOwnChange(output);
    if (output.coinbase && height + 1 - confirmedHeight < COINBASE_MATURITY) return false;
    return height - confirmedHeight + 1 >= minconf;
  }

  /** Unconfirmed, but made by us from outputs of ours: nobody else can take it back. */
  #isOwnChange(output: WalletOutput): boolean {
    const made = this.transaction(output.txid);
    return made?.tx.inputs.every((i) => this.output(i.txid, i.vout) !== undefined) ?? false;
  }

  sum(which: (output: WalletOutput) => boolean): Sat {
    return sat(this.outputs().reduce((total, o) => (which(o) ? total + o.amount : total), 0n));
  }

  /** Deterministic: the same whatever order the outputs came in. */
  sorted(outputs: readonly WalletOutput[]): WalletOutput[] {
    const key = (o: WalletOutput): string => `${toHex(o.txid)}:${o.vout}`;
    return [...outputs].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }
}

export const isReserved = (output: WalletOutput, height: BlockHeight): boolean =>
  output.reservedToBlock !== undefined && output.reservedToBlock > height;
