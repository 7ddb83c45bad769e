/**
 * One payment, from what it is to bring to the parts that go next: by the flow of least cost, with
 * what the parts under way leave of the amount and of the fee limit. Pure: the daemon's `pay` and
 * the simulator's carry out the same plan.
 */
import { err, type Msat, msat, type NodeId, ok, type Result } from '../bytes/index.js';
import type {
  ChannelDirection,
  Exclusion,
  HintChannel,
  LocalChannel,
  NoRoute,
  NoRoutes,
  Reservation,
  Route,
  RouteParts,
  RoutesRequest,
} from '../routing/index.js';

/** What a payment is to bring, and within which limits. */
export interface PayGoal {
  readonly source: NodeId;
  readonly destination: NodeId;
  /** What our parts bring together. */
  readonly amountMsat: Msat;
  /** Fees of all parts that are under way or arrived, at any time, at most. */
  readonly maxFeeMsat: Msat;
  /** Parts under way at a time; 1 where the payee takes no parts. */
  readonly maxParts: number;
  /** Parts sent in all, those that failed too; default 100. */
  readonly maxAttempts?: number;
  /** Others bring the rest of the set: no part of ours is the whole of it. */
  readonly partial?: boolean;
  readonly riskFactor: number;
  readonly finalCltv?: number;
  readonly maxDelay?: number;
  readonly hints?: readonly HintChannel[];
  readonly finalExtraBytes?: number;
  readonly exclude?: readonly Exclusion[];
}

/** The world as it is at the moment of planning. */
export interface PlanView {
  /** What our channels can spend now. */
  readonly localChannels: readonly LocalChannel[];
  /** What parts under way hold, of this payment and of all others (`InFlight`). */
  readonly reserved: readonly Reservation[];
  readonly height?: number;
  /** Seconds since the epoch. */
  readonly now: number;
  getroutes(request: RoutesRequest): Result<RouteParts, NoRoutes>;
}

export interface PlannedPart {
  /** 0: the whole amount in one; else a number that no other part of this payment has. */
  readonly id: number;
  readonly route: Route;
}

/** Why no more can be sent now; what is under way may still change that. */
export type Stuck =
  /** Our own channels cannot send what is left: all together, or the largest for a single part. */
  | {
      readonly code: 'own_balance';
      readonly spendableMsat: Msat;
      readonly neededMsat: Msat;
      readonly channels: number;
    }
  | { readonly code: 'no_route'; readonly reason: NoRoute; readonly amountMsat: Msat }
  /** The cheapest that was found, against what the parts under way leave of the limit. */
  | { readonly code: 'too_dear'; readonly feeMsat: Msat; readonly maxFeeMsat: Msat }
  | { readonly code: 'too_many_parts'; readonly maxParts: number }
  | { readonly code: 'too_many_attempts'; readonly attempts: number };

/** Where a part failed, as far as the plan minds. */
export interface PartFailure {
  /** 0: our own channel would not take it. */
  readonly erringIndex?: number | undefined;
  readonly channel?: ChannelDirection | undefined;
  readonly failcode?: number | undefined;
  /** Our own channel had too little at that moment: the next plan sees what it has. */
  readonly ownFunds?: boolean | undefined;
}

export const MAX_PARTS = 20;
const MAX_ATTEMPTS = 100;
const TEMPORARY_CHANNEL_FAILURE = 0x1007;
/** A channel that says it has too little is asked for less so often; whatever else fails, twice. */
const TRIES_FOR_LESS = 4;
const TRIES = 2;

export class PayPlan {
  readonly goal: PayGoal;
  readonly #flights = new Map<number, Route>();
  readonly #failures = new Map<string, number>();
  readonly #exclude: Exclusion[];
  /** Channels among them that failed too often. */
  readonly #closed = new Set<string>();
  #lastPart = 0;
  #attempts = 0;

  constructor(goal: PayGoal) {
    this.goal = goal;
    this.#exclude = [...(goal.exclude ?? [])];
  }

