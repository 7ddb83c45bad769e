/**
 * One wish to pay, until it is fulfilled, refused, or out of routes, time or budget: what to send
 * next is the plan's (`core/payment`); this sends it, hears how it ended, and tells the end once.
 */
import { err, type Msat, msat, ok, type Result, scidFromString } from '../../core/bytes/index.js';
import {
  type InFlight,
  type PartFailure,
  PayPlan,
  type PlannedPart,
  type Stuck,
} from '../../core/payment/index.js';
import type { Write } from '../../ports/index.js';
import { decodeRoute } from './book.js';
import { endedPay, newPayRow, type PayRow, putPay, type Wish } from './pays.js';
import { explainStuck } from './stuck.js';
import type {
  Paid,
  PayError,
  PayEvent,
  PaymentRow,
  PaymentsDeps,
  PayProgress,
  SendpayError,
  SendpayParams,
  StoredFailure,
} from './types.js';

/** What a run needs of the payments. */
export interface Sender {
  /** What parts of all payments hold. */
  readonly inFlight: InFlight;
  /** Offers a part; `writes` go to disk with its HTLC. */
  begin(params: SendpayParams, writes: readonly Write[]): Promise<Result<PaymentRow, SendpayError>>;
  outcome(row: PaymentRow): Promise<Result<PaymentRow, SendpayError>>;
  commit(writes: readonly Write[]): Promise<void>;
  /** Resolves when the node ends. */
  readonly halted: Promise<void>;
}

/** BOLT 4, mpp_timeout: the payee gave up waiting for the other parts. */
const MPP_TIMEOUT = 23;
/** Refusals of our own channel that its balance explains: the next plan goes by what it has then. */
const OWN_FUNDS: ReadonlySet<string> = new Set([
  'insufficient_balance',
  'fee_not_affordable',
  'dust_exposure',
]);
/**
 * BOLT 4 lets a payee wait a minute for the parts of a set. Where no other part can be sent before
 * that is over, the time does not count: when the parts come back, all that was learned may bring
 * the whole another way.
 */
const HELD_MS = 70_000;
/** After a start, peers are waited for so long, looking so often. */
const PEERS_MS = 30_000;
const LOOK_MS = 250;

type PartEnd = { readonly partId: number; readonly result: Result<PaymentRow, SendpayError> };

/** An event without the times, which are the same of all. */
type Told<E = PayEvent> = E extends PayEvent ? Omit<E, 'elapsed' | 'retryFor'> : never;

export class PayRun {
  readonly #wish: Wish;
  readonly #deps: PaymentsDeps;
  readonly #sender: Sender;
  readonly #tell: PayProgress;
  readonly #plan: PayPlan;
  readonly #attempts: PaymentRow[] = [];
  readonly #flights = new Map<
    number,
    { readonly row: PaymentRow; readonly end: Promise<PartEnd> }
  >();
  #row: PayRow;
  /** The row is on disk: from then on the payment outlives a restart. */
  #kept = false;
  #halted = false;
  /** Parts sent so far. */
  #sent = 0;
  /** Since when nothing can be sent while parts are in flight, and how long that was before. */
  #heldSince: number | undefined;
  #heldMs = 0;
  /** Why nothing could be sent when it was last tried. */
  #stuck: Stuck | undefined;
  /** Why no new part is begun: what is in flight still ends before this is told. */
  #givenUp: PayError | undefined;

  constructor(
    wish: Wish,
    groupId: number,
    deps: PaymentsDeps,
    sender: Sender,
    tell: PayProgress = () => {},
  ) {
    this.#wish = wish;
    this.#deps = deps;
    this.#sender = sender;
    this.#tell = tell;
    this.#plan = new PayPlan(wish.goal);
    this.#row = newPayRow(wish, groupId);
    void sender.halted.then(() => {
      this.#halted = true;
    });
  }

  /** Goes on after a restart, with the parts that were sent before it. */
  async resume(row: PayRow, parts: readonly PaymentRow[]): Promise<Result<Paid, PayError>> {
    this.#row = row;
    this.#kept = true;
    const paid = parts.filter(({ status }) => status === 'complete');
    this.#sent = parts.length;
    if (paid.length > 0) return this.#paid(paid);
    for (const part of parts) {
      if (part.status === 'failed') {
        this.#plan.resume(part.partid, undefined);
        this.#attempts.push(part);
        continue;
      }
      const hops = decodeRoute(part.route);
      const feeMsat = msat(part.amount_sent_msat - (part.amount_msat ?? part.amount_sent_msat));
      this.#plan.resume(part.partid, { hops, feeMsat, cost: 0 });
      this.#watch(part);
    }
    await this.#peersBack();
    return this.run();
  }

