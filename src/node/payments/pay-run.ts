/**
 * One wish to pay, until it is fulfilled, refused, or out of routes, time or budget: getroute and
 * sendpay, again and again. Where no single route can carry the amount, and the payee takes parts,
 * it is split, and every part goes its own way; the fee budget holds for all parts together.
 */
import {
  err,
  type Msat,
  msat,
  type NodeId,
  ok,
  type Result,
  scidFromString,
} from '../../core/bytes/index.js';
import {
  type Exclusion,
  explainNoRoute,
  type HintChannel,
  type NoRoute,
  type Route,
} from '../../core/routing/index.js';
import type {
  Paid,
  PayError,
  PaymentRow,
  PaymentsDeps,
  PayParams,
  SendpayError,
  SendpayParams,
  StoredFailure,
} from './types.js';

/** What a run needs of the payments. */
export interface Sender {
  /** One run for each hash at a time: false where there is one. */
  claim(paymentHash: string): boolean;
  release(paymentHash: string): void;
  begin(params: SendpayParams): Promise<Result<PaymentRow, SendpayError>>;
  outcome(row: PaymentRow): Promise<Result<PaymentRow, SendpayError>>;
  nextGroup(paymentHash: string): Promise<number>;
  completed(paymentHash: string): Promise<PaymentRow[]>;
}

/** Whom, how much, and how; whatever it was that told us. */
export interface Wish {
  readonly destination: NodeId;
  readonly amountMsat: Msat;
  /** The delay of the last hop. */
  readonly finalCltv: number;
  readonly hints: readonly HintChannel[];
  readonly finalExtraBytes: number;
  readonly paymentHash: string;
  /** The payee takes it in parts (basic_mpp). */
  readonly divisible: boolean;
  readonly send: Omit<SendpayParams, 'route' | 'groupId' | 'partId' | 'amountMsat'>;
}

export type Limits = Pick<
  PayParams,
  'riskFactor' | 'maxFeePercent' | 'exemptFee' | 'maxFee' | 'retryFor' | 'maxDelay' | 'exclude'
>;

const DEFAULTS = {
  riskFactor: 10,
  maxFeePercent: 0.5,
  exemptFee: msat(5000),
  retryFor: 60,
  maxDelay: 2016,
};

/** Parts in flight at a time. */
const MAX_PARTS = 16;
/** No part is made smaller than this by splitting. */
const MIN_PART = msat(1_000_000);
/** BOLT 4, mpp_timeout: the payee gave up waiting for the other parts. */
const MPP_TIMEOUT = 23;

/** No route for so much, which does not say that there is none for less. */
const SPLITTABLE: ReadonlySet<NoRoute['code']> = new Set([
  'destination_capacity',
  'source_capacity',
  'excluded_by_constraints',
  'no_capacity',
]);

interface Flight {
  readonly partId: number;
  readonly amountMsat: Msat;
  readonly feeMsat: Msat;
  readonly row: PaymentRow;
  readonly end: Promise<{
    readonly partId: number;
    readonly result: Result<PaymentRow, SendpayError>;
  }>;
}

export class PayRun {
  readonly #wish: Wish;
  readonly #limits: Limits;
  readonly #deps: PaymentsDeps;
  readonly #sender: Sender;
  readonly #attempts: PaymentRow[] = [];
  readonly #exclude: Exclusion[];
  readonly #failures = new Map<string, number>();
  /** Amounts that are not on their way yet, together with `#flights` the whole. */
  #todo: Msat[];
  readonly #flights = new Map<number, Flight>();
  #lastPart = 0;
  #groupId = 0;
  #deadline = 0;
  /** Why the whole did not fit one route. */
  #undivided: NoRoute | undefined;
  /** Why no new part is begun: what is in flight still ends before this is told. */
  #givenUp: PayError | undefined;

  constructor(wish: Wish, limits: Limits, deps: PaymentsDeps, sender: Sender) {
    this.#wish = wish;
    this.#limits = limits;
    this.#deps = deps;
    this.#sender = sender;
    this.#exclude = [...(limits.exclude ?? [])];
    this.#todo = [wish.amountMsat];
  }

