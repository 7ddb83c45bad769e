/** The checks of BOLT 2 on the peer's terms in open_channel and accept_channel. */

import { isShutdownScript } from '../../bitcoin/index.js';
import { type Bytes, equal, type Msat, type Sat } from '../../bytes/index.js';
import {
  FEATURES,
  type FeatureName,
  featureBits,
  hasBit,
  hasFeature,
  type MessageOf,
} from '../../wire/index.js';
import { commitmentCost } from '../balances.js';
import type { ChannelType, SideParams, TermBounds } from '../state.js';
import type { ContextFees } from '../types.js';

type OpenChannel = MessageOf<'openChannel'>;
type AcceptChannel = MessageOf<'acceptChannel'>;

/** BOLT 2, open_channel: from 2^24 satoshi on both must support large channels. */
export const LARGE_CHANNEL: bigint = 1n << 24n;
/** BOLT 3, "Dust Limits": the least dust limit with which every shutdown script relays. */
export const MIN_DUST_LIMIT = 354n;
const MAX_HTLCS = 483;
/** Bitcoin's relay minimum, in satoshi for 1000 weight units. */
export const MIN_FEERATE = 253;

/** What we ask of the other side when a channel is opened. */
export interface LocalTerms {
  readonly dustLimit: Sat;
  readonly maxHtlcValueInFlight: Msat;
  /** 1 % of the funding amount where it is left out; never below the dust limits. */
  readonly channelReserve?: Sat;
  readonly htlcMinimum: Msat;
  readonly toSelfDelay: number;
  readonly maxAcceptedHtlcs: number;
}

export const bothHave = (local: Bytes, remote: Bytes, name: FeatureName): boolean =>
  hasFeature(local, name) && hasFeature(remote, name);

/** BOLT 2, "Defined Channel Types": the smallest bitmap, required bits. */
export function encodeChannelType(type: ChannelType): Bytes {
  const bits = [FEATURES.optionStaticRemotekey.bit as number];
  if (type.anchors) bits.push(FEATURES.optionAnchors.bit);
  if (type.scidAlias) bits.push(FEATURES.optionScidAlias.bit);
  if (type.zeroconf) bits.push(FEATURES.optionZeroconf.bit);
  return featureBits(bits);
}

/** The type, or nothing where it is not one of those that are defined. */
export function decodeChannelType(bytes: Bytes): ChannelType | undefined {
  const type: ChannelType = {
    anchors: hasBit(bytes, FEATURES.optionAnchors.bit),
    scidAlias: hasBit(bytes, FEATURES.optionScidAlias.bit),
    zeroconf: hasBit(bytes, FEATURES.optionZeroconf.bit),
  };
  return equal(encodeChannelType(type), bytes) ? type : undefined;
}

/** The terms in the words of the state. */
export function sideOf(m: OpenChannel | AcceptChannel): SideParams {
  const script = m.tlvs.upfrontShutdownScript;
  return {
    points: {
      fundingPubkey: m.fundingPubkey,
      revocationBasepoint: m.revocationBasepoint,
      paymentBasepoint: m.paymentBasepoint,
      delayedPaymentBasepoint: m.delayedPaymentBasepoint,
      htlcBasepoint: m.htlcBasepoint,
    },
    dustLimit: m.dustLimitSatoshis,
    toSelfDelay: m.toSelfDelay,
    maxHtlcValueInFlight: m.maxHtlcValueInFlightMsat,
    channelReserve: m.channelReserveSatoshis,
    htlcMinimum: m.htlcMinimumMsat,
    maxAcceptedHtlcs: m.maxAcceptedHtlcs,
    ...(script === undefined || script.length === 0 ? {} : { upfrontShutdownScript: script }),
  };
}