  /** Parts under way, or arrived and waiting for the others. */
  get flights(): ReadonlyMap<number, Route> {
    return this.#flights;
  }
  get attempts(): number {
    return this.#attempts;
  }
  /** What is not under way yet. */
  get leftMsat(): Msat {
    let left: bigint = this.goal.amountMsat;
    for (const route of this.#flights.values()) left -= arrives(route);
    return msat(left);
  }
  /** What the parts under way leave of the fee limit. */
  get feeLeftMsat(): Msat {
    let left: bigint = this.goal.maxFeeMsat;
    for (const { feeMsat } of this.#flights.values()) left -= feeMsat;
    return msat(left > 0n ? left : 0n);
  }

  /** Takes up what was sent before a restart: a part under way, or one that is over. */
  resume(id: number, route: Route | undefined): void {
    this.#attempts++;
    this.#lastPart = Math.max(this.#lastPart, id);
    if (route !== undefined) this.#flights.set(id, route);
  }

  /**
   * Parts for all that is left. They count as under way from now on, until `over` gives them back.
   * None, where all of it is under way.
   */
  next(view: PlanView): Result<readonly PlannedPart[], Stuck> {
    const amountMsat = this.leftMsat;
    if (amountMsat === 0n) return ok([]);
    const { maxParts, maxAttempts = MAX_ATTEMPTS } = this.goal;
    const room = maxParts - this.#flights.size;
    if (room < 1) return err({ code: 'too_many_parts', maxParts });
    if (this.#attempts >= maxAttempts)
      return err({ code: 'too_many_attempts', attempts: this.#attempts });
    const poor = this.#ownBalance(view, amountMsat, room);
    if (poor !== undefined) return err(poor);
    const { source, destination, riskFactor, finalCltv, maxDelay, hints, finalExtraBytes } =
      this.goal;
    const { localChannels, reserved, height, now } = view;
    const found = view.getroutes({
      source,
      destination,
      amountMsat,
      riskFactor,
      ...(finalCltv === undefined ? {} : { finalCltv }),
      ...(maxDelay === undefined ? {} : { maxDelay }),
      ...(hints === undefined ? {} : { hints }),
      ...(finalExtraBytes === undefined ? {} : { finalExtraBytes }),
      ...(height === undefined ? {} : { height }),
      localChannels,
      reserved,
      exclude: [...this.#exclude],
      maxFeeMsat: this.feeLeftMsat,
      maxParts: room,
      now,
    });
    const maxFeeMsat = this.feeLeftMsat;
    if (found.ok) {
      const { parts, feeMsat } = found.value;
      // The search keeps the limit; whatever it answers, nothing dearer is sent.
      if (feeMsat > maxFeeMsat) return err({ code: 'too_dear', feeMsat, maxFeeMsat });
      return ok(parts.map((route) => this.#take(route)));
    }
    const { error } = found;
    if (error.code === 'too_dear')
      return err({ code: 'too_dear', feeMsat: error.feeMsat, maxFeeMsat });
    return err({ code: 'no_route', reason: error, amountMsat });
  }

  /** A part is not under way any more; where a channel failed it, that is remembered. */
  over(id: number, failure: PartFailure = {}): void {
    this.#flights.delete(id);
    const { channel, erringIndex, failcode, ownFunds } = failure;
    if (channel === undefined) return;
    const key = `${channel.scid}/${channel.direction}`;
    const times = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, times);
    const forLess = erringIndex === 0 ? ownFunds : failcode === TEMPORARY_CHANNEL_FAILURE;
    const most = forLess ? TRIES_FOR_LESS : erringIndex === 0 ? 1 : TRIES;
    const { scid, direction } = channel;
    if (times < most || this.#closed.has(key)) return;
    this.#closed.add(key);
    this.#exclude.push({ channel: { scid, direction } });
  }

  #take(route: Route): PlannedPart {
    this.#attempts++;
    const { amountMsat, partial = false } = this.goal;
    const id = arrives(route) === amountMsat && !partial ? 0 : ++this.#lastPart;
    this.#flights.set(id, route);
    return { id, route };
  }

  /** What our channels can send less what is planned on them, where that is too little. */
  #ownBalance(view: PlanView, neededMsat: Msat, room: number): Stuck | undefined {
    const held = new Map<string, bigint>();
    for (const { scid, direction, amountMsat } of view.reserved) {
      const key = `${scid}/${direction}`;
      held.set(key, (held.get(key) ?? 0n) + amountMsat);
    }
    let [all, largest] = [0n, 0n];
    for (const local of view.localChannels) {
      const free = local.spendableMsat - (held.get(`${local.scid}/${local.direction}`) ?? 0n);
      if (free <= 0n) continue;
      all += free;
      if (free > largest) largest = free;
    }
    const spendable = room === 1 ? largest : all;
    if (spendable >= neededMsat) return undefined;
    const channels = view.localChannels.length;
    return { code: 'own_balance', spendableMsat: msat(spendable), neededMsat, channels };
  }
}

const arrives = (route: Route): Msat => route.hops.at(-1)?.amountMsat ?? msat(0);
