/** What a new connection begins with. */
import { goOffline } from './offline.js';
import { sendReestablish } from './reestablish.js';
import type { LiveState } from './state.js';
import type { Turn } from './turn.js';

/** Both inits are exchanged. */
export function onConnected(s: LiveState, remoteFeatures: Uint8Array, turn: Turn): LiveState {
  const fresh = goOffline(s, turn);
  if (fresh.spent !== undefined) return fresh;
  const { failure } = fresh;
  // BOLT 2, channel_reestablish: in an error state the error is told again, and nothing else.
  if (failure !== undefined && !failure.behind) {
    turn.sendError(fresh.channelId, failure.reason);
    return fresh;
  }
  sendReestablish(fresh, turn);
  if (failure !== undefined) turn.sendError(fresh.channelId, failure.reason);
  return { ...fresh, link: { kind: 'reestablishing', remoteFeatures } };
}
