/**
 * The invoices of this node: made, listed, deleted, waited for, and paid by HTLCs that arrive. An
 * invoice is paid on disk before any of its HTLCs is fulfilled, and it keeps which ones they are,
 * so that a restart at any instant ends the same way.
 */
import { err, hex, ok, type Result, toHex } from '../../core/bytes/index.js';
import { decodeInvoice } from '../../core/invoice/index.js';
import type { FailureMessage } from '../../core/onion/index.js';
import {
  type ArrivedHtlc,
  addPart,
  checkPart,
  type HtlcSet,
  isTooLate,
  type Receivable,
  type ReceiveContext,
  SET_TIMEOUT,
  unknownDetails,
} from '../../core/payment/index.js';
import { seconds, type Tables, type Write } from '../../ports/index.js';
import { Lines, Waiters } from '../util/index.js';
import { countersWrite, type InvoiceCounters, loadCounters, NO_COUNTERS } from './book.js';
import { adoptInvoice, type MadeInvoice, makeInvoice } from './create.js';
import { keysendInvoice } from './keysend.js';
import type {
  AdoptInvoice,
  CreatedInvoice,
  CreateInvoice,
  CreateInvoiceError,
  DeleteInvoiceError,
  IncomingHtlc,
  InvoiceRow,
  InvoiceStatus,
  InvoicesDeps,
  InvoicesOptions,
  ListInvoices,
  WaitError,
  WaitOptions,
} from './types.js';

/** An invoice that may still be paid, in memory. */
interface Open {
  row: InvoiceRow;
  /** Read from the invoice when its first HTLC comes. */
  terms?: Receivable;
  set?: HtlcSet;
  cancelTimeout?: () => void;
}

const NOT_CURRENT: FailureMessage = { kind: 'temporaryNodeFailure' };

/** Timers are no longer than this. */
const SWEEP_MS = 3600_000;

export class Invoices {
  readonly #options: InvoicesOptions;
  readonly #deps: InvoicesDeps;
  #counters: InvoiceCounters = { ...NO_COUNTERS };
  /** By payment hash. */
  readonly #open = new Map<string, Open>();
  /** What is done with one payment hash is done one thing after another. */
  readonly #lines = new Lines<string>();
  readonly #busyLabels = new Set<string>();
  readonly #labelWaiters: Waiters<string>;
  readonly #paidWaiters: Waiters<'paid'>;
  #nextExpiry = Number.POSITIVE_INFINITY;
  #cancelSweep: (() => void) | undefined;

  constructor(options: InvoicesOptions, deps: InvoicesDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#labelWaiters = new Waiters(deps.clock);
    this.#paidWaiters = new Waiters(deps.clock);
  }

  async start(): Promise<void> {
    this.#counters = await loadCounters(this.#deps.store);
    const rows = await this.#deps.store.select('invoices', { where: { status: 'unpaid' } });
    for (const row of rows) this.#remember(row as InvoiceRow);
    await this.#sweep();
  }

