import { assertNever } from '../bytes/index.js';
import { isDrained } from './closing/shutdown.js';
import { isReady } from './facts.js';
import type { ChannelState, LiveState } from './state.js';
import type { ChannelStatus } from './types.js';

/** The state as Core Lightning names it. */
export function channelStatus(s: ChannelState): ChannelStatus {
  switch (s.kind) {
    case 'waitForAccept':
    case 'waitForFunding':
    case 'waitForFundingSigned':
    case 'waitForFundingCreated':
      return 'OPENINGD';
    case 'live':
      return liveStatus(s);
    case 'closed':
      return 'CLOSED';
    default:
      return assertNever(s);
  }
}

function liveStatus(s: LiveState): ChannelStatus {
  if (s.spent !== undefined) return s.spent.height === undefined ? 'FUNDING_SPEND_SEEN' : 'ONCHAIN';
  const { localScript, remoteScript, tx } = s.shutdown;
  if (tx !== undefined) return 'CLOSINGD_COMPLETE';
  if (s.failure !== undefined) return 'AWAITING_UNILATERAL';
  if (localScript !== undefined || remoteScript !== undefined)
    return isDrained(s) ? 'CLOSINGD_SIGEXCHANGE' : 'CHANNELD_SHUTTING_DOWN';
  return isReady(s) ? 'CHANNELD_NORMAL' : 'CHANNELD_AWAITING_LOCKIN';
}
