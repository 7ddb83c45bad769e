/** BOLT 2, "cltv_expiry_delta Selection": when an HTLC must be settled on the chain. */
import type { BlockHeight } from '../bytes/index.js';
import { failChannel } from './faults.js';
import { HTLC_STATES, type Htlc } from './htlc.js';
import type { LiveState } from './state.js';
import type { Turn } from './turn.js';

const isCommitted = (htlc: Htlc): boolean => {
  const { presence } = HTLC_STATES[htlc.state];
  return presence.local === 'in' || presence.remote === 'in' || presence.remoteUnrevoked === 'in';
};

function overdue(s: LiveState, htlc: Htlc, height: BlockHeight): string | undefined {
  const { timeoutGrace, fulfillDeadline } = s.params.limits;
  if (!isCommitted(htlc)) return undefined;
  if (HTLC_STATES[htlc.state].offeredBy === 'local') {
    // BOLT 2, cltv_expiry_delta: an offered HTLC that outlived its expiry by the grace. Where the
    // preimage is known, nothing is to be had back by a timeout.
    if (height < htlc.cltvExpiry + timeoutGrace || htlc.preimage !== undefined) return undefined;
    return `HTLC ${htlc.id} that we offered expired at ${htlc.cltvExpiry}`;
  }
  // BOLT 2, cltv_expiry_delta: a received HTLC that we fulfilled comes near to its expiry.
  if (htlc.removal?.kind !== 'fulfill' || height < htlc.cltvExpiry - fulfillDeadline)
    return undefined;
  return `HTLC ${htlc.id} that we fulfilled expires at ${htlc.cltvExpiry}`;
}

/** Goes to the chain where waiting longer could cost an HTLC. */
export function checkDeadlines(s: LiveState, turn: Turn): LiveState {
  // A close that a reorg took out of the chain may not come back by itself.
  if (s.failure !== undefined || s.spent?.height !== undefined) return s;
  const { height } = turn.context;
  for (const htlc of s.commitments.htlcs) {
    const reason = overdue(s, htlc, height);
    if (reason !== undefined) return failChannel(s, turn, reason);
  }
  return s;
}
