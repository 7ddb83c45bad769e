/** Commitment arithmetic: what follows from the HTLCs' states for each commitment. Pure. */
import type { Msat, Sat } from '../bytes/index.js';
import { assertNever, sat } from '../bytes/index.js';
import {
  anchorsCost,
  type CommitmentFormat,
  type CommitmentHtlc,
  type CommitmentSpec,
  commitmentFee,
  htlcFee,
  type Side,
} from './commitment/index.js';
import { type CommitmentView, HTLC_STATES, type Htlc, isIn, offeredBy } from './htlc.js';
import type { ChannelParams, Commitments, FeeUpdate } from './state.js';

/** Whose transaction a view shows. */
export const ownerOf = (view: CommitmentView): Side =>
  view === 'local' || view === 'localNext' ? 'local' : 'remote';

/** The number of the commitment that a view shows. */
export function numberOf(c: Commitments, view: CommitmentView): bigint {
  switch (view) {
    case 'local':
      return c.local.number;
    case 'localNext':
      return c.local.number + 1n;
    case 'remoteUnrevoked':
      return c.remote.number;
    case 'remote':
      return c.remote.number + (c.remote.awaitingRevocation ? 1n : 0n);
    case 'remoteNext':
      return c.remote.number + (c.remote.awaitingRevocation ? 2n : 1n);
    default:
      return assertNever(view);
  }
}

/** The feerate in force in a view: that of the newest update that has reached it. */
export function feerateIn(fees: readonly FeeUpdate[], view: CommitmentView): number {
  for (let i = fees.length - 1; i > 0; i--) {
    const fee = fees[i] as FeeUpdate;
    if (HTLC_STATES[fee.state].presence[view] === 'in') return fee.feeratePerKw;
  }
  return (fees[0] as FeeUpdate).feeratePerKw;
}

export interface Balances {
  /** Without the amounts of the HTLCs in the view, before fees and anchors. */
  readonly local: Msat;
  readonly remote: Msat;
}

/** The balances in a view: HTLCs in it belong to neither side, removed ones to whom they went. */
export function balancesIn(c: Commitments, view: CommitmentView): Balances {
  let local: bigint = c.settledLocal;
  let remote: bigint = c.settledRemote;
  for (const htlc of c.htlcs) {
    const { offeredBy: by, presence } = HTLC_STATES[htlc.state];
    const now = presence[view];
    if (now === 'before') continue;
    const fulfilled = now === 'after' && htlc.removal?.kind === 'fulfill';
    if (now === 'after' && !fulfilled) continue;
    if (by === 'local') {
      local -= htlc.amountMsat;
      if (fulfilled) remote += htlc.amountMsat;
    } else {
      remote -= htlc.amountMsat;
      if (fulfilled) local += htlc.amountMsat;
    }
  }
  return { local: local as Msat, remote: remote as Msat };
}

const toCommitmentHtlc = (htlc: Htlc): CommitmentHtlc => ({
  id: htlc.id,
  offeredBy: offeredBy(htlc),
  amountMsat: htlc.amountMsat,
  paymentHash: htlc.paymentHash,
  cltvExpiry: htlc.cltvExpiry,
});

/** A view in the plain figures from which its transaction is built. */
export function specOf(c: Commitments, view: CommitmentView): CommitmentSpec {
  const { local, remote } = balancesIn(c, view);
  const htlcs: CommitmentHtlc[] = [];
  for (const htlc of c.htlcs) if (isIn(htlc, view)) htlcs.push(toCommitmentHtlc(htlc));
  return {
    commitmentNumber: numberOf(c, view),
    feeratePerKw: feerateIn(c.fees, view),
    localMsat: local,
    remoteMsat: remote,
    htlcs,
  };
}

/** What the opener pays for a commitment: the base fee and the anchors. */
export const commitmentCost = (
  format: CommitmentFormat,
  feeratePerKw: number,
  untrimmedHtlcs: number,
): Sat => sat(commitmentFee(format, feeratePerKw, untrimmedHtlcs) + anchorsCost(format));

/**
 * BOLT 3, "Trimmed Outputs": the least amount at which an HTLC has an output of its own in the
 * commitment of `owner`.
 */
export const trimThreshold = (
  params: Pick<ChannelParams, 'format' | 'local' | 'remote'>,
  owner: Side,
  offerer: Side,
  feeratePerKw: number,
): Sat => sat(params[owner].dustLimit + htlcFee(params.format, feeratePerKw, owner === offerer));

/** What limits look at, in one pass over a view. */
export interface Summary {
  readonly owner: Side;
  readonly feeratePerKw: number;
  readonly balances: Balances;
  /** HTLCs with an output, and the sum of those without. */
  readonly untrimmed: number;
  readonly dust: Msat;
  /** Offered by each side, dust included. */
  readonly count: Readonly<Record<Side, number>>;
  readonly inFlight: Readonly<Record<Side, Msat>>;
}

/**
 * `owner` and `feeratePerKw` other than the view's own ask: what if the view were such a one? With
 * `also`, HTLCs that are in that other view count as outputs too.
 */
export function summarize(
  params: Pick<ChannelParams, 'format' | 'local' | 'remote'>,
  c: Commitments,
  view: CommitmentView,
  what: {
    readonly owner?: Side;
    readonly feeratePerKw?: number;
    readonly also?: CommitmentView;
  } = {},
): Summary {
  const { owner = ownerOf(view), feeratePerKw = feerateIn(c.fees, view), also } = what;
  const threshold = {
    local: trimThreshold(params, owner, 'local', feeratePerKw) * 1000n,
    remote: trimThreshold(params, owner, 'remote', feeratePerKw) * 1000n,
  };
  const count = { local: 0, remote: 0 };
  const inFlight = { local: 0n, remote: 0n };
  let untrimmed = 0;
  let dust = 0n;
  for (const htlc of c.htlcs) {
    const by = offeredBy(htlc);
    const large = htlc.amountMsat >= threshold[by];
    if (large && (isIn(htlc, view) || (also !== undefined && isIn(htlc, also)))) untrimmed++;
    if (!isIn(htlc, view)) continue;
    count[by]++;
    inFlight[by] += htlc.amountMsat;
    if (!large) dust += htlc.amountMsat;
  }
  return {
    owner,
    feeratePerKw,
    balances: balancesIn(c, view),
    untrimmed,
    dust: dust as Msat,
    count,
    inFlight: inFlight as Record<Side, Msat>,
  };
}
