/**
 * What the peer owes us on this connection. Nothing in BOLT 2 says how long it may take; a peer that
 * answers pings and owes us an answer for a minute is sent away, since a new connection begins with
 * a comparison of both memories.
 */
import { negotiate } from './closing/negotiation.js';
import { isEmptied } from './closing/shutdown.js';
import { warnPeer } from './faults.js';
import { awaitsTheirSignature } from './htlc.js';
import type { ChannelState, LiveState } from './state.js';
import type { Turn } from './turn.js';

/** How long a peer may owe us a message, milliseconds. */
export const SILENCE_MS = 60_000;

/** The message that the peer owes us, with what tells it from the next of its kind. */
export function owedByPeer(s: ChannelState): string | undefined {
  if (s.kind !== 'live' || s.failure !== undefined || s.spent !== undefined) return undefined;
  const { local, remote, htlcs, fees } = s.commitments;
  if (s.link.kind === 'reestablishing') return 'channel_reestablish';
  if (s.link.kind === 'offline' || s.shutdown.tx !== undefined) return undefined;
  if (remote.awaitingRevocation) return `revoke_and_ack for commitment ${remote.number}`;
  const owed =
    htlcs.some(({ state }) => awaitsTheirSignature(state)) ||
    fees.some(({ state }) => awaitsTheirSignature(state));
  return owed ? `commitment_signed for commitment ${local.number + 1n}` : undefined;
}

/** `owed` was owed for `SILENCE_MS`, and nothing has come. */
export function onPeerSilent(s: LiveState, owed: string, turn: Turn): LiveState {
  if (owedByPeer(s) !== owed) return s;
  // Some peers take their part of a feerate's way for done once both have said shutdown. What a close
  // pays does not depend on it.
  if (isEmptied(s) && s.params.opener === 'local' && s.shutdown.offer === undefined)
    return negotiate(s, turn);
  return warnPeer(s, turn, `no ${owed} for ${SILENCE_MS / 1000} seconds`);
}
