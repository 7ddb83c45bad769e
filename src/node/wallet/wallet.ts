import {
  decodeTx,
  encodeAddress,
  encodeTx,
  NETWORKS,
  type Transaction,
  txid as txidOf,
} from '../../core/bitcoin/index.js';
import {
  type BlockHeight,
  type Bytes,
  err,
  fromUtf8,
  ok,
  type Result,
  type Sat,
  sat,
  utf8,
} from '../../core/bytes/index.js';
import { ChainAway, type Write } from '../../ports/index.js';
import type { FollowedBlock } from '../chain/index.js';
import { isReserved, WalletBook } from './book.js';
import { type WalletKey, WalletKeys } from './keys.js';
import { LostTransactions } from './lost.js';
import { observeBlock, observeDisconnect } from './observer.js';
import { planTransaction } from './plan.js';
import { outpointOf, shownTxid } from './rows.js';
import { signWith } from './signing.js';
import type {
  AddressType,
  FundedTransaction,
  FundOptions,
  Payee,
  WalletDeps,
  WalletError,
  WalletOptions,
  WalletOutput,
  WalletTransaction,
} from './types.js';

const KEYS_VAR = 'wallet_keys';
const PREPARED_VAR = 'wallet_prepared/';
const DEFAULT_GAP = 50;
/** Blocks that inputs stay reserved for a transaction that was made and not sent. */
const RESERVE_BLOCKS = 72;
const MIN_EMERGENCY = sat(25_000);
const FEERATE_MINIMUM = 253;
const FEERATE_MAXIMUM = 1_000_000;

/**
 * The on-chain money: our keys' outputs, what may be spent of them, and the transactions that do.
 * Choosing and reserving coins happens in one go in memory, so that no two callers get the same.
 */
export class Wallet {
  readonly options: WalletOptions;
  readonly deps: WalletDeps;
  readonly book: WalletBook;
  readonly keys: WalletKeys;
  /** Signed and kept back, by txid as people see it. */
  readonly #prepared = new Map<string, FundedTransaction>();
  readonly #lost = new LostTransactions();
  readonly #unsubscribe: readonly (() => void)[];

