/**
 * The payments of this node. Once a payment has succeeded, no other with its hash is ever made;
 * what was tried, what came of it and what it taught is on disk, whoever still waits for it.
 */
import { err, hex, type Msat, ok, type Result, toHex } from '../../core/bytes/index.js';
import type { ChannelError, HtlcFailure, HtlcOrigin } from '../../core/channel/index.js';
import { expiryOf, failedHere, makePayment } from '../../core/payment/index.js';
import type { Reservation, RouteHop } from '../../core/routing/index.js';
import { seconds, type Write } from '../../ports/index.js';
import { Lines } from '../util/index.js';
import {
  decodeFailure,
  encodeRoute,
  encodeSecrets,
  loadProof,
  opaqueRefusal,
  type PaymentCounters,
  storedFailure,
} from './book.js';
import { deletion } from './deletion.js';
import { guarded } from './guard.js';
import { type LatePayment, paidLate } from './late.js';
import { type Part, Parts } from './parts.js';
import { wishOfInvoice, wishOfKeysend } from './pay.js';
import { Paying } from './paying.js';
import { payStatus, selectPays } from './pays.js';
import { messageOf, onionReason } from './refusals.js';
import { checkRoute } from './route.js';
import { expiredAt, type PaymentTerms, readTerms, totalOfPayment } from './terms.js';
import type {
  DeletePaymentError,
  FirstHop,
  KeysendParams,
  ListPayments,
  LocalOrigin,
  OwnHtlc,
  Paid,
  PayError,
  PaymentRow,
  PaymentStatus,
  PaymentsDeps,
  PaymentsOptions,
  PayParams,
  PayProgress,
  PayStatus,
  SendonionParams,
  SendpayError,
  SendpayParams,
  WaitSendpay,
  WaitSendpayError,
} from './types.js';

export class Payments {
  readonly #options: PaymentsOptions;
  readonly #deps: PaymentsDeps;
  readonly #parts: Parts;
  readonly #lines = new Lines<string>();
  readonly #paying: Paying;
  #halt: () => void = () => {};