  async stop(): Promise<void> {
    this.#cancelSweep?.();
    for (const open of this.#open.values()) open.cancelTimeout?.();
    await this.#lines.idle();
  }

  /** The newest numbers given, for `wait`. */
  get counters(): Readonly<InvoiceCounters> {
    return this.#counters;
  }

  /** The invoice is on disk when this resolves. */
  create(wish: CreateInvoice): Promise<Result<CreatedInvoice, CreateInvoiceError>> {
    const make = () => makeInvoice(wish, this.#options, this.#deps);
    return this.#add(wish.label, wish.preimage !== undefined, make);
  }

  /** Keeps an invoice that was written elsewhere. */
  adopt(wish: AdoptInvoice): Promise<Result<CreatedInvoice, CreateInvoiceError>> {
    return this.#add(wish.label, true, () => ok(adoptInvoice(wish)));
  }

  async #add(
    label: string,
    chosen: boolean,
    make: () => Result<MadeInvoice, CreateInvoiceError>,
  ): Promise<Result<CreatedInvoice, CreateInvoiceError>> {
    if (this.#busyLabels.has(label)) return err({ code: 'label_exists', label });
    this.#busyLabels.add(label);
    try {
      if ((await this.#byLabel(label)) !== undefined) return err({ code: 'label_exists', label });
      const made = make();
      if (!made.ok) return made;
      const { row, warnings } = made.value;
      return await this.#lines.run(row.payment_hash, () => this.#insert(row, warnings, chosen));
    } finally {
      this.#busyLabels.delete(label);
    }
  }

  async #insert(
    row: Omit<InvoiceRow, 'created_index'>,
    warnings: CreatedInvoice['warnings'],
    chosen: boolean,
  ): Promise<Result<CreatedInvoice, CreateInvoiceError>> {
    const where = { payment_hash: row.payment_hash };
    // A preimage that we drew was never used before.
    const [same] = chosen ? await this.#deps.store.select('invoices', { where, limit: 1 }) : [];
    if (same !== undefined) return err({ code: 'preimage_exists', label: same.label });
    this.#counters.created++;
    const full: InvoiceRow = { created_index: this.#counters.created, ...row };
    await this.#commit(full);
    this.#remember(full);
    if (full.expires_at < this.#nextExpiry) {
      this.#nextExpiry = full.expires_at;
      this.#scheduleSweep();
    }
    return ok({ row: full, warnings });
  }

  async list(query: ListInvoices = {}): Promise<InvoiceRow[]> {
    const { label, paymentHash, index, start, limit } = query;
    const rows = await this.#deps.store.select('invoices', {
      where: {
        ...(label === undefined ? {} : { label }),
        ...(paymentHash === undefined ? {} : { payment_hash: paymentHash }),
      },
      order: index === 'updated' ? 'updated_index' : 'created_index',
      // Who names no start wants all, those too that have not changed yet.
      ...(start ? { from: start } : {}),
      ...(limit === undefined ? {} : { limit }),
    });
    return rows.map((row) => this.#current(row as InvoiceRow));
  }

  /** The invoice made for this label, if there is one. */
  async find(label: string): Promise<InvoiceRow | undefined> {
    const row = await this.#byLabel(label);
    return row && this.#current(row);
  }

  /**
   * Deletes an invoice whose status is `expected`; with `descriptionOnly`, only what it says of its
   * purpose. Answers the invoice as it was.
   */
  async delete(
    label: string,
    expected: InvoiceStatus,
    descriptionOnly = false,
  ): Promise<Result<InvoiceRow, DeleteInvoiceError>> {
    const found = await this.#byLabel(label);
    if (found === undefined) return err({ code: 'not_found' });
    return this.#lines.run(found.payment_hash, async () => {
      const row = await this.find(label);
      if (row === undefined) return err({ code: 'not_found' });
      if (row.status !== expected)
        return err({ code: 'status_unexpected', current: row.status, expected });
      if (descriptionOnly) return this.#deleteDescription(row);
      await this.#remove(row);
      return ok(row);
    });
  }

  async #deleteDescription(row: InvoiceRow): Promise<Result<InvoiceRow, DeleteInvoiceError>> {
    if (row.description === null) return err({ code: 'no_description' });
    const updated_index = ++this.#counters.updated;
    const bare: InvoiceRow = { ...row, description: null, updated_index };
    await this.#commit(bare);
    // The set that waits for the rest stays this one's: its minute runs on.
    const open = this.#open.get(row.payment_hash);
    if (open !== undefined) open.row = bare;
    return ok(bare);
  }

