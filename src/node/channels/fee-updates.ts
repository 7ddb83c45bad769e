import type { ChannelState, ContextFees } from '../../core/channel/index.js';

/** A rise is followed soon, since a commitment that pays too little may not confirm in time. */
const RISE_PERCENT = 110;
/** A fall is followed late: what it saves is small, and each change costs a round. */
const FALL_PERCENT = 70;

/**
 * BOLT 2, update_fee: the feerate that the funder should set now, or nothing where the present
 * one will do. Where we are not the funder, or no update could be sent, there is none.
 */
export function dueFeerate(state: ChannelState, fees: ContextFees): number | undefined {
  if (state.kind !== 'live' || state.link.kind !== 'online') return undefined;
  if (state.params.opener !== 'local' || !state.lockin.receivedReady) return undefined;
  if (state.failure !== undefined || state.shutdown.localScript !== undefined) return undefined;
  const present = state.commitments.fees.at(-1)?.feeratePerKw;
  if (present === undefined) return undefined;
  const wanted = state.params.type.anchors ? fees.anchorCommitment : fees.commitment;
  const risen = wanted * 100 >= present * RISE_PERCENT;
  const fallen = wanted * 100 <= present * FALL_PERCENT;
  return risen || fallen ? wanted : undefined;
}
