import { describe, expect, it } from 'vitest';
import {
  advance,
  type CommitmentEvent,
  HTLC_STATES,
  type HtlcState,
} from '../../../src/core/channel/htlc.js';

const rounds: Record<'local' | 'remote', readonly CommitmentEvent[]> = {
  local: ['sentCommitment', 'receivedRevocation', 'receivedCommitment', 'sentRevocation'],
  remote: ['receivedCommitment', 'sentRevocation', 'sentCommitment', 'receivedRevocation'],
};

/** The states from `first` on, as the update of `sender` goes through both commitments. */
function path(first: HtlcState, sender: 'local' | 'remote'): HtlcState[] {
  const states = [first];
  for (const event of rounds[sender]) states.push(advance(states.at(-1) as HtlcState, event));
  return states;
}

const presence = (state: HtlcState, view: 'local' | 'remote') => HTLC_STATES[state].presence[view];

describe('the states of an HTLC', () => {
  it('take an HTLC of ours into the peer’s commitment first, then into ours', () => {
    const added = path('SENT_ADD_HTLC', 'local');
    expect(added.map((s) => [presence(s, 'remote'), presence(s, 'local')])).toEqual([
      ['before', 'before'],
      ['in', 'before'],
      ['in', 'before'],
      ['in', 'in'],
      ['in', 'in'],
    ]);
    const removed = path('RCVD_REMOVE_HTLC', 'remote');
    expect(removed.map((s) => [presence(s, 'local'), presence(s, 'remote')])).toEqual([
      ['in', 'in'],
      ['after', 'in'],
      ['after', 'in'],
      ['after', 'after'],
      ['after', 'after'],
    ]);
  });

  it('mirror each other: what is local here is remote there', () => {
    const mirror = (s: string) =>
      s.startsWith('SENT') ? s.replace('SENT', 'RCVD') : s.replace('RCVD', 'SENT');
    for (const state of Object.keys(HTLC_STATES) as HtlcState[]) {
      const there = mirror(state) as HtlcState;
      expect(presence(there, 'local')).toBe(presence(state, 'remote'));
      expect(HTLC_STATES[there].offeredBy).not.toBe(HTLC_STATES[state].offeredBy);
      expect(HTLC_STATES[there].presence.localNext).toBe(HTLC_STATES[state].presence.remoteNext);
    }
  });

  it('say what the next signature would bring: what the commitment after it has', () => {
    for (const state of Object.keys(HTLC_STATES) as HtlcState[]) {
      const signed = advance(state, 'sentCommitment');
      expect(HTLC_STATES[state].presence.remoteNext).toBe(presence(signed, 'remote'));
      const received = advance(state, 'receivedCommitment');
      expect(HTLC_STATES[state].presence.localNext).toBe(presence(received, 'local'));
      // Until it is revoked, the peer's last commitment is as it was before our signature.
      const revoked = advance(state, 'receivedRevocation');
      expect(HTLC_STATES[revoked].presence.remoteUnrevoked).toBe(presence(state, 'remote'));
    }
  });
});
