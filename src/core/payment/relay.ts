/**
 * What a relaying node demands of an HTLC before it passes it on: BOLT 4, "Accepting and
 * Forwarding a Payment", and BOLT 7, "HTLC Fees". Pure: a value says yes or names the reason.
 */
import type { BlockHeight, Msat } from '../bytes/index.js';
import type { RelayPolicy } from '../channel/index.js';

export interface RelayRequest {
  readonly amountMsat: Msat;
  readonly cltvExpiry: BlockHeight;
  readonly amtToForward: Msat;
  readonly outgoingCltvValue: BlockHeight;
}

export interface RelayLimits {
  /** Blocks before its expiry from which on an HTLC is no longer offered (BOLT 2, cltv_expiry_delta). */
  readonly graceBlocks: number;
  /** Blocks from now beyond which an expiry is refused (BOLT 4, expiry_too_far). */
  readonly maxExpiryBlocks: number;
}

export type RelayRefusal =
  | { readonly code: 'channel_disabled' }
  | { readonly code: 'amount_below_minimum'; readonly minimum: Msat; readonly actual: Msat }
  | { readonly code: 'amount_above_maximum'; readonly maximum: Msat; readonly actual: Msat }
  | { readonly code: 'fee_insufficient'; readonly minimum: Msat; readonly actual: Msat }
  | {
      readonly code: 'incorrect_cltv_expiry';
      readonly minimum: BlockHeight;
      readonly actual: BlockHeight;
    }
  | {
      readonly code: 'expiry_too_soon';
      readonly minimum: BlockHeight;
      readonly actual: BlockHeight;
    }
  | {
      readonly code: 'expiry_too_far';
      readonly maximum: BlockHeight;
      readonly actual: BlockHeight;
    };

/** BOLT 7, "HTLC Fees": base + amount × proportional / 1,000,000, rounded down. */
export function relayFee(policy: RelayPolicy, amtToForward: Msat): Msat {
  const proportional = (amtToForward * BigInt(policy.feeProportionalMillionths)) / 1_000_000n;
  return (BigInt(policy.feeBaseMsat) + proportional) as Msat;
}

/**
 * Nothing where the HTLC may be relayed over a channel with these terms; else the first rule it
 * breaks. `terms` are those of now and, while the payers may not have heard of them, those before.
 */
export function refuseRelay(
  request: RelayRequest,
  [policy, earlier]: readonly [now: RelayPolicy, before?: RelayPolicy | undefined],
  height: BlockHeight,
  limits: RelayLimits,
): RelayRefusal | undefined {
  const refusal = refuseBy(request, policy, height, limits);
  if (refusal === undefined || earlier === undefined || !policy.enabled) return refusal;
  // BOLT 7, channel_update: new terms need time to travel; the old ones are good enough until then.
  return refuseBy(request, earlier, height, limits) === undefined ? undefined : refusal;
}

function refuseBy(
  request: RelayRequest,
  policy: RelayPolicy,
  height: BlockHeight,
  limits: RelayLimits,
): RelayRefusal | undefined {
  const { amountMsat, cltvExpiry, amtToForward, outgoingCltvValue } = request;
  // BOLT 4, channel_disabled: the outgoing channel takes no new HTLCs.
  if (!policy.enabled) return { code: 'channel_disabled' };
  // BOLT 4, amount_below_minimum: the forwarded amount is held against htlc_minimum_msat.
  if (amtToForward < policy.htlcMinimumMsat)
    return { code: 'amount_below_minimum', minimum: policy.htlcMinimumMsat, actual: amtToForward };
  // BOLT 7, channel_update: more than htlc_maximum_msat is not carried.
  if (amtToForward > policy.htlcMaximumMsat)
    return { code: 'amount_above_maximum', maximum: policy.htlcMaximumMsat, actual: amtToForward };
  // BOLT 4, fee_insufficient: what came in must cover what goes out and our fee.
  const minimum = (amtToForward + relayFee(policy, amtToForward)) as Msat;
  if (amountMsat < minimum) return { code: 'fee_insufficient', minimum, actual: amountMsat };
  // BOLT 4, incorrect_cltv_expiry: the incoming HTLC must outlive the outgoing one by our delta.
  if (cltvExpiry < outgoingCltvValue + policy.cltvExpiryDelta)
    return {
      code: 'incorrect_cltv_expiry',
      minimum: outgoingCltvValue + policy.cltvExpiryDelta,
      actual: cltvExpiry,
    };
  // BOLT 4, expiry_too_soon: an HTLC about to expire could end on chain before it is settled.
  if (outgoingCltvValue <= height + limits.graceBlocks)
    return {
      code: 'expiry_too_soon',
      minimum: height + limits.graceBlocks + 1,
      actual: outgoingCltvValue,
    };
  // BOLT 4, expiry_too_far: nobody may lock our funds for longer than this.
  if (outgoingCltvValue > height + limits.maxExpiryBlocks)
    return {
      code: 'expiry_too_far',
      maximum: height + limits.maxExpiryBlocks,
      actual: outgoingCltvValue,
    };
  return undefined;
}

/** Blocks before its expiry at which a small incoming HTLC is given back, come what may. */
const FAIL_BACK_MARGIN = 3;
/** Weight units of a commitment, an HTLC-success, and the sweep of both: what a close costs. */
const CLOSE_WEIGHT = 2_500;

/**
 * BOLT 2, cltv_expiry_delta: whether an incoming HTLC, whose outgoing one the chain has not decided
 * in time, is to be failed before its own channel is lost over it: where it is worth less than
 * that channel's close would cost. `feeratePerKw` is that of commitments today.
 */
export function isToFailBack(
  htlc: { readonly amountMsat: Msat; readonly cltvExpiry: number },
  height: number,
  feeratePerKw: number,
): boolean {
  if (height < htlc.cltvExpiry - FAIL_BACK_MARGIN) return false;
  return htlc.amountMsat <= BigInt(CLOSE_WEIGHT * feeratePerKw);
}