  /** Listens to the chain from here on: made before others, it hears of a block before them. */
  constructor(options: WalletOptions, deps: WalletDeps) {
    this.options = options;
    this.deps = deps;
    this.book = new WalletBook(options.network);
    this.keys = new WalletKeys(options.gapLimit ?? DEFAULT_GAP, deps.signer);
    this.#unsubscribe = [
      deps.follower.onBlock((block) => this.#connect(block)),
      deps.follower.onDisconnect((height) => this.#disconnect(height)),
    ];
  }

  /** Reads the books: before the follower starts. */
  async start(): Promise<void> {
    const { store } = this.deps;
    const [positions] = await store.select('vars', { where: { name: KEYS_VAR } });
    if (positions !== undefined) this.keys.restore(JSON.parse(fromUtf8(positions.value)));
    await this.book.load(store);
    // Not all of `vars`: the whole graph lies there too.
    for (const { name, value } of await store.select('vars', { order: 'name', from: PREPARED_VAR }))
      if (name.startsWith(PREPARED_VAR)) this.#restorePrepared(value);
  }

  async stop(): Promise<void> {
    for (const leave of this.#unsubscribe) leave();
  }

  get height(): BlockHeight {
    return this.deps.follower.height;
  }

  /** A fresh address; it is on disk before it is told. */
  async newAddress(type: AddressType = 'p2tr'): Promise<{ address: string; scriptPubkey: Bytes }> {
    const key = this.keys.next(type, false);
    this.keys.use(key);
    const scriptPubkey = this.keys.script(key);
    await this.#commit();
    return { address: this.#address(scriptPubkey), scriptPubkey };
  }

  #address(scriptPubkey: Bytes): string {
    return encodeAddress(scriptPubkey, NETWORKS[this.options.network]) ?? '';
  }

  isMine(scriptPubkey: Bytes): boolean {
    return this.keys.find(scriptPubkey) !== undefined;
  }

  /** All outputs, the spent ones included, in a fixed order. */
  outputs(): WalletOutput[] {
    return this.book.sorted(this.book.outputs());
  }

  /** Those that no transaction we know of spends. */
  unspent(): WalletOutput[] {
    return this.outputs().filter((o) => o.spentBy === undefined && o.spentHeight === undefined);
  }

  isReserved(output: WalletOutput): boolean {
    return isReserved(output, this.height);
  }

  transactions(): WalletTransaction[] {
    return this.book.transactions();
  }

  /** Confirmed, unspent, and not reserved; and what is ours besides. */
  balance(): { readonly available: Sat; readonly total: Sat } {
    const available = this.book.sum((o) => this.book.isSpendable(o, this.height, 1));
    const total = this.book.sum((o) => o.spentBy === undefined && o.spentHeight === undefined);
    return { available, total };
  }

  /**
   * Makes and signs a transaction that pays the payees; reserves its coins and keeps it on disk.
   * `publish` broadcasts it, `release` gives the coins back.
   */
  async fund(
    payees: readonly Payee[],
    options: FundOptions = {},
  ): Promise<Result<FundedTransaction, WalletError>> {
    const { follower, signer, entropy } = this.deps;
    const feeratePerKw = options.feeratePerKw ?? follower.feerateFor(6);
    if (!(feeratePerKw >= FEERATE_MINIMUM && feeratePerKw <= FEERATE_MAXIMUM))
      return err({
        code: 'feerate_out_of_range',
        minimum: FEERATE_MINIMUM,
        maximum: FEERATE_MAXIMUM,
      });
    const coins = this.coins(options);
    if (!coins.ok) return coins;
    const changeKey = this.keys.next('p2tr', true);
    const inHand = coins.value.reduce((sum, o) => sum + o.amount, 0n);
    const planned = planTransaction({
      payees,
      coins: coins.value,
      exactCoins: options.utxos !== undefined,
      feeratePerKw,
      changeScript: this.keys.script(changeKey),
      reserve: this.reserveFor(options),
      elsewhere: sat(this.balance().total - inHand),
      locktime: options.locktime ?? this.height,
      changePosition: entropy.bytes(1)[0] as number,
    });
    if (!planned.ok) return planned;
    const plan = planned.value;
    if (plan.changeVout !== undefined) this.keys.use(changeKey);
    const keys = plan.inputs.map((o) => this.keyOf(o));
    const tx = signWith(signer, plan.tx, plan.inputs, keys);
    const raw = encodeTx(tx);
    const funded = { ...plan, tx, raw, txid: txidOf(tx), feeratePerKw };
    this.reserve(plan.inputs, options.reserveBlocks ?? RESERVE_BLOCKS);
    const id = shownTxid(funded.txid);
    this.#prepared.set(id, funded);
    await this.#commit({ put: 'vars', row: { name: PREPARED_VAR + id, value: raw } });
    return ok(funded);
  }

  /** What `all` would pay to a script, `beside` other payees, without making anything. */
  affordable(
    scriptPubkey: Bytes,
    options: FundOptions = {},
    beside: readonly Payee[] = [],
  ): Result<Sat, WalletError> {
    const coins = this.coins(options);
    if (!coins.ok) return coins;
    const inHand = coins.value.reduce((sum, o) => sum + o.amount, 0n);
    const planned = planTransaction({
      payees: [{ amount: 'all', scriptPubkey }, ...beside],
      coins: coins.value,
      exactCoins: options.utxos !== undefined,
      feeratePerKw: options.feeratePerKw ?? this.deps.follower.feerateFor(6),
      changeScript: this.keys.script(this.keys.next('p2tr', true)),
      reserve: this.reserveFor(options),
      elsewhere: sat(this.balance().total - inHand),
      locktime: 0,
      changePosition: 0,
    });
    return planned.ok ? ok(planned.value.payees[0]?.amount ?? sat(0)) : planned;
  }

  /** What must be left for the emergencies of channels. */
  reserveFor(options: FundOptions): Sat {
    const needed = options.keepReserve ?? this.deps.needsReserve?.() ?? false;
    return needed ? (this.options.minEmergency ?? MIN_EMERGENCY) : sat(0);
  }

  keyOf({ type, change, keyIndex: index }: WalletOutput): WalletKey {
    return { kind: 'wallet', type, change, index };
  }

  /** The coins a transaction may use, in a fixed order, or why one that was named may not be. */
  coins(options: FundOptions): Result<readonly WalletOutput[], WalletError> {
    const { height } = this;
    if (options.utxos === undefined) {
      const minconf = options.minconf ?? 1;
      return ok(this.outputs().filter((o) => this.book.isSpendable(o, height, minconf)));
    }
    const found = new Map<string, WalletOutput>();
    for (const { txid, vout } of options.utxos) {
      const outpoint = outpointOf(txid, vout);
      const output = this.book.output(txid, vout);
      if (output === undefined) return err({ code: 'unknown_utxo', outpoint });
      if (output.spentBy !== undefined || output.spentHeight !== undefined)
        return err({ code: 'utxo_spent', outpoint });
      if (isReserved(output, height) && options.reservedOk !== true)
        return err({ code: 'utxo_reserved', outpoint, toBlock: output.reservedToBlock as number });
      const minconf = options.minconf ?? 0;
      // Who names an unconfirmed one means it, whoever made it: to raise its fee, maybe.
      const meant = output.confirmedHeight === undefined && minconf <= 0;
      if (!meant && !this.book.isDeepEnough(output, height, minconf))
        return err({ code: 'utxo_immature', outpoint });
      found.set(outpoint, output);
    }
    return ok([...found.values()]);
  }

  /** Lengthens the reservation of outputs; `persist` afterwards. */
  reserve(outputs: readonly WalletOutput[], blocks: number): void {
    const { height } = this;
    for (const output of outputs) {
      const from = Math.max(height, output.reservedToBlock ?? 0);
      this.book.put({ ...output, reservedToBlock: from + blocks });
    }
  }

  /** Shortens the reservation of outputs by so many blocks, to nothing at most. */
  unreserve(outputs: readonly WalletOutput[], blocks: number): void {
    for (const output of outputs) {
      const { reservedToBlock, ...rest } = output;
      const left = (reservedToBlock ?? 0) - blocks;
      this.book.put(left > this.height ? { ...rest, reservedToBlock: left } : rest);
    }
  }

  /** Makes what was changed by `reserve` and `unreserve` durable, together with other rows. */
  persist(...writes: readonly Write[]): Promise<void> {
    return this.#commit(...writes);
  }

  /**
   * Broadcasts a transaction that `fund` made, and with every block again until it is in one.
   * Where it is refused: `insist` keeps it for the next try, otherwise its coins are free again.
   */
  async publish(txid: Bytes, insist = false): Promise<Result<FundedTransaction, WalletError>> {
    const id = shownTxid(txid);
    const funded = this.#prepared.get(id);
    if (funded === undefined) return err({ code: 'unknown_transaction' });
    this.#prepared.delete(id);
    const forget: Write = { delete: 'vars', where: { name: PREPARED_VAR + id } };
    const refused = await this.#announce(funded.tx, insist, forget);
    return refused === undefined ? ok(funded) : err({ code: 'broadcast_refused', reason: refused });
  }

  /** Broadcasts a finished transaction that others may have had a part in, as `publish` does. */
  async send(tx: Transaction): Promise<Result<Bytes, WalletError>> {
    const refused = await this.#announce(tx, false);
    return refused === undefined
      ? ok(txidOf(tx))
      : err({ code: 'broadcast_refused', reason: refused });
  }

  /** Enters and broadcasts; the reason where the chain refused it and the books are as before. */
  async #announce(
    tx: Transaction,
    insist: boolean,
    ...writes: Write[]
  ): Promise<string | undefined> {
    const txid = txidOf(tx);
    const replaced = this.book.conflictsOf(tx, txid);
    const known = this.book.transaction(txid) !== undefined;
    // To replace another one of ours: the chain decides, then the books follow.
    const enterFirst = replaced.length === 0 && !known;
    if (enterFirst) this.enter(tx);
    await this.#commit(...writes);
    const refused = await this.#broadcast(encodeTx(tx));
    if (refused === undefined) {
      for (const old of replaced) this.book.forget(old.txid);
      if (!enterFirst && !known) this.enter(tx);
      await this.#commit();
      return undefined;
    }
    const reason = { txid: shownTxid(txid), reason: refused };
    this.deps.log.warn('a transaction was refused', reason);
    if (known || (insist && enterFirst)) return undefined;
    if (enterFirst) this.book.forget(txid);
    await this.#commit();
    return refused;
  }

  /**
   * A transaction that a channel has broadcast. Where it pays the wallet it is in the books from
   * now on, so that its output can be spent, by name, to raise its fee.
   */
  async expect(raw: Bytes): Promise<void> {
    const tx = decodeTx(raw);
    if (tx?.outputs.some(({ scriptPubkey }) => this.isMine(scriptPubkey)) !== true) return;
    const txid = txidOf(tx);
    if (this.book.transaction(txid) !== undefined) return;
    for (const other of this.book.conflictsOf(tx, txid)) this.book.forget(other.txid);
    this.enter(tx);
    await this.#commit();
  }

  /** Enters a transaction into the books as sent and unconfirmed; `persist` afterwards. */
  enter(tx: Transaction): void {
    const txid = txidOf(tx);
    for (const input of tx.inputs) {
      const spent = this.book.output(input.txid, input.vout);
      if (spent === undefined || spent.spentHeight !== undefined) continue;
      const { reservedToBlock: _, ...rest } = spent;
      this.book.put({ ...rest, spentBy: txid });
    }
    for (const [vout, { amount, scriptPubkey }] of tx.outputs.entries()) {
      const key = this.keys.find(scriptPubkey);
      if (key === undefined || this.book.output(txid, vout) !== undefined) continue;
      this.keys.use(key);
      const { type, change, index: keyIndex } = key;
      const address = this.#address(scriptPubkey);
      const where = { txid, vout, amount, scriptPubkey, address, coinbase: false };
      this.book.put({ ...where, type, change, keyIndex });
    }
    const createdAt = this.deps.clock.now();
    this.book.putTransaction({ txid, tx, raw: encodeTx(tx), createdAt });
  }

  /** Gives the coins of a transaction back that `fund` made and nobody has sent. */
  async release(txid: Bytes): Promise<Result<FundedTransaction, WalletError>> {
    const id = shownTxid(txid);
    const funded = this.#prepared.get(id);
    if (funded === undefined) return err({ code: 'unknown_transaction' });
    this.#prepared.delete(id);
    for (const { txid: from, vout } of funded.inputs) {
      const output = this.book.output(from, vout);
      if (output !== undefined) this.unreserve([output], Number.MAX_SAFE_INTEGER);
    }
    const change = funded.tx.outputs[funded.changeVout ?? -1];
    const changeKey = change && this.keys.find(change.scriptPubkey);
    if (changeKey !== undefined) this.keys.giveBack(changeKey);
    await this.#commit({ delete: 'vars', where: { name: PREPARED_VAR + id } });
    return ok(funded);
  }

  /** Pays and broadcasts at once. */
  async withdraw(
    payees: readonly Payee[],
    options: FundOptions = {},
  ): Promise<Result<FundedTransaction, WalletError>> {
    const funded = await this.fund(payees, options);
    return funded.ok ? this.publish(funded.value.txid) : funded;
  }

  /** Broadcasts what is in the books already; nothing where it was taken, else the reason. */
  async #broadcast(raw: Bytes): Promise<string | undefined> {
    try {
      const result = await this.deps.chain.broadcast(raw);
      if (result.kind !== 'refused') return undefined;
      const parents = this.book.waitingParents(raw);
      const together =
        parents.length === 0
          ? undefined
          : await this.deps.chain.broadcastPackage([...parents, raw]);
      return together === undefined || together.kind === 'refused' ? result.reason : undefined;
    } catch (error) {
      if (!(error instanceof ChainAway)) throw error;
      this.deps.log.warn(`a transaction waits for ${error.message}`);
      return undefined;
    }
  }

