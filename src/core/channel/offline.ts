/** What a disconnection undoes. */
import type { Htlc } from './htlc.js';
import type { Commitments, LiveState } from './state.js';
import type { Turn } from './turn.js';

/**
 * BOLT 2, "Message Retransmission": updates that no commitment_signed covered are undone. Of ours,
 * removals stay (they are owed, and sent again); an HTLC is given back to where it came from,
 * since nobody knows when the peer will be back; a feerate is set anew when it is due.
 */
function undoUnsigned(c: Commitments, turn: Turn): Commitments {
  const htlcs: Htlc[] = [];
  let { nextLocalHtlcId, nextRemoteHtlcId } = c;
  let changed = false;
  for (const htlc of c.htlcs) {
    switch (htlc.state) {
      case 'SENT_ADD_HTLC':
        nextLocalHtlcId--;
        changed = true;
        tellUncommitted(htlc, turn);
        break;
      case 'RCVD_ADD_HTLC':
        nextRemoteHtlcId--;
        changed = true;
        break;
      case 'RCVD_REMOVE_HTLC': {
        const { removal: _, ...rest } = htlc;
        changed = true;
        htlcs.push({ ...rest, state: 'SENT_ADD_ACK_REVOCATION' });
        break;
      }
      default:
        htlcs.push(htlc);
    }
  }
  const fees = c.fees.filter((f) => f.state !== 'SENT_ADD_HTLC' && f.state !== 'RCVD_ADD_HTLC');
  if (!changed && fees.length === c.fees.length) return c;
  return { ...c, htlcs, fees, nextLocalHtlcId, nextRemoteHtlcId };
}

function tellUncommitted(htlc: Htlc, turn: Turn): void {
  if (htlc.origin === undefined) return;
  turn.emit({
    kind: 'htlcFailed',
    htlcId: htlc.id,
    origin: htlc.origin,
    paymentHash: htlc.paymentHash,
    amountMsat: htlc.amountMsat,
    failure: { kind: 'uncommitted' },
  });
}

export function goOffline(s: LiveState, turn: Turn): LiveState {
  const { offer: _, lastRemoteFee: __, ...shutdown } = s.shutdown;
  return {
    ...s,
    link: { kind: 'offline' },
    commitments: undoUnsigned(s.commitments, turn),
    announcement: s.announcement.sent ? { ...s.announcement, sent: false } : s.announcement,
    shutdown,
  };
}
