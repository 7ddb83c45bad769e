/** pay and keysend: getroute, sendpay, again, until it is paid, refused, or out of time and budget. */
import {
  err,
  type Msat,
  msat,
  type NodeId,
  ok,
  type Result,
  scidFromString,
  toHex,
} from '../../core/bytes/index.js';
import { sha256 } from '../../core/crypto/index.js';
import type { Invoice, RouteHintHop } from '../../core/invoice/index.js';
import {
  type Exclusion,
  explainNoRoute,
  type HintChannel,
  type Route,
} from '../../core/routing/index.js';
import { directionOf } from './route.js';
import { readInvoice } from './terms.js';
import type {
  KeysendParams,
  Paid,
  PayError,
  PaymentRow,
  PaymentsDeps,
  PaymentsOptions,
  PayParams,
  SendpayError,
  SendpayParams,
} from './types.js';

/** What pay needs of the payments. */
export interface Sender {
  begin(params: SendpayParams): Promise<Result<PaymentRow, SendpayError>>;
  outcome(row: PaymentRow): Promise<Result<PaymentRow, SendpayError>>;
  nextGroup(paymentHash: string): Promise<number>;
  completed(paymentHash: string): Promise<PaymentRow[]>;
}

/** Blocks that may be found while the payment is on its way. */
const CLTV_SLACK = 3;
/** bLIP 3: what a payee of spontaneous payments takes at the least, in practice. */
const KEYSEND_FINAL_CLTV = 22;

const DEFAULTS = {
  riskFactor: 10,
  maxFeePercent: 0.5,
  exemptFee: msat(5000),
  retryFor: 60,
  maxDelay: 2016,
};

/** One wish to pay, whatever it was that told us whom and how much. */
interface Wish {
  readonly destination: NodeId;
  readonly amountMsat: Msat;
  readonly finalCltv: number;
  readonly hints: readonly HintChannel[];
  readonly finalExtraBytes: number;
  readonly paymentHash: string;
  readonly send: Omit<SendpayParams, 'route' | 'groupId'>;
}

type Limits = Pick<
  PayParams,
  'riskFactor' | 'maxFeePercent' | 'exemptFee' | 'maxFee' | 'retryFor' | 'maxDelay' | 'exclude'
>;

export async function payInvoice(
  params: PayParams,
  options: PaymentsOptions,
  deps: PaymentsDeps,
  sender: Sender,
): Promise<Result<Paid, PayError>> {
  const read = readInvoice(params.bolt11, options.invoicePrefix, 'bolt11');
  if (!read.ok) return read;
  const invoice = read.value;
  const amount = amountOf(params, invoice);
  if (!amount.ok) return amount;
  const paymentHash = toHex(invoice.paymentHash);
  const destination = toHex(invoice.payee) as NodeId;
  const paid = await sender.completed(paymentHash);
  // Contract, pay: a payment that was made stays made; its proof is the answer.
  if (paid.length > 0) return ok({ rows: paid, attempts: 0 });
  if (destination === options.nodeId)
    return err({ code: 'bad_parameter', field: 'bolt11', reason: 'it is an invoice of this node' });
  const wish: Wish = {
    destination,
    amountMsat: amount.value,
    finalCltv: invoice.minFinalCltvExpiryDelta,
    hints: hintChannels(invoice),
    finalExtraBytes: invoice.metadata === undefined ? 0 : invoice.metadata.length + 4,
    paymentHash,
    send: {
      paymentHash: params.bolt11,
      label: params.label,
      description: params.description,
    },
  };
  return new Pay(wish, params, deps, sender).run();
}

export async function payKeysend(
  params: KeysendParams,
  deps: PaymentsDeps,
  sender: Sender,
): Promise<Result<Paid, PayError>> {
  const preimage = deps.entropy.bytes(32);
  const paymentHash = toHex(sha256(preimage));
  const extra = params.extraTlvs ?? [];
  const wish: Wish = {
    destination: params.destination,
    amountMsat: params.amountMsat,
    finalCltv: KEYSEND_FINAL_CLTV,
    hints: params.hints ?? [],
    finalExtraBytes: extra.reduce((sum, { value }) => sum + value.length + 12, 48),
    paymentHash,
    send: {
      paymentHash,
      label: params.label,
      keysendPreimage: preimage,
      ...(extra.length > 0 ? { extraTlvs: extra } : {}),
    },
  };
  return new Pay(wish, params, deps, sender).run();
}

function amountOf(params: PayParams, invoice: Invoice): Result<Msat, PayError> {
  const bad = (reason: string) =>
    err<PayError>({ code: 'bad_parameter', field: 'amount_msat', reason });
  if (invoice.amountMsat === undefined)
    return params.amountMsat === undefined
      ? bad('it must be given, the invoice names no amount')
      : ok(params.amountMsat);
  if (params.amountMsat !== undefined && params.amountMsat !== invoice.amountMsat)
    return bad(`the invoice names its own amount, ${invoice.amountMsat} msat`);
  return ok(invoice.amountMsat);
}

