import { expect } from 'vitest';
import { balancesIn } from '../../src/core/channel/balances.js';
import { type CommitmentView, HTLC_STATES } from '../../src/core/channel/htlc.js';
import type { LiveState } from '../../src/core/channel/index.js';

/** The commitments that can be asked for: three that there are, and each side's next. */
export const VIEWS: readonly CommitmentView[] = [
  'local',
  'remote',
  'remoteUnrevoked',
  'localNext',
  'remoteNext',
];

/** In every one of them, balances and HTLCs add up to the funding amount. */
export function conserved(s: LiveState): void {
  const total = s.params.fundingAmount * 1000n;
  for (const view of VIEWS) {
    const { local, remote } = balancesIn(s.commitments, view);
    let inFlight = 0n;
    for (const htlc of s.commitments.htlcs)
      if (HTLC_STATES[htlc.state].presence[view] === 'in') inFlight += htlc.amountMsat;
    expect(local + remote + inFlight).toBe(total);
    expect(local >= 0n && remote >= 0n).toBe(true);
  }
}