  async #remove(row: InvoiceRow): Promise<void> {
    this.#counters.deleted++;
    const { created_index, payment_hash } = row;
    const open = this.#open.get(payment_hash);
    this.#open.delete(payment_hash);
    await this.#write([{ delete: 'invoices', where: { created_index } }]);
    if (open !== undefined) this.#failSet(open, (part) => this.#refusal(part));
    this.#labelWaiters.signal(row.label);
  }

  /** Resolves when the invoice is paid, deleted or expired. */
  async wait(label: string, signal?: AbortSignal): Promise<Result<InvoiceRow, WaitError>> {
    for (let first = true; ; first = false) {
      const place = this.#labelWaiters.lineUp(label, signal && { signal });
      const done = waitResult(await this.find(label), first);
      if (done !== undefined) {
        place.leave();
        return done;
      }
      const end = await place.ended;
      if (end !== 'signalled') return err({ code: end });
    }
  }

  /** The first invoice paid after the one with this pay index, waited for where there is none. */
  async waitAny(
    lastPayIndex: number,
    options: WaitOptions = {},
  ): Promise<Result<InvoiceRow, WaitError>> {
    const { timeout, signal } = options;
    const now = () => this.#deps.clock.now();
    const deadline = timeout === undefined ? undefined : now() + timeout * 1000;
    for (;;) {
      const place = this.#paidWaiters.lineUp('paid', {
        ...(deadline === undefined ? {} : { timeoutMs: Math.max(0, deadline - now()) }),
        ...(signal === undefined ? {} : { signal }),
      });
      const [row] = await this.#deps.store.select('invoices', {
        where: { status: 'paid' },
        order: 'pay_index',
        from: lastPayIndex + 1,
        limit: 1,
      });
      if (row !== undefined || timeout === 0) place.leave();
      if (row !== undefined) return ok(row as InvoiceRow);
      if (timeout === 0) return err({ code: 'timeout' });
      const end = await place.ended;
      if (end !== 'signalled') return err({ code: end });
    }
  }

  /**
   * An HTLC that ends here, from the switch: again after every restart until it is settled. What
   * becomes of it is told by `deps.settle`, now or later.
   */
  receive(htlc: IncomingHtlc): void {
    const hash = toHex(htlc.paymentHash);
    void this.#lines
      .run(hash, () => this.#receive(hash, htlc))
      .catch((error) => this.#deps.fatal(error));
  }

  async #receive(hash: string, htlc: IncomingHtlc): Promise<void> {
    const { amountMsat, cltvExpiry, payload } = htlc;
    const part: ArrivedHtlc = { key: keyOf(htlc), amountMsat, cltvExpiry, payload };
    const current = this.#deps.whenCurrent();
    const inTime = current === true || (await current);
    if (inTime === undefined) return;
    // A payment whose expiry may be over is none, unless it was accepted before.
    const unwanted = inTime ? htlc.refusal : NOT_CURRENT;
    if (unwanted !== undefined && !(await this.#wasPaidBy(hash, part))) {
      this.#fail(part, unwanted);
      return;
    }
    const open = this.#open.get(hash);
    if (open === undefined && (await this.#receiveWithoutInvoice(hash, part))) return;
    const context = this.#context();
    const refusal = checkPart(part, open && this.#termsOf(open), context);
    if (refusal !== undefined || open === undefined) {
      this.#fail(part, refusal ?? this.#refusal(part));
      return;
    }
    const outcome = addPart(open.set, part);
    switch (outcome.kind) {
      case 'waiting':
        open.set = outcome.set;
        open.cancelTimeout ??= this.#deps.clock.after(SET_TIMEOUT * 1000, () =>
          this.#timeout(hash, open),
        );
        return;
      case 'refused':
        open.set = { totalMsat: amountMsat, parts: outcome.parts };
        this.#failSet(open, (p) => this.#refusal(p));
        return;
      case 'complete':
        open.set = outcome.set;
        // A block may have come while the others were waited for.
        if (outcome.set.parts.some((p) => isTooLate(p, context)))
          this.#failSet(open, (p) => this.#refusal(p));
        else await this.#pay(hash, open, outcome.set, outcome.receivedMsat);
    }
  }

  /** What no open invoice waits for. Answers whether it was dealt with. */
  async #receiveWithoutInvoice(payment_hash: string, part: ArrivedHtlc): Promise<boolean> {
    const row = await this.#rowOf(payment_hash);
    if (row === undefined) return this.#receiveKeysend(payment_hash, part);
    // It ends as it was to end.
    if (!isPaidBy(row, part)) return false;
    this.#fulfill(part, row.preimage);
    return true;
  }

  #context(): ReceiveContext {
    const { fulfillDeadline } = this.#options;
    return { height: this.#deps.height(), now: seconds(this.#deps.clock), fulfillDeadline };
  }

  async #rowOf(payment_hash: string): Promise<Tables['invoices'] | undefined> {
    const where = { payment_hash };
    return (await this.#deps.store.select('invoices', { where, limit: 1 }))[0];
  }

  async #wasPaidBy(hash: string, part: ArrivedHtlc): Promise<boolean> {
    const row = await this.#rowOf(hash);
    return row !== undefined && isPaidBy(row, part);
  }

  /** A spontaneous payment brings its own preimage: an invoice is made for it, paid at once. */
  async #receiveKeysend(hash: string, part: ArrivedHtlc): Promise<boolean> {
    const { cltvFinal } = this.#options;
    const row = keysendInvoice(hash, part, { ...this.#context(), cltvFinal });
    if (row === undefined) return false;
    const created_index = ++this.#counters.created;
    const [updated_index, pay_index] = [++this.#counters.updated, ++this.#counters.pay];
    await this.#commit({ created_index, ...row, updated_index, pay_index });
    this.#fulfill(part, row.preimage);
    this.#deps.log.info('keysend received', { payment_hash: hash, msat: part.amountMsat });
    this.#paidWaiters.signal('paid');
    return true;
  }

  async #pay(hash: string, open: Open, set: HtlcSet, received: bigint): Promise<void> {
    open.cancelTimeout?.();
    this.#open.delete(hash);
    const row: InvoiceRow = {
      ...open.row,
      status: 'paid',
      updated_index: ++this.#counters.updated,
      pay_index: ++this.#counters.pay,
      paid_at: seconds(this.#deps.clock),
      amount_received_msat: received,
      paid_htlcs: JSON.stringify(set.parts.map((part) => part.key)),
    };
    // Both go to the disk in this order, and the channels speak once theirs is there.
    const durable = this.#commit(row);
    for (const part of set.parts) this.#fulfill(part, row.preimage);
    await durable;
    this.#deps.log.info('invoice paid', { label: row.label, received_msat: received });
    this.#labelWaiters.signal(row.label);
    this.#paidWaiters.signal('paid');
  }

  #timeout(hash: string, open: Open): void {
    void this.#lines.run(hash, async () => {
      // Complete, refused or deleted in the meantime: there is nothing to give up.
      if (this.#open.get(hash) === open)
        this.#failSet(open, () => ({ kind: 'mppTimeout' }) as const);
    });
  }

  #failSet(open: Open, failure: (part: ArrivedHtlc) => FailureMessage): void {
    open.cancelTimeout?.();
    delete open.cancelTimeout;
    const parts = open.set?.parts ?? [];
    delete open.set;
    for (const part of parts) this.#fail(part, failure(part));
  }

  #refusal(part: ArrivedHtlc): FailureMessage {
    return unknownDetails(part, this.#deps.height());
  }

  #fail(part: ArrivedHtlc, failure: FailureMessage): void {
    const { channelId, htlcId } = htlcOf(part.key);
    this.#deps.settle(channelId, htlcId, { kind: 'fail', failure });
  }

  #fulfill(part: ArrivedHtlc, preimage: string): void {
    const { channelId, htlcId } = htlcOf(part.key);
    this.#deps.settle(channelId, htlcId, { kind: 'fulfill', preimage: hex(preimage) });
  }

  /** Marks invoices that nobody can pay any more, and comes back when the next one expires. */
  async #sweep(): Promise<void> {
    const now = seconds(this.#deps.clock);
    const expired: InvoiceRow[] = [];
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const { row, set } of this.#open.values()) {
      // HTLCs that came in time may still complete it: it is looked at again.
      if (row.expires_at <= now && set === undefined)
        expired.push({ ...row, status: 'expired', updated_index: ++this.#counters.updated });
      else this.#nextExpiry = Math.min(this.#nextExpiry, Math.max(row.expires_at, now + 1));
    }
    for (const row of expired) this.#open.delete(row.payment_hash);
    this.#scheduleSweep();
    if (expired.length > 0) await this.#commit(...expired);
    for (const row of expired) this.#labelWaiters.signal(row.label);
  }

  #scheduleSweep(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    if (this.#nextExpiry === Number.POSITIVE_INFINITY) return;
    const wait = Math.max(0, this.#nextExpiry * 1000 - this.#deps.clock.now());
    this.#cancelSweep = this.#deps.clock.after(Math.min(wait, SWEEP_MS), () => {
      // A commit that fails has told `fatal` already.
      this.#sweep().catch(() => {});
    });
  }

  #remember(row: InvoiceRow): void {
    this.#open.set(row.payment_hash, { row });
  }

  #termsOf(open: Open): Receivable | undefined {
    if (open.terms !== undefined) return open.terms;
    const read = decodeInvoice(open.row.bolt11);
    if (!read.ok) {
      this.#deps.log.error('an invoice of our own cannot be read', { label: open.row.label });
      return undefined;
    }
    const { amountMsat, paymentSecret, minFinalCltvExpiryDelta } = read.value;
    open.terms = {
      ...(amountMsat === undefined ? {} : { amountMsat }),
      paymentSecret,
      minFinalCltvExpiryDelta,
      expiresAt: open.row.expires_at,
    };
    return open.terms;
  }

  #current(row: InvoiceRow): InvoiceRow {
    const late = row.status === 'unpaid' && row.expires_at <= seconds(this.#deps.clock);
    return late ? { ...row, status: 'expired' } : row;
  }

  async #byLabel(label: string): Promise<InvoiceRow | undefined> {
    const [row] = await this.#deps.store.select('invoices', { where: { label }, limit: 1 });
    return row as InvoiceRow | undefined;
  }

  #commit(...rows: readonly InvoiceRow[]): Promise<void> {
    return this.#write(rows.map((row) => ({ put: 'invoices', row })));
  }

  async #write(writes: readonly Write[]): Promise<void> {
    try {
      await this.#deps.store.commit([...writes, countersWrite(this.#counters)]);
    } catch (error) {
      this.#deps.fatal(error);
      throw error;
    }
  }
}

const keyOf = (htlc: IncomingHtlc): string => `${htlc.channelId}/${htlc.htlcId}`;

function htlcOf(key: string): Pick<IncomingHtlc, 'channelId' | 'htlcId'> {
  const [channelId, id] = key.split('/') as [IncomingHtlc['channelId'], string];
  return { channelId, htlcId: BigInt(id) };
}

function waitResult(
  row: InvoiceRow | undefined,
  first: boolean,
): Result<InvoiceRow, WaitError> | undefined {
  if (row === undefined) return err({ code: first ? 'not_found' : 'deleted' });
  if (row.status === 'paid') return ok(row);
  return row.status === 'expired' ? err({ code: 'expired', row }) : undefined;
}

/** Whether this is a part of a payment that was accepted before the node stopped. */
const isPaidBy = (row: Tables['invoices'], part: ArrivedHtlc): boolean =>
  row.status === 'paid' &&
  row.paid_htlcs !== null &&
  (JSON.parse(row.paid_htlcs) as string[]).includes(part.key);
