/** What went through a channel, counted as its commitments move on. */
import { type Msat, msat } from '../bytes/index.js';
import type { Htlc } from './htlc.js';
import type { Passage, Tally } from './state.js';

const NOTHING: Passage = {
  offered: 0,
  offeredMsat: msat(0),
  fulfilled: 0,
  fulfilledMsat: msat(0),
};

export const newTally = (toLocal: Msat): Tally => ({
  least: toLocal,
  most: toLocal,
  in: NOTHING,
  out: NOTHING,
});

const withOffer = (p: Passage, { amountMsat }: Htlc): Passage => ({
  ...p,
  offered: p.offered + 1,
  offeredMsat: msat(p.offeredMsat + amountMsat),
});

const withFulfilment = (p: Passage, { amountMsat }: Htlc): Passage => ({
  ...p,
  fulfilled: p.fulfilled + 1,
  fulfilledMsat: msat(p.fulfilledMsat + amountMsat),
});

/** An HTLC has come to this state: into its first commitment, or out of its last. */
export function counted(tally: Tally, htlc: Htlc): Tally {
  switch (htlc.state) {
    case 'SENT_ADD_COMMIT':
      return { ...tally, out: withOffer(tally.out, htlc) };
    case 'RCVD_ADD_COMMIT':
      return { ...tally, in: withOffer(tally.in, htlc) };
    case 'RCVD_REMOVE_ACK_REVOCATION':
      if (htlc.removal?.kind !== 'fulfill') return tally;
      return { ...tally, out: withFulfilment(tally.out, htlc) };
    case 'SENT_REMOVE_ACK_REVOCATION':
      if (htlc.removal?.kind !== 'fulfill') return tally;
      return { ...tally, in: withFulfilment(tally.in, htlc) };
    default:
      return tally;
  }
}

/** The balance that is settled has become this one. */
export function reached(tally: Tally, toLocal: Msat): Tally {
  if (toLocal < tally.least) return { ...tally, least: toLocal };
  return toLocal > tally.most ? { ...tally, most: toLocal } : tally;
}