  constructor(options: PaymentsOptions, deps: PaymentsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#parts = new Parts(options, deps);
    this.#paying = new Paying({
      payments: deps,
      rows: (paymentHash) => this.#rows(paymentHash),
      sender: {
        inFlight: this.#parts.inFlight,
        begin: (params, writes) => this.begin(params, writes),
        outcome: (row) => this.outcome(row),
        commit: (writes) => this.#parts.commit(writes),
        halted: new Promise((resolve) => {
          this.#halt = resolve;
        }),
      },
    });
  }

  async start(): Promise<void> {
    await this.#parts.load();
    await this.#paying.load();
  }

  /** Takes up what a restart interrupted, once the channels are there. */
  resume(): void {
    this.#paying.resume();
  }

  /** The node ends: nothing new is sent, and nothing counts as failed because of it. */
  halt(): void {
    this.#halt();
  }

  async stop(): Promise<void> {
    await this.#lines.idle();
  }

  /** The newest numbers given, for `wait`. */
  get counters(): Readonly<PaymentCounters> {
    return this.#parts.counters;
  }

  /** What parts under way hold of channels, our own balances aside. */
  get reserved(): readonly Reservation[] {
    return this.#parts.inFlight.reserved;
  }

  /**
   * Contract, sendpay: pays along the route and answers with the outcome; one part of several, and
   * everything under `--sendpay-compat=cln`, is answered while it is pending. Where `signal` fires,
   * only the waiting ends.
   */
  async sendpay(
    params: SendpayParams,
    signal?: AbortSignal,
  ): Promise<Result<PaymentRow, SendpayError>> {
    const compat = this.#options.sendpayCompat === 'cln';
    const begun = await this.begin(params);
    if (!begun.ok) {
      if (!compat || begun.error.code !== 'already_paid') return begun;
      const paid = await this.#completed(this.#hashOf(params));
      return paid === undefined ? begun : ok(paid);
    }
    const row = begun.value;
    if (row.status === 'failed') return err(failedError(row));
    if (compat || row.partid > 0) return ok(row);
    return this.outcome(row, signal);
  }

  /**
   * Offers one part; answers its row, pending or failed here. For sendpay and pay, whose own
   * `writes` travel with the HTLC.
   */
  async begin(
    params: SendpayParams,
    writes: readonly Write[] = [],
  ): Promise<Result<PaymentRow, SendpayError>> {
    const terms = readTerms(params, this.#options.invoicePrefix);
    if (!terms.ok) return terms;
    const { nodeId } = this.#options;
    const route = checkRoute(nodeId, params.route, this.#deps.channelBetween.bind(this.#deps));
    if (!route.ok) return route;
    return this.#lines.run(terms.value.paymentHash, () =>
      this.#begin(terms.value, route.value, writes),
    );
  }

  async #begin(
    terms: PaymentTerms,
    route: readonly RouteHop[],
    writes: readonly Write[],
  ): Promise<Result<PaymentRow, SendpayError>> {
    const last = route.at(-1) as RouteHop;
    const amount = totalOfPayment(terms, last);
    if (!amount.ok) return amount;
    const groupId = await this.#guard(terms, amount.value);
    if (!groupId.ok) return groupId;
    const expired = expiredAt(terms, seconds(this.#deps.clock));
    if (expired !== undefined) return err({ code: 'invoice_expired', expiresAt: expired });
    const made = makePayment({
      route,
      paymentHash: hex(terms.paymentHash),
      height: this.#deps.height(),
      sessionKey: this.#deps.entropy.bytes(32),
      totalMsat: amount.value,
      ...terms.final,
    });
    if (!made.ok)
      return err({ code: 'bad_parameter', field: 'route', reason: onionReason(made.error) });
    const { sharedSecrets, ...htlc } = made.value;
    const row = {
      groupid: groupId.value,
      amount_msat: last.amountMsat,
      destination: last.id,
      ...rowOfTerms(terms),
    };
    const first = { scid: (route[0] as RouteHop).channel, peer: (route[0] as RouteHop).id };
    return ok(await this.#offer(row, route, sharedSecrets, first, htlc, writes));
  }

  /** Contract, sendonion: as sendpay, with an onion that the caller made. Answered while pending. */
  async sendonion(params: SendonionParams): Promise<Result<PaymentRow, SendpayError>> {
    const { firstHop, partId = 0 } = params;
    const { nodeId } = this.#options;
    // Without a channel any one with the peer will do.
    const scid = firstHop.channel;
    const known = { ...firstHop, channel: scid ?? (0n as RouteHop['channel']) };
    const checked = checkRoute(nodeId, [known], () => undefined);
    if (!checked.ok)
      return err({ ...checked.error, field: checked.error.field.replace('route[0]', 'first_hop') });
    const paymentHash = params.paymentHash.toLowerCase();
    return this.#lines.run(paymentHash, async () => {
      const total = params.totalMsat ?? params.amountMsat ?? firstHop.amountMsat;
      const guarded = { paymentHash, partId, groupId: params.groupId };
      const groupId = await this.#guard(guarded, total);
      if (!groupId.ok) return groupId;
      const row = {
        groupid: groupId.value,
        amount_msat: params.amountMsat ?? null,
        destination: params.destination ?? null,
        payment_hash: paymentHash,
        partid: partId,
        label: params.label ?? null,
        bolt11: params.bolt11 ?? null,
        description: params.description ?? null,
      };
      const htlc = {
        amountMsat: firstHop.amountMsat,
        cltvExpiry: expiryOf(this.#deps.height(), firstHop.delay),
        onion: params.onion,
      };
      const first = { scid, peer: firstHop.id };
      return ok(await this.#offer(row, [], params.sharedSecrets ?? [], first, htlc));
    });
  }

  /** The row is on disk together with the HTLC, or as a try that failed here. */
  async #offer(
    row: RowOfCaller,
    route: readonly RouteHop[],
    sharedSecrets: readonly Uint8Array[],
    first: FirstHop,
    htlc: Pick<OwnHtlc, 'amountMsat' | 'cltvExpiry' | 'onion'>,
    more: readonly Write[] = [],
  ): Promise<PaymentRow> {
    const { part, writes } = this.#parts.open(
      {
        ...row,
        status: 'pending',
        completed_at: null,
        amount_sent_msat: htlc.amountMsat,
        preimage: null,
        route: encodeRoute(route),
        shared_secrets: encodeSecrets(sharedSecrets),
        failure: null,
      },
      route,
      sharedSecrets,
    );
    const paymentHash = hex(row.payment_hash);
    const { groupid: groupId, partid: partId } = row;
    const origin: LocalOrigin = { kind: 'local', paymentHash, groupId, partId };
    const all = [...writes, ...more];
    const offered = await this.#deps.offer(first, { ...htlc, paymentHash, origin }, all);
    if (!offered.ok) return this.#refusedHere(part, offered.error);
    this.#parts.accepted(part);
    return part.row;
  }

  #refusedHere(part: Part, cause: ChannelError): Promise<PaymentRow> {
    if (part.route.length === 0)
      return this.#parts.refuse(part, opaqueRefusal(messageOf(cause), cause));
    const { failure } = failedHere(this.#options.nodeId, part.route, messageOf(cause));
    return this.#parts.refuse(part, storedFailure(failure, [], part.route.length, cause));
  }

  /** Answers the group of the new part. */
  async #guard(
    terms: Pick<PaymentTerms, 'paymentHash' | 'partId' | 'groupId'>,
    total: Msat,
  ): Promise<Result<number, SendpayError>> {
    const [rows, proof] = await Promise.all([
      this.#rows(terms.paymentHash),
      loadProof(this.#deps.store, terms.paymentHash),
    ]);
    return guarded(terms, total, rows, proof);
  }

  /** Waits for the end of a part that `begin` answered. */
  async outcome(row: PaymentRow, signal?: AbortSignal): Promise<Result<PaymentRow, SendpayError>> {
    const part = this.#parts.find(row);
    const end = part === undefined ? await this.#reread(row) : await ended(part, signal);
    if (end === undefined) return ok(row);
    return end.status === 'failed' ? err(failedError(end)) : ok(end);
  }

  /** Contract, pay: an invoice, until it is paid, refused by the payee, or out of time or budget. */
  async pay(params: PayParams, tell?: PayProgress): Promise<Result<Paid, PayError>> {
    const wish = wishOfInvoice(params, this.#options, this.#deps.clock);
    return wish.ok ? this.#paying.start(wish.value, tell) : wish;
  }

  /** As `pay`, to a node that made no invoice: the preimage goes along. */
  keysend(params: KeysendParams, tell?: PayProgress): Promise<Result<Paid, PayError>> {
    return this.#paying.start(wishOfKeysend(params, this.#options, this.#deps), tell);
  }

  /** The hashes for which a `pay` goes on now, also between two of its tries. */
  get paying(): ReadonlySet<string> {
    return this.#paying.hashes;
  }

  /** What was asked of `pay` and its like, of one hash or of all, and how it ended. */
  async pays(paymentHash?: string): Promise<PayStatus[]> {
    const where = paymentHash === undefined ? {} : { payment_hash: paymentHash };
    return (await selectPays(this.#deps.store, where)).map(payStatus);
  }

  /** Without a part, its payment was the newest group's part 0. */
  async waitsendpay(
    paymentHash: string,
    options: WaitSendpay = {},
  ): Promise<Result<PaymentRow, WaitSendpayError>> {
    const { partId = 0, groupId, timeout, signal } = options;
    const rows = (await this.#rows(paymentHash)).filter((row) => row.partid === partId);
    const group = groupId ?? rows.reduce((newest, row) => Math.max(newest, row.groupid), 0);
    const row = rows.filter((r) => r.groupid === group).at(-1);
    if (row === undefined) return err({ code: 'unknown_payment' });
    const end = await this.#awaitEnd(row, timeout, signal);
    if (typeof end === 'string') return err({ code: end });
    return end.status === 'failed' ? err(failedError(end)) : ok(end);
  }

  async #awaitEnd(
    row: PaymentRow,
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<PaymentRow | 'timeout' | 'aborted'> {
    if (row.status !== 'pending') return row;
    const part = this.#parts.find(row);
    if (part === undefined) return (await this.#reread(row)) ?? 'timeout';
    if (timeout === 0) return 'timeout';
    let cancel = () => {};
    const late = new Promise<'timeout'>((resolve) => {
      if (timeout !== undefined)
        cancel = this.#deps.clock.after(timeout * 1000, () => resolve('timeout'));
    });
    const end = await Promise.race([ended(part, signal), late]);
    cancel();
    return end ?? 'aborted';
  }

  list(query: ListPayments = {}): Promise<PaymentRow[]> {
    const { paymentHash, status, index, start, limit } = query;
    return this.#deps.store.select('payments', {
      where: {
        ...(paymentHash === undefined ? {} : { payment_hash: paymentHash }),
        ...(status === undefined ? {} : { status }),
      },
      order: index === 'updated' ? 'updated_index' : 'created_index',
      // Who names no start wants all, those too that have not changed yet.
      ...(start ? { from: start } : {}),
      ...(limit === undefined ? {} : { limit }),
    }) as Promise<PaymentRow[]>;
  }

  /** Deletes what is over. The proof of a success is kept, so that it is never paid again. */
  delete(
    paymentHash: string,
    status: Exclude<PaymentStatus, 'pending'>,
    which: { readonly partId?: number; readonly groupId?: number } = {},
  ): Promise<Result<readonly PaymentRow[], DeletePaymentError>> {
    return this.#lines.run(paymentHash, async () => {
      const doomed = deletion(await this.#rows(paymentHash), status, which);
      if (!doomed.ok) return doomed;
      const { rows, writes } = doomed.value;
      this.#parts.counters.deleted += rows.length;
      await this.#parts.commit(writes);
      return ok(rows);
    });
  }

  // What the channels report.

  /** A preimage came: rows for the channel's own commit. */
  htlcFulfilled(origin: LocalOrigin, preimage: Uint8Array): readonly Write[] {
    return this.#parts.fulfilled(origin, preimage);
  }

  /** An HTLC of ours is gone without a preimage: rows for the channel's own commit. */
  htlcFailed(origin: LocalOrigin, failure: HtlcFailure): readonly Write[] {
    return this.#parts.failed(origin, failure);
  }

  /**
   * The chain shows the preimage of an HTLC that was told as failed: rows for the commit that notes
   * it. What was told before cannot be taken back, but no other is ever made with this hash.
   */
  paidAfterAll(late: LatePayment): Promise<readonly Write[]> {
    const payment_hash = toHex(late.origin.paymentHash);
    return this.#lines.run(payment_hash, async () => {
      const { store, clock, log } = this.#deps;
      const end = await paidLate(late, await this.#rows(payment_hash), {
        ...{ store, now: seconds(clock) },
        updatedIndex: () => ++this.#parts.counters.updated,
      });
      if (end === undefined) return [];
      const { groupid, partid, amount_sent_msat: msat } = end.row;
      log.error('a payment that counted as failed WAS PAID: a reorg brought its preimage', {
        ...{ payment_hash, groupid, partid, msat },
      });
      return end.writes;
    });
  }

  /** Those rows are durable. */
  settled(origin: LocalOrigin): void {
    this.#parts.settled(origin);
  }

  /** After a start: `live` is every origin that some channel still holds an HTLC of. */
  reconcile(live: readonly HtlcOrigin[]): Promise<void> {
    return this.#parts.reconcile(live.filter((origin) => origin.kind === 'local'));
  }

  /** All parts of all tries with this hash, oldest first. */
  async #rows(payment_hash: string): Promise<PaymentRow[]> {
    const where = { payment_hash };
    const rows = await this.#deps.store.select('payments', { where, order: 'created_index' });
    return rows as PaymentRow[];
  }

  async #completed(paymentHash: string): Promise<PaymentRow | undefined> {
    return (await this.#rows(paymentHash)).find((row) => row.status === 'complete');
  }

  async #reread({ created_index }: PaymentRow): Promise<PaymentRow | undefined> {
    const [row] = await this.#deps.store.select('payments', { where: { created_index } });
    return row as PaymentRow | undefined;
  }

  #hashOf(params: SendpayParams): string {
    const terms = readTerms(params, this.#options.invoicePrefix);
    return terms.ok ? terms.value.paymentHash : params.paymentHash;
  }
}

type RowOfCaller = Pick<
  PaymentRow,
  | 'payment_hash'
  | 'groupid'
  | 'partid'
  | 'amount_msat'
  | 'destination'
  | 'label'
  | 'bolt11'
  | 'description'
>;

const rowOfTerms = (terms: PaymentTerms) => ({
  payment_hash: terms.paymentHash,
  partid: terms.partId,
  label: terms.label,
  bolt11: terms.bolt11,
  description: terms.description,
});

const failedError = (row: PaymentRow) => ({
  code: 'failed' as const,
  row,
  failure: decodeFailure(row),
});

/** The end of a part; nothing where the caller stopped waiting first. */
function ended(part: Part, signal: AbortSignal | undefined): Promise<PaymentRow | undefined> {
  if (signal === undefined) return part.ended;
  return new Promise((resolve) => {
    const abort = () => resolve(undefined);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    void part.ended.then((row) => {
      signal.removeEventListener('abort', abort);
      resolve(row);
    });
  });
}