/** The ways that an invoice tells, as channels for the search. */
export function hintChannels(invoice: Pick<Invoice, 'routeHints' | 'payee'>): HintChannel[] {
  const payee = toHex(invoice.payee) as NodeId;
  return invoice.routeHints.flatMap((hint) =>
    hint.map((hop: RouteHintHop, i): HintChannel => {
      const source = toHex(hop.nodeId) as NodeId;
      const after = hint[i + 1];
      const target = after === undefined ? payee : (toHex(after.nodeId) as NodeId);
      return {
        scid: hop.shortChannelId,
        direction: directionOf(source, target),
        source,
        target,
        feeBaseMsat: hop.feeBaseMsat,
        feeProportionalMillionths: hop.feeProportionalMillionths,
        cltvDelta: hop.cltvExpiryDelta,
      };
    }),
  );
}

class Pay {
  readonly #wish: Wish;
  readonly #limits: Limits;
  readonly #deps: PaymentsDeps;
  readonly #sender: Sender;
  readonly #attempts: PaymentRow[] = [];
  readonly #exclude: Exclusion[];
  readonly #failures = new Map<string, number>();

  constructor(wish: Wish, limits: Limits, deps: PaymentsDeps, sender: Sender) {
    this.#wish = wish;
    this.#limits = limits;
    this.#deps = deps;
    this.#sender = sender;
    this.#exclude = [...(limits.exclude ?? [])];
  }

  async run(): Promise<Result<Paid, PayError>> {
    const retryFor = this.#limits.retryFor ?? DEFAULTS.retryFor;
    const deadline = this.#deps.clock.now() + retryFor * 1000;
    const groupId = await this.#sender.nextGroup(this.#wish.paymentHash);
    do {
      const route = this.#route();
      if (!route.ok) return route;
      const result = await this.#try(route.value, groupId);
      if (result !== undefined) return result;
    } while (this.#deps.clock.now() < deadline);
    return err({ code: 'out_of_time', attempts: this.#attempts });
  }

  #maxFee(): Msat {
    const { maxFee, maxFeePercent = DEFAULTS.maxFeePercent } = this.#limits;
    if (maxFee !== undefined) return maxFee;
    const exempt = this.#limits.exemptFee ?? DEFAULTS.exemptFee;
    const share = (this.#wish.amountMsat * BigInt(Math.round(maxFeePercent * 10_000))) / 1_000_000n;
    return share > exempt ? msat(share) : exempt;
  }

  #route(): Result<Route, PayError> {
    const { destination, amountMsat, finalCltv, hints, finalExtraBytes } = this.#wish;
    const { riskFactor = DEFAULTS.riskFactor, maxDelay = DEFAULTS.maxDelay } = this.#limits;
    const route = this.#deps.getroute({
      destination,
      amountMsat,
      riskFactor,
      finalCltv: finalCltv + CLTV_SLACK,
      exclude: [...this.#exclude],
      maxDelay,
      hints,
      finalExtraBytes,
    });
    const attempts = this.#attempts;
    if (!route.ok) {
      const message = explainNoRoute(route.error);
      return err({ code: 'no_route', reason: route.error, message, attempts });
    }
    const { feeMsat } = route.value;
    const maxFeeMsat = this.#maxFee();
    if (feeMsat > maxFeeMsat) return err({ code: 'too_expensive', feeMsat, maxFeeMsat, attempts });
    return route;
  }

  /** Nothing where another try may help. */
  async #try(route: Route, groupId: number): Promise<Result<Paid, PayError> | undefined> {
    const begun = await this.#sender.begin({ ...this.#wish.send, route: route.hops, groupId });
    const end = begun.ok ? await this.#sender.outcome(begun.value) : begun;
    if (end.ok) return ok({ rows: [end.value], attempts: this.#attempts.length + 1 });
    const { error } = end;
    if (error.code !== 'failed') return err(error);
    const { row } = error;
    this.#attempts.push(row);
    const { failure } = error;
    if (!failure.retry) return err({ code: 'refused', row, failure });
    this.#avoid(failure.erring_index, failure.erring_channel, failure.erring_direction);
    return undefined;
  }

  /** Our own channel's refusal, and what fails twice for whatever reason, is not tried again. */
  #avoid(index?: number, channel?: string, direction?: 0 | 1): void {
    const scid = channel === undefined ? undefined : scidFromString(channel);
    if (scid === undefined || direction === undefined) return;
    const key = `${channel}/${direction}`;
    const times = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, times);
    if (index === 0 || times > 1) this.#exclude.push({ channel: { scid, direction } });
  }
}
