/**
 * What becomes of a channel when the peer breaks a rule, or says that we did. A warning ends the
 * connection and keeps the channel; an error ends the channel.
 */

import { broadcastOurs } from './force-close.js';
import { goOffline } from './offline.js';
import type { LiveState } from './state.js';
import type { Turn } from './turn.js';

/** BOLT 1, warning: what the peer sent is not taken, and a new connection starts afresh. */
export function warnPeer(s: LiveState, turn: Turn, text: string): LiveState {
  turn.note('warn', text);
  turn.sendWarning(s.channelId, text);
  turn.emit({ kind: 'disconnect', reason: text });
  return goOffline(s, turn);
}

/** BOLT 1, error: we send one and go to the chain with our latest commitment. */
export function failChannel(s: LiveState, turn: Turn, reason: string): LiveState {
  if (s.failure !== undefined) return s;
  return fail(s, turn, reason, { sentError: true, behind: false });
}

/** The peer sent error: it goes to the chain, and so do we. */
export function onError(s: LiveState, turn: Turn, text: string): LiveState {
  const reason = `the peer failed the channel: ${text}`;
  turn.note('warn', reason);
  // BOLT 2, channel_reestablish: who is behind waits for the peer's commitment.
  if (s.failure !== undefined || s.spent !== undefined) return s;
  return fail(s, turn, reason, { sentError: false, behind: false });
}

/**
 * A peer may read our error before it has compared both memories, lose it over that, and only warn.
 * Where we wait for its commitment it is told once more on this connection.
 */
export function onWarning(s: LiveState, turn: Turn, text: string): LiveState {
  turn.note('warn', `the peer warns: ${text}`);
  if (s.failure?.behind !== true || s.link.kind !== 'reestablishing') return s;
  turn.sendError(s.channelId, s.failure.reason);
  return { ...s, link: { kind: 'offline' } };
}

/** BOLT 2, channel_reestablish: our state is old, and our commitment would be punished. */
export function failBehind(s: LiveState, turn: Turn): LiveState {
  const reason = 'our state is older than the peer has proof of: close the channel, please';
  turn.note('error', 'data loss: the peer knows later states; waiting for its commitment');
  return fail(s, turn, reason, { sentError: true, behind: true });
}

function fail(
  s: LiveState,
  turn: Turn,
  reason: string,
  how: { readonly sentError: boolean; readonly behind: boolean },
): LiveState {
  const online = s.link.kind !== 'offline';
  const failed: LiveState = { ...goOffline(s, turn), link: s.link, failure: { reason, ...how } };
  turn.persist();
  if (how.sentError && online) turn.sendError(s.channelId, reason);
  broadcastOurs(failed, turn);
  turn.emit({ kind: 'failed', reason });
  return failed;
}