  async run(): Promise<Result<Paid, PayError>> {
    const { paymentHash } = this.#wish;
    if (!this.#sender.claim(paymentHash))
      return err({ code: 'in_progress', reason: 'another pay for it goes on' });
    try {
      return await this.#run();
    } finally {
      this.#sender.release(paymentHash);
    }
  }

  async #run(): Promise<Result<Paid, PayError>> {
    const { retryFor = DEFAULTS.retryFor } = this.#limits;
    this.#deadline = this.#deps.clock.now() + retryFor * 1000;
    this.#groupId = await this.#sender.nextGroup(this.#wish.paymentHash);
    for (;;) {
      await this.#sendAll();
      if (this.#flights.size === 0)
        return err(this.#givenUp ?? { code: 'out_of_time', attempts: this.#attempts });
      const flights = [...this.#flights.values()];
      const { partId, result } = await Promise.race(flights.map((flight) => flight.end));
      const paid = this.#ended(partId, result);
      if (paid !== undefined) return ok(paid);
    }
  }

  /** Begins parts until all of the amount is on its way, or no more can be done now. */
  async #sendAll(): Promise<void> {
    while (this.#todo.length > 0 && this.#givenUp === undefined) {
      // The first try is always made, however little time there is.
      const tried = this.#attempts.length + this.#flights.size > 0;
      if (tried && this.#deps.clock.now() >= this.#deadline) {
        this.#givenUp = { code: 'out_of_time', attempts: this.#attempts };
        return;
      }
      this.#todo.sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
      const amount = this.#todo.shift() as Msat;
      const route = this.#route(amount);
      if (route.ok) await this.#send(route.value, amount);
      else if (!this.#split(amount, route.error)) this.#giveUp(route.error);
    }
  }

  /** Two parts in place of one, where that may help. */
  #split(amount: Msat, error: PayError): boolean {
    if (error.code !== 'no_route' || !this.#mayFitInParts(error.reason)) return false;
    if (!this.#wish.divisible || amount < 2n * MIN_PART) return false;
    if (this.#todo.length + this.#flights.size + 2 > MAX_PARTS) return false;
    this.#undivided ??= error.reason;
    const first = splitOff(amount, error.reason);
    this.#todo.push(first, msat(amount - first));
    return true;
  }

  /** What a failure has excluded counts too: what is left may carry less. */
  #mayFitInParts({ code }: NoRoute): boolean {
    const excludes = this.#exclude.length > (this.#limits.exclude?.length ?? 0);
    return SPLITTABLE.has(code) || (code === 'excluded_by_request' && excludes);
  }

  async #send(route: Route, amount: Msat): Promise<void> {
    const { amountMsat: total, send } = this.#wish;
    const whole = amount === total;
    const partId = whole ? 0 : ++this.#lastPart;
    const begun = await this.#sender.begin({
      ...send,
      route: route.hops,
      groupId: this.#groupId,
      ...(whole ? {} : { partId, amountMsat: total }),
    });
    if (!begun.ok) {
      this.#todo.push(amount);
      if (begun.error.code !== 'failed') this.#giveUp(begun.error);
      return;
    }
    const row = begun.value;
    const end = this.#sender.outcome(row).then((result) => ({ partId, result }));
    const { feeMsat } = route;
    this.#flights.set(partId, { partId, amountMsat: amount, feeMsat, row, end });
  }

  /** One part is over; answers the whole, where the payee has given the preimage. */
  #ended(partId: number, result: Result<PaymentRow, SendpayError>): Paid | undefined {
    const flight = this.#flights.get(partId) as Flight;
    this.#flights.delete(partId);
    if (result.ok) {
      // The payee takes all parts or none: those still in flight are as good as paid.
      const others = [...this.#flights.values()].map((other) => other.row);
      const attempts = this.#attempts.length + 1 + others.length;
      return { rows: [result.value, ...others], attempts };
    }
    this.#todo.push(flight.amountMsat);
    const { error } = result;
    if (error.code !== 'failed') {
      this.#giveUp(error);
      return undefined;
    }
    const { row, failure } = error;
    this.#attempts.push(row);
    if (!failure.retry && failure.failcode !== MPP_TIMEOUT)
      this.#givenUp = { code: 'refused', row, failure };
    this.#avoid(failure);
    return undefined;
  }

  #giveUp(error: PayError): void {
    // The first reason is the cause; what follows from it is not.
    this.#givenUp ??= error;
  }

  /** Our own channel's refusal, and what fails twice for whatever reason, is not tried again. */
  #avoid({ erring_index, erring_channel, erring_direction }: StoredFailure): void {
    const scid = erring_channel === undefined ? undefined : scidFromString(erring_channel);
    if (scid === undefined || erring_direction === undefined) return;
    const key = `${erring_channel}/${erring_direction}`;
    const times = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, times);
    if (erring_index === 0 || times > 1)
      this.#exclude.push({ channel: { scid, direction: erring_direction } });
  }

  #route(amountMsat: Msat): Result<Route, PayError> {
    const { destination, finalCltv, hints, finalExtraBytes } = this.#wish;
    const { riskFactor = DEFAULTS.riskFactor, maxDelay = DEFAULTS.maxDelay } = this.#limits;
    const route = this.#deps.getroute({
      destination,
      amountMsat,
      riskFactor,
      finalCltv,
      exclude: [...this.#exclude],
      maxDelay,
      hints,
      finalExtraBytes,
    });
    const attempts = this.#attempts;
    if (!route.ok) {
      return err({
        code: 'no_route',
        reason: route.error,
        message: this.#why(route.error),
        attempts,
      });
    }
    const { feeMsat } = route.value;
    const maxFeeMsat = this.#feeLeft();
    if (feeMsat > maxFeeMsat) return err({ code: 'too_expensive', feeMsat, maxFeeMsat, attempts });
    return route;
  }

  #why(reason: NoRoute): string {
    const text = explainNoRoute(reason);
    if (this.#undivided === undefined) return text;
    return `${explainNoRoute(this.#undivided)}. In parts: ${text}`;
  }

  /** What the parts in flight leave of the budget. */
  #feeLeft(): Msat {
    const { maxFee, maxFeePercent = DEFAULTS.maxFeePercent } = this.#limits;
    const exempt = this.#limits.exemptFee ?? DEFAULTS.exemptFee;
    const share = (this.#wish.amountMsat * BigInt(Math.round(maxFeePercent * 10_000))) / 1_000_000n;
    const budget = maxFee ?? (share > exempt ? share : exempt);
    let left: bigint = budget;
    for (const flight of this.#flights.values()) left -= flight.feeMsat;
    return msat(left > 0n ? left : 0n);
  }
}

/** The larger part: what can surely pass where that is known, else half, in whole satoshi. */
function splitOff(amount: Msat, reason: NoRoute): Msat {
  const half = (amount + 1n) / 2n;
  if (reason.code !== 'source_capacity' && reason.code !== 'destination_capacity')
    return msat(roundUp(half));
  // Fees and reserves take their share of a channel.
  const most = (reason.largestMsat * 95n) / 100n;
  if (most < MIN_PART || amount - most < MIN_PART) return msat(roundUp(half));
  return msat(roundUp(most > amount ? half : most));
}

const roundUp = (amount: bigint): bigint => ((amount + 999n) / 1000n) * 1000n;