  /** Our peers take a moment to come back; without them every plan is stuck. */
  async #peersBack(): Promise<void> {
    for (let waited = 0; waited < PEERS_MS && !this.#halted; waited += LOOK_MS) {
      if (this.#deps.allConnected()) return;
      await new Promise<void>((resolve) => {
        this.#deps.clock.after(LOOK_MS, resolve);
      });
    }
  }

  async run(): Promise<Result<Paid, PayError>> {
    const halted = this.#sender.halted.then(() => undefined);
    for (;;) {
      await this.#sendAll();
      if (this.#halted) return err({ code: 'stopping' });
      if (this.#flights.size === 0) return this.#failed();
      const ends = [...this.#flights.values()].map(({ end }) => end);
      const ended = await Promise.race([halted, ...ends]);
      if (ended === undefined) return err({ code: 'stopping' });
      const paid = this.#ended(ended);
      if (paid !== undefined) return this.#paid(paid);
    }
  }

  /** Sends parts until all of the amount is on its way, or no more can be done now. */
  async #sendAll(): Promise<void> {
    this.#noLongerHeld();
    while (this.#plan.leftMsat > 0n && this.#givenUp === undefined && !this.#halted) {
      // The first try is always made, however little time there is.
      if (this.#plan.attempts > 0 && this.#isOver()) return;
      const parts = this.#plan.next({
        localChannels: this.#deps.localChannels(),
        reserved: [...this.#sender.inFlight.reserved, ...this.#deps.reserved()],
        height: this.#deps.height(),
        now: Math.floor(this.#deps.clock.now() / 1000),
        getroutes: (request) => this.#deps.getroutes(request, this.#wish.layers ?? []),
      });
      this.#stuck = parts.ok ? undefined : parts.error;
      if (!parts.ok) {
        const reason = explainStuck(parts.error, this.#wish.goal);
        if (this.#flights.size === 0) return;
        this.#heldSince = this.#deps.clock.now();
        this.#say({ kind: 'waiting', inFlight: this.#flights.size, reason });
        return;
      }
      // All are held at once, so that nobody plans on the room of one that waits for its turn.
      for (const { id, route } of parts.value)
        this.#sender.inFlight.begin(this.#key(id), route.hops);
      for (const part of parts.value) await this.#send(part);
    }
  }

  #noLongerHeld(): void {
    const held = this.#heldSince === undefined ? 0 : this.#deps.clock.now() - this.#heldSince;
    this.#heldMs = Math.min(HELD_MS, this.#heldMs + held);
    this.#heldSince = undefined;
  }

  /** No new part is sent any more. */
  #isOver(): boolean {
    return this.#deps.clock.now() >= this.#wish.deadline + this.#heldMs;
  }

  #key(partId: number): string {
    return `${this.#wish.paymentHash}/${this.#row.groupid}/${partId}`;
  }

  async #send(part: PlannedPart): Promise<void> {
    const { id: partId, route } = part;
    const { send, totalMsat } = this.#wish;
    if (this.#givenUp !== undefined || this.#halted) return this.#unsent(partId);
    const amountMsat = route.hops.at(-1)?.amountMsat as Msat;
    const { feeMsat, hops } = route;
    const attempt = ++this.#sent;
    this.#say({ kind: 'sending', attempt, partId, amountMsat, feeMsat, hops });
    const begun = await this.#sender.begin(
      {
        ...send,
        route: hops,
        groupId: this.#row.groupid,
        ...(partId === 0 ? {} : { partId, amountMsat: msat(totalMsat) }),
      },
      this.#kept ? [] : [putPay(this.#row)],
    );
    if (!begun.ok) {
      this.#unsent(partId);
      if (begun.error.code !== 'failed') this.#giveUp(begun.error);
      return;
    }
    if (begun.value.status === 'pending') this.#kept = true;
    this.#watch(begun.value);
  }

  #unsent(partId: number): void {
    this.#sender.inFlight.end(this.#key(partId));
    this.#plan.over(partId);
  }