  async #connect(block: FollowedBlock): Promise<void> {
    const { received, replaced } = observeBlock(this.book, this.keys, block, this.deps.clock.now());
    await this.#commit();
    for (const { txid, vout, amount } of received)
      this.deps.log.info('received on chain', { outpoint: outpointOf(txid, vout), amount });
    for (const { txid } of replaced)
      this.deps.log.warn('a transaction of ours was replaced', { txid: shownTxid(txid) });
    // Where more blocks follow at once, one of them may hold what waits.
    if (!block.more) await this.#rebroadcast(block.height);
  }

  async #disconnect(height: BlockHeight): Promise<void> {
    observeDisconnect(this.book, height);
    await this.#commit();
  }

  /** Mempools forget; what waits is told again with every block. */
  async #rebroadcast(height: BlockHeight): Promise<void> {
    const { chain, follower, log } = this.deps;
    for (const entry of this.transactions()) {
      const waits = entry.height === undefined && this.book.transaction(entry.txid) !== undefined;
      const refused = waits ? await this.#broadcast(entry.raw) : undefined;
      if (refused === undefined) this.#lost.found(entry.txid);
      // Below the tip, what it spends may be spent by itself.
      if (refused === undefined || height < follower.tipHeight) continue;
      if (!(await this.#lost.isLost(entry, this.book, chain, height))) continue;
      log.warn('a transaction of ours spends what no chain has', { txid: shownTxid(entry.txid) });
      this.book.forget(entry.txid);
      await this.#commit();
    }
  }

  #restorePrepared(raw: Bytes): void {
    const tx = decodeTx(raw);
    if (tx === undefined) throw new Error('vars: a prepared transaction does not parse');
    const inputs = tx.inputs.flatMap((i) => this.book.output(i.txid, i.vout) ?? []);
    const isChange = (script: Bytes): boolean => this.keys.find(script)?.change === true;
    const changeVout = tx.outputs.findIndex((o) => isChange(o.scriptPubkey));
    const payees = tx.outputs.flatMap((o, vout) =>
      vout === changeVout ? [] : [{ vout, amount: o.amount }],
    );
    const paid = tx.outputs.reduce((sum, o) => sum + o.amount, 0n);
    const fee = sat(inputs.reduce((sum, o) => sum + o.amount, 0n) - paid);
    const txid = txidOf(tx);
    const change = changeVout < 0 ? {} : { changeVout };
    this.#prepared.set(shownTxid(txid), {
      ...{ txid, tx, raw, fee, payees, inputs, feeratePerKw: 0 },
      ...change,
    });
  }

  #positions = '';
  /** One durable transaction for all that changed. */
  async #commit(...more: readonly Write[]): Promise<void> {
    const writes = [...this.book.takeWrites(), ...more];
    const positions = JSON.stringify(this.keys.positions());
    if (positions !== this.#positions)
      writes.push({ put: 'vars', row: { name: KEYS_VAR, value: utf8(positions) } });
    this.#positions = positions;
    if (writes.length > 0) await this.deps.store.commit(writes);
  }
}
