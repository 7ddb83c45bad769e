/** From a source's estimates to the feerates that channels use, with sane bounds. */
import type { ContextFees } from '../../core/channel/types.js';
import type { FeeEstimates, NetworkName } from '../../ports/index.js';

/** Satoshi per 1000 weight units: 1 sat a virtual byte, rounded up as relays need it. */
export const FEERATE_FLOOR = 253;
/** 1000 sat a virtual byte: no estimate above it is believed. */
export const FEERATE_CEILING = 250_000;
/** An anchor commitment only has to enter mempools: CPFP does the rest. 10 sat a virtual byte. */
const ANCHOR_CAP = 2_500;
/** How many times the urgent estimate a peer may ask of us. */
const MAXIMUM_FACTOR = 10;
/** The lowest ceiling we give peers: estimates of a quiet day must not fail channels. */
const LEAST_MAXIMUM = 25_000;

/** What is used where the source knows no estimate: 5 sat a virtual byte where coins are worthless. */
export const fallbackFeerate = (network: NetworkName): number =>
  network === 'bitcoin' ? 5_000 : 1_250;

const clamp = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), high);

/** The estimates within bounds, ascending in blocks and never dearer for a later target. */
export function saneEstimates(estimates: FeeEstimates): FeeEstimates {
  const minimum = clamp(Math.ceil(estimates.minimum), FEERATE_FLOOR, FEERATE_CEILING);
  let ceiling = FEERATE_CEILING;
  const targets = [...estimates.targets]
    .filter((t) => Number.isFinite(t.feeratePerKw) && t.feeratePerKw > 0)
    .sort((a, b) => a.blocks - b.blocks)
    .map(({ blocks, feeratePerKw }) => {
      ceiling = clamp(Math.ceil(feeratePerKw), minimum, Math.max(minimum, ceiling));
      return { blocks, feeratePerKw: ceiling };
    });
  return { minimum, targets };
}

/**
 * The feerate to confirm within `blocks`: the estimate for the last target that is no later, the
 * first one where all are later, `fallback` where nothing is known.
 */
export function feerateFor(estimates: FeeEstimates, blocks: number, fallback: number): number {
  const { minimum, targets } = estimates;
  const fits = targets.filter((t) => t.blocks <= blocks).at(-1) ?? targets[0];
  return Math.max(minimum, fits?.feeratePerKw ?? fallback);
}

export function contextFees(estimates: FeeEstimates, fallback: number): ContextFees {
  const { minimum } = estimates;
  const urgent = feerateFor(estimates, 2, fallback);
  const soon = feerateFor(estimates, 6, fallback);
  const room = Math.ceil(minimum * 1.25);
  return {
    anchorCommitment: Math.max(room, Math.min(ANCHOR_CAP, soon)),
    commitment: Math.max(room, soon),
    mutualClose: feerateFor(estimates, 12, fallback),
    minimum,
    maximum: Math.min(FEERATE_CEILING * 2, Math.max(LEAST_MAXIMUM, urgent * MAXIMUM_FACTOR)),
  };
}
