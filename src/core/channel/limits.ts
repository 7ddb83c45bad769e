/**
 * BOLT 2's limits on what a commitment may hold, in both directions. The same figures answer
 * whether an HTLC may be added and how large a one could be, so that the two cannot disagree.
 */
import { type Msat, msat, type Sat, sat } from '../bytes/index.js';
import { commitmentCost, feerateIn, type Summary, summarize, trimThreshold } from './balances.js';
import { type CommitmentView, HTLC_STATES } from './htlc.js';
import { MIN_FEERATE } from './opening/terms.js';
import type { ChannelParams, Commitments, Side } from './state.js';
import type { ChannelError } from './types.js';

/** BOLT 2, update_add_htlc: greater values would be seconds, not blocks. */
export const CLTV_LIMIT = 500_000_000;

/** BOLT 2, update_add_htlc: the fee spike buffer: twice the feerate, and room for one HTLC more. */
const BUFFER_FACTOR = 2;
const BUFFER_HTLCS = 1;
/** HTLCs of the peer that may cross with ours unseen, and that the lowest feerate is to pay for. */
const CROSSING_HTLCS = 30;

const other = (side: Side): Side => (side === 'local' ? 'remote' : 'local');

/** The commitment that an update of `sender` reaches first, as that will be. */
export const firstReached = (sender: Side): CommitmentView =>
  sender === 'local' ? 'remoteNext' : 'localNext';

/** What bounds the next HTLC of `sender`. */
export interface AddBounds {
  readonly sender: Side;
  readonly minimum: Msat;
  readonly maxInFlight: Msat;
  readonly maxHtlcs: number;
  readonly count: number;
  readonly inFlight: Msat;
  readonly senderBalance: Msat;
  readonly openerBalance: Msat;
  readonly senderIsOpener: boolean;
  /** What the other asks the sender to keep, and what the opener has to keep. */
  readonly senderReserve: Sat;
  readonly openerReserve: Sat;
  readonly format: ChannelParams['format'];
  readonly feeratePerKw: number;
  readonly maxDust: Msat;
  /** For the transaction of each side that is looked at. */
  readonly transactions: readonly {
    readonly threshold: Msat;
    readonly untrimmed: number;
    readonly dust: Msat;
  }[];
  /** Whether the sender keeps the margins that are recommended, not required. */
  readonly strict: boolean;
}

function boundsOf(
  params: ChannelParams,
  c: Commitments,
  sender: Side,
  owners: readonly Side[],
  strict: boolean,
): AddBounds {
  const receiver = other(sender);
  const view = firstReached(sender);
  // What the receiver has proposed and nobody signed yet comes into both commitments as well.
  const also = strict ? { also: firstReached(receiver) } : {};
  const summaries: Summary[] = owners.map((owner) =>
    summarize(params, c, view, { owner, ...also }),
  );
  const { balances, count, inFlight, feeratePerKw } = summaries[0] as Summary;
  return {
    sender,
    minimum: params[receiver].htlcMinimum,
    maxInFlight: params[receiver].maxHtlcValueInFlight,
    maxHtlcs: params[receiver].maxAcceptedHtlcs,
    count: count[sender],
    inFlight: inFlight[sender],
    senderBalance: balances[sender],
    openerBalance: msat(balances[params.opener] - proposedBy(c, params.opener, view)),
    senderIsOpener: params.opener === sender,
    senderReserve: params[receiver].channelReserve,
    openerReserve: params[other(params.opener)].channelReserve,
    format: params.format,
    feeratePerKw,
    maxDust: params.limits.maxDustHtlcExposure,
    transactions: summaries.map(({ owner, untrimmed, dust }) => ({
      threshold: msat(trimThreshold(params, owner, sender, feeratePerKw) * 1000n),
      untrimmed,
      dust,
    })),
    strict,
  };
}

/** The sum of what a side has offered and a view does not have yet. */
function proposedBy(c: Commitments, side: Side, view: CommitmentView): bigint {
  let sum = 0n;
  for (const { state, amountMsat } of c.htlcs)
    if (HTLC_STATES[state].offeredBy === side && HTLC_STATES[state].presence[view] === 'before')
      sum += amountMsat;
  return sum;
}