/** What both messages have to hold to. Answers what is wrong, for people. */
export function faultInTerms(
  side: SideParams,
  funding: Sat,
  bounds: TermBounds,
  anySegwit: boolean,
): string | undefined {
  // BOLT 2, open_channel: to_self_delay is not unreasonably large.
  if (side.toSelfDelay > bounds.maxToSelfDelay)
    return `to_self_delay ${side.toSelfDelay} exceeds ${bounds.maxToSelfDelay}`;
  // BOLT 2, open_channel: max_accepted_htlcs is at most 483, and not too small for us.
  if (side.maxAcceptedHtlcs > MAX_HTLCS)
    return `max_accepted_htlcs ${side.maxAcceptedHtlcs} exceeds ${MAX_HTLCS}`;
  if (side.maxAcceptedHtlcs < bounds.minAcceptedHtlcs)
    return `max_accepted_htlcs ${side.maxAcceptedHtlcs} is too small`;
  // BOLT 2, open_channel: the dust limit is at least 354 satoshi and at most the reserve.
  if (side.dustLimit < MIN_DUST_LIMIT)
    return `dust_limit_satoshis ${side.dustLimit} is below ${MIN_DUST_LIMIT}`;
  if (side.dustLimit > bounds.maxDustLimit)
    return `dust_limit_satoshis ${side.dustLimit} exceeds ${bounds.maxDustLimit}`;
  if (side.dustLimit > side.channelReserve)
    return `dust_limit_satoshis ${side.dustLimit} exceeds channel_reserve_satoshis ${side.channelReserve}`;
  // BOLT 2, open_channel: channel_reserve_satoshis is not too large for us.
  if (side.channelReserve * 100n > funding * BigInt(bounds.maxReservePercent))
    return `channel_reserve_satoshis ${side.channelReserve} is too large`;
  // BOLT 2, open_channel: htlc_minimum_msat is not too large for us.
  if (side.htlcMinimum > bounds.maxHtlcMinimum)
    return `htlc_minimum_msat ${side.htlcMinimum} is too large`;
  // BOLT 2, open_channel: max_htlc_value_in_flight_msat is not too small for us.
  if (side.maxHtlcValueInFlight < bounds.minHtlcValueInFlight)
    return `max_htlc_value_in_flight_msat ${side.maxHtlcValueInFlight} is too small`;
  const script = side.upfrontShutdownScript;
  // BOLT 2, open_channel: the upfront script is in a form that shutdown may have.
  if (script !== undefined && !isShutdownScript(script, { anySegwit, simpleClose: false }))
    return 'upfront_shutdown_script has an unacceptable form';
  return undefined;
}

/** BOLT 2, open_channel and update_fee: neither too small for timely processing nor absurd. */
export function faultInFeerate(
  feeratePerKw: number,
  anchors: boolean,
  fees: ContextFees,
): string | undefined {
  const minimum = anchors ? MIN_FEERATE : Math.max(MIN_FEERATE, fees.minimum);
  if (feeratePerKw < minimum) return `feerate_per_kw ${feeratePerKw} is below ${minimum}`;
  if (feeratePerKw > fees.maximum) return `feerate_per_kw ${feeratePerKw} exceeds ${fees.maximum}`;
  return undefined;
}

/** BOLT 2, open_channel: who opens can pay the first fee, and one side has more than its reserve. */
export function faultInBalances(
  funding: Sat,
  pushMsat: Msat,
  feeratePerKw: number,
  anchors: boolean,
  reserve: Sat,
): string | undefined {
  if (pushMsat > funding * 1000n) return `push_msat ${pushMsat} exceeds funding_satoshis`;
  const cost = commitmentCost(anchors ? 'anchors' : 'staticRemotekey', feeratePerKw, 0);
  const toOpener = funding * 1000n - pushMsat - cost * 1000n;
  if (toOpener < 0n) return `the opener cannot pay the commitment fee of ${cost} satoshi`;
  const reserveMsat = reserve * 1000n;
  if (toOpener <= reserveMsat && pushMsat <= reserveMsat)
    return 'neither side would have more than channel_reserve_satoshis';
  return undefined;
}
