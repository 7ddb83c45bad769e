/** BOLT 7, channel_update: ours, for the peer alone or for everyone. */
import { compare, type Msat, msat, type ShortChannelId, satToMsat } from '../bytes/index.js';
import { sha256d } from '../crypto/index.js';
import { type MessageOf, signedPart } from '../wire/index.js';
import { isReady, realScid } from './facts.js';
import type { LiveState, RelayPolicy } from './state.js';
import type { Turn } from './turn.js';

/** Seconds after which an update is repeated, well before others prune the channel (two weeks). */
const REFRESH = 13 * 24 * 3600;

const smaller = <T extends bigint>(a: T, b: T): T => (a < b ? a : b);

/** Whether the world knows the channel: both halves of its announcement are here. */
export const isAnnounced = (s: LiveState): boolean => {
  const scid = realScid(s);
  return scid !== undefined && s.announcement.received?.shortChannelId === scid;
};

/** Our policy within what the channel and the peer bear. */
export function boundPolicy(s: LiveState): RelayPolicy {
  const { policy } = s.relay;
  const { fundingAmount, remote } = s.params;
  // BOLT 7, channel_update: no more than the capacity and the peer's max_htlc_value_in_flight.
  const bound = smaller(satToMsat(fundingAmount), remote.maxHtlcValueInFlight);
  const htlcMaximumMsat = smaller(policy.htlcMaximumMsat, bound);
  const least: Msat =
    policy.htlcMinimumMsat > remote.htlcMinimum ? policy.htlcMinimumMsat : remote.htlcMinimum;
  return { ...policy, htlcMaximumMsat, htlcMinimumMsat: smaller(least, htlcMaximumMsat) };
}

function scidFor(s: LiveState): ShortChannelId | undefined {
  // BOLT 7, channel_update: before an announcement, the peer's alias or the real id.
  return isAnnounced(s) ? realScid(s) : (s.lockin.remoteAlias ?? realScid(s));
}

/**
 * Emits a channel_update as things stand, if one may be made. BOLT 7 lets the peer have one before a
 * channel is announced, with `dont_forward`. It gets none where the announcement is to come: LND
 * takes the update for all, which says the same a little later, for a repetition, and drops it for a
 * day, so that the network has the one that nobody may forward.
 */
export function channelUpdate(s: LiveState, turn: Turn): LiveState {
  const shortChannelId = scidFor(s);
  // BOLT 7, channel_update: not before channel_ready was received.
  if (!isReady(s) || shortChannelId === undefined) return s;
  if (s.params.announce && !isAnnounced(s)) return s;
  const { signer, chainHash, now } = turn.context;
  const policy = boundPolicy(s);
  const announced = isAnnounced(s);
  // BOLT 7, channel_update: each timestamp is greater than the one before.
  const timestamp = Math.max(Math.floor(now / 1000), s.relay.timestamp + 1);
  const direction = compare(signer.nodeId, s.params.peerId) < 0 ? 0 : 1;
  const unsigned: MessageOf<'channelUpdate'> = {
    kind: 'channelUpdate',
    signature: new Uint8Array(64),
    chainHash,
    shortChannelId,
    timestamp,
    messageFlags: announced ? 1 : 3,
    channelFlags: direction | (policy.enabled ? 0 : 2),
    cltvExpiryDelta: policy.cltvExpiryDelta,
    htlcMinimumMsat: msat(policy.htlcMinimumMsat),
    feeBaseMsat: policy.feeBaseMsat,
    feeProportionalMillionths: policy.feeProportionalMillionths,
    htlcMaximumMsat: policy.htlcMaximumMsat,
  };
  const signature = signer.sign({ kind: 'node' }, sha256d(signedPart(unsigned)));
  turn.persist();
  turn.emit({
    kind: 'channelUpdate',
    message: { ...unsigned, signature },
    private: !announced,
  });
  return { ...s, relay: { ...s.relay, timestamp } };
}

/** Repeats an update of an announced channel that has become old. */
export function refreshUpdate(s: LiveState, turn: Turn): LiveState {
  if (!isAnnounced(s) || s.failure !== undefined || s.spent !== undefined) return s;
  return turn.context.now / 1000 - s.relay.timestamp > REFRESH ? channelUpdate(s, turn) : s;
}