/** For an HTLC that `sender` would like to offer: both transactions, and the margins. */
export const offerBounds = (params: ChannelParams, c: Commitments, sender: Side): AddBounds =>
  boundsOf(params, c, sender, ['remote', 'local'], true);

/** For an HTLC that the peer did offer: what it must keep to, as it can know our commitment. */
export const receiveBounds = (params: ChannelParams, c: Commitments): AddBounds =>
  boundsOf(params, c, 'remote', ['local'], false);

/** The most that the fees take off the opener, over the transactions looked at. */
function costWith(b: AddBounds, amount: Msat, feeratePerKw: number, more: number): Sat {
  let most = 0n;
  for (const { threshold, untrimmed } of b.transactions) {
    const htlcs = untrimmed + (amount >= threshold ? 1 : 0) + more;
    const cost = commitmentCost(b.format, feeratePerKw, htlcs);
    if (cost > most) most = cost;
  }
  return sat(most);
}

/** What the sender must have left after it, in satoshi. */
function mustKeep(b: AddBounds, amount: Msat): Sat {
  if (!b.senderIsOpener) return b.senderReserve;
  const { feeratePerKw, senderReserve } = b;
  const costs: bigint[] = [costWith(b, amount, feeratePerKw, 0)];
  if (b.strict) costs.push(costWith(b, amount, feeratePerKw * BUFFER_FACTOR, BUFFER_HTLCS));
  // See `feerateToKeepReserve`: where feerates are low already, twice as much is little.
  if (b.strict && b.format === 'anchors')
    costs.push(costWith(b, amount, MIN_FEERATE, CROSSING_HTLCS));
  return sat(senderReserve + costs.reduce((most, cost) => (cost > most ? cost : most)));
}

/** Why an HTLC of `amount` must not be added, or nothing. Expiries are looked at elsewhere. */
export function refuseAdd(b: AddBounds, amount: Msat): ChannelError | undefined {
  // BOLT 2, update_add_htlc: more than 0, and no less than the receiver's htlc_minimum_msat.
  if (amount <= 0n || amount < b.minimum)
    return { code: 'below_htlc_minimum', minimum: b.minimum, actual: amount };
  // BOLT 2, update_add_htlc: no more HTLCs than the receiver's max_accepted_htlcs.
  if (b.count + 1 > b.maxHtlcs) return { code: 'too_many_htlcs', maximum: b.maxHtlcs };
  const inFlight = msat(b.inFlight + amount);
  // BOLT 2, update_add_htlc: no more in all than the receiver's max_htlc_value_in_flight_msat.
  if (inFlight > b.maxInFlight)
    return { code: 'above_max_in_flight', maximum: b.maxInFlight, actual: inFlight };
  const keep = mustKeep(b, amount) * 1000n;
  // BOLT 2, update_add_htlc: the sender keeps its reserve, and the opener the fees above that.
  if (b.senderBalance - amount < keep) {
    const available = b.senderBalance - keep;
    return {
      code: 'insufficient_balance',
      available: msat(available > 0n ? available : 0n),
      actual: amount,
    };
  }
  if (!b.strict) return undefined;
  // BOLT 2, update_add_htlc: where the other side pays the fee, it can pay it with this HTLC too.
  if (!b.senderIsOpener) {
    const needs = BigInt(b.openerReserve) + costWith(b, amount, b.feeratePerKw, 0);
    if (b.openerBalance < needs * 1000n)
      return { code: 'fee_not_affordable', missing: sat(needs - b.openerBalance / 1000n) };
  }
  // BOLT 2, max_dust_htlc_exposure_msat: what an HTLC without an output adds to the fees.
  for (const { threshold, dust } of b.transactions) {
    if (amount >= threshold || dust + amount <= b.maxDust) continue;
    return { code: 'dust_exposure', maximum: b.maxDust, actual: msat(dust + amount) };
  }
  return undefined;
}

/**
 * The largest amount that `refuseAdd` lets pass; 0 where none does. Between two trim thresholds
 * every rule but the minimum only gets harder with the amount, so each stretch is searched by
 * halving, the highest first.
 */
