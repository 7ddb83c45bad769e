/** A channel that both signed, and whose funding transaction will never be broadcast after all. */
import { isReady } from '../facts.js';
import type { ChannelState, LiveState } from '../state.js';
import type { Turn } from '../turn.js';

/**
 * The caller has made sure that the transaction is lost for good: nothing is at stake. Only the
 * opener can know that, and only while no block holds it.
 */
export function abandonFunding(s: LiveState, reason: string, turn: Turn): ChannelState {
  if (s.params.opener !== 'local' || s.lockin.confirmed !== undefined || isReady(s)) {
    turn.note('error', 'the opening cannot be abandoned: the channel may be funded');
    return s;
  }
  turn.persist();
  turn.sendError(s.channelId, reason);
  turn.emit({ kind: 'failed', reason }, { kind: 'forget', reason });
  const { key, peerId } = s.params;
  return { kind: 'closed', channelId: s.channelId, key, peerId, reason };
}