  #watch(row: PaymentRow): void {
    const partId = row.partid;
    const end = this.#sender.outcome(row).then((result) => ({ partId, result }));
    this.#flights.set(partId, { row, end });
  }

  /** One part is over; answers all parts, where the payee has given the preimage. */
  #ended({ partId, result }: PartEnd): readonly PaymentRow[] | undefined {
    this.#flights.delete(partId);
    // The payee takes all parts or none: those still in flight are as good as paid.
    if (result.ok) return [result.value, ...[...this.#flights.values()].map(({ row }) => row)];
    const { error } = result;
    if (error.code !== 'failed') {
      this.#plan.over(partId);
      this.#giveUp(error);
      return undefined;
    }
    const { row, failure } = error;
    this.#attempts.push(row);
    this.#plan.over(partId, failureOf(failure));
    this.#say({ kind: 'failed', partId, failure });
    if (!failure.retry && failure.failcode !== MPP_TIMEOUT)
      this.#givenUp = { code: 'refused', row, failure };
    else this.#sayRetrying();
    return undefined;
  }

  #giveUp(error: PayError): void {
    // The first reason is the cause; what follows from it is not.
    this.#givenUp ??= error;
  }

  #sayRetrying(): void {
    const { leftMsat, feeLeftMsat } = this.#plan;
    if (this.#givenUp === undefined && !this.#isOver())
      this.#say({ kind: 'retrying', leftMsat, feeLeftMsat, inFlight: this.#flights.size });
  }

  #say(event: Told): void {
    const { began, deadline } = this.#wish;
    const elapsed = Math.floor((this.#deps.clock.now() - began) / 1000);
    this.#tell({ ...event, elapsed, retryFor: Math.ceil((deadline - began) / 1000) });
  }

  #paid(rows: readonly PaymentRow[]): Result<Paid, PayError> {
    const row = endedPay(this.#row, 'complete', this.#now());
    // The parts' own rows say it already: nobody waits for this one.
    void this.#sender.commit([putPay(row)]).catch(() => {});
    return ok({ rows, attempts: this.#sent });
  }

  /** Nothing is in flight and nothing more is sent: only now it has failed. */
  async #failed(): Promise<Result<Paid, PayError>> {
    const error = this.#givenUp ?? (this.#stuck ? this.#stuckError(this.#stuck) : this.#late());
    if (this.#kept || this.#attempts.length > 0) {
      const code = error.code === 'stuck' ? error.stuck.code : error.code;
      const message = messageOf(error);
      const row = endedPay(this.#row, 'failed', this.#now(), { code, message });
      await this.#sender.commit([putPay(row)]);
    }
    return err(error);
  }

  #stuckError(stuck: Stuck): PayError {
    const attempts = this.#attempts;
    const why = explainStuck(stuck, this.#wish.goal);
    const message = `${why}${this.#tried()}`;
    return { code: 'stuck', stuck, message, attempts };
  }

  #late(): PayError {
    const { began, deadline } = this.#wish;
    const seconds = Math.ceil((deadline - began) / 1000);
    const message = `Not paid within ${seconds} seconds (retry_for)${this.#tried()}`;
    return { code: 'out_of_time', message, attempts: this.#attempts };
  }

  /** How many parts failed before, and the last one's reason. */
  #tried(): string {
    const last = this.#attempts.at(-1)?.failure;
    if (last === undefined || last === null) return '';
    const { message } = JSON.parse(last) as StoredFailure;
    return `; ${this.#attempts.length} of ${this.#sent} parts failed, the last: ${message}`;
  }

  #now(): number {
    return Math.floor(this.#deps.clock.now() / 1000);
  }
}

function failureOf(failure: StoredFailure): PartFailure {
  const { erring_index, erring_channel, erring_direction, failcode, refusal } = failure;
  const scid = erring_channel === undefined ? undefined : scidFromString(erring_channel);
  return {
    erringIndex: erring_index,
    failcode,
    ...(scid === undefined || erring_direction === undefined || failcode === MPP_TIMEOUT
      ? {}
      : { channel: { scid, direction: erring_direction } }),
    ownFunds: refusal !== undefined && OWN_FUNDS.has(refusal),
  };
}

/** As it is kept with the payment. */
function messageOf(error: PayError): string {
  switch (error.code) {
    case 'stuck':
    case 'out_of_time':
      return error.message;
    case 'refused':
      return error.failure.message;
    case 'bad_parameter':
      return `${error.field}: ${error.reason}`;
    case 'in_progress':
      return error.reason;
    case 'invoice_expired':
      return 'the invoice has expired';
    case 'already_paid':
      return 'it was paid already';
    case 'stopping':
      return 'the node stops';
  }
}