export function largestAdd(b: AddBounds): Msat {
  const marks = [...new Set(b.transactions.map((t) => t.threshold))].sort((x, y) =>
    x < y ? 1 : -1,
  );
  let top = b.senderBalance < b.maxInFlight ? b.senderBalance : b.maxInFlight;
  const least = b.minimum > 0n ? b.minimum : msat(1);
  for (const mark of [...marks, msat(0)]) {
    const bottom = mark > least ? mark : least;
    if (bottom <= top && refuseAdd(b, bottom) === undefined) {
      let [good, bad] = [bottom as bigint, (top as bigint) + 1n];
      while (bad - good > 1n) {
        const middle = (good + bad) / 2n;
        if (refuseAdd(b, msat(middle)) === undefined) good = middle;
        else bad = middle;
      }
      return msat(good);
    }
    if (mark <= top) top = msat(mark - 1n);
  }
  return msat(0);
}

/** What `side`, the opener, lacks of its reserve once it has paid for this commitment; or nothing. */
function lackIn(params: ChannelParams, s: Summary, side: Side): Sat | undefined {
  const cost = commitmentCost(params.format, s.feeratePerKw, s.untrimmed);
  const needs = BigInt(params[other(side)].channelReserve) + cost;
  const balance = s.balances[side];
  return balance < needs * 1000n ? sat(needs - balance / 1000n) : undefined;
}

/** Why the opener must not set this feerate, or nothing. */
export function refuseFee(
  params: ChannelParams,
  c: Commitments,
  feeratePerKw: number,
  sender: Side,
): ChannelError | undefined {
  const view = firstReached(sender);
  const owners: readonly Side[] = sender === 'local' ? ['remote', 'local'] : ['local'];
  const also = sender === 'local' ? { also: firstReached('remote') } : {};
  for (const owner of owners) {
    const summary = summarize(params, c, view, { owner, feeratePerKw, ...also });
    const missing = lackIn(params, summary, sender);
    // BOLT 2, update_fee: the opener can afford it on the receiver's commitment.
    if (missing !== undefined) return { code: 'fee_not_affordable', missing };
  }
  return refuseFeeDust(params, c, feeratePerKw, sender);
}

/**
 * The highest feerate, from `minimum` up, at which we, the opener, keep our reserve in the commitment
 * that we would sign now; nothing where the present one is that low, or none is low enough.
 */
export function feerateToKeepReserve(
  params: ChannelParams,
  c: Commitments,
  minimum: number,
): number | undefined {
  const fits = (feeratePerKw: number): boolean =>
    lackIn(params, summarize(params, c, 'remoteNext', { feeratePerKw }), 'local') === undefined;
  let [good, bad] = [minimum, feerateIn(c.fees, 'remoteNext')];
  if (good >= bad || fits(bad) || !fits(good)) return undefined;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** What we bear of the peer's feerates, in terms of our own: HTLCs cross on their way. */
const PATIENCE_FACTOR = 2n;

/** BOLT 2, update_fee: a higher feerate trims more HTLCs, where they carry their own fees. */
function refuseFeeDust(
  params: ChannelParams,
  c: Commitments,
  feeratePerKw: number,
  sender: Side,
): ChannelError | undefined {
  const view = firstReached(sender);
  // With anchors they carry none, and a lower feerate trims fewer.
  if (params.format === 'anchors' || feeratePerKw <= feerateIn(c.fees, view)) return undefined;
  const { maxDustHtlcExposure } = params.limits;
  const maximum = msat(maxDustHtlcExposure * (sender === 'local' ? 1n : PATIENCE_FACTOR));
  for (const owner of ['local', 'remote'] as const) {
    const { dust } = summarize(params, c, view, { owner, feeratePerKw });
    if (dust > maximum) return { code: 'dust_exposure', maximum, actual: dust };
  }
  return undefined;
}

/**
 * Whether dust in one of the two commitments exceeds what we bear: an HTLC that the peer offered
 * is then to be failed without a look at its onion.
 */
export function overDustExposure(params: ChannelParams, c: Commitments, amount: Msat): boolean {
  const { maxDustHtlcExposure: maximum } = params.limits;
  for (const view of ['local', 'remote'] as const) {
    const { owner, feeratePerKw, dust } = summarize(params, c, view);
    const threshold = trimThreshold(params, owner, 'remote', feeratePerKw) * 1000n;
    // BOLT 2, max_dust_htlc_exposure_msat: receiving an HTLC that is trimmed on either side.
    if (amount < threshold && dust > maximum) return true;
  }
  return false;
}
