/** What follows at once from a state, and many handlers ask. */
import { type ShortChannelId, shortChannelId } from '../bytes/index.js';
import type { LiveState } from './state.js';

/** BOLT 2: normal operation begins when both sides have sent channel_ready. */
export const isReady = (s: LiveState): boolean => s.lockin.sentReady && s.lockin.receivedReady;

/** Confirmations; 0 where the transaction is in no block. */
export function depthOf(s: LiveState, height: number): number {
  const { confirmed } = s.lockin;
  return confirmed === undefined ? 0 : Math.max(height - confirmed.height, 0) + 1;
}

/** The real short_channel_id, once there is one. */
export function realScid(s: LiveState): ShortChannelId | undefined {
  const { confirmed } = s.lockin;
  return confirmed && shortChannelId(confirmed.height, confirmed.txIndex, s.params.fundingVout);
}
