/**
 * What a hop costs: its fee, the price of stuck funds, and a penalty for the chance that the
 * channel cannot carry the amount. All three grow with the amount; the search builds on that.
 * Amounts are float64 whole millisatoshi.
 */

/** What the penalty is made of; zero in all is the cost of 2016: fee and risk only. */
export interface PenaltyOptions {
  /** Millisatoshi for each factor e by which the chance shrinks, whatever the amount. */
  readonly penaltyBaseMsat: number;
  /** The same in millionths of the amount that arrives. */
  readonly penaltyMillionths: number;
  /**
   * The share of channels believed to hold nearly all on one side, 0 to 0.99: the prior density of a
   * balance x in 0..1 is (1 - share) + share * 9 (2x - 1)^8.
   */
  readonly onesided: number;
}

/** Tuned by the payment simulator; see docs/routing.md. */
export const DEFAULT_PENALTY: PenaltyOptions = {
  penaltyBaseMsat: 500,
  penaltyMillionths: 1_000,
  onesided: 0.7,
};

/** docs/contract.md, getroute: riskfactor is percent a year, and a year has 52,596 blocks. */
const RISK_DIVISOR = 5_259_600;

/** The least chance the penalty reckons with, so that it stays finite. */
export const LEAST_CHANCE = 1e-6;

/** BOLT 7, "HTLC Fees", rounded down, exact while the fee itself is below 2^53. */
export function feeOf(base: number, millionths: number, amount: number): number {
  const product = amount * millionths;
  if (product < Number.MAX_SAFE_INTEGER) return base + Math.floor(product / 1e6);
  const whole = Math.floor(amount / 1e6);
  return base + whole * millionths + Math.floor(((amount - whole * 1e6) * millionths) / 1e6);
}

/** What `amount` locked for `blocks` is worth. */
export const riskOf = (amount: number, blocks: number, riskFactor: number): number =>
  (amount * blocks * riskFactor) / RISK_DIVISOR;

/** The prior chance that at most the share `x` (0 to 1) of a channel lies on this side. */
function share(x: number, onesided: number): number {
  const d = 2 * x - 1;
  const square = d * d;
  const fourth = square * square;
  return (1 - onesided) * x + onesided * 0.5 * (fourth * fourth * d + 1);
}

/**
 * The chance that a channel with between `lower` and `upper` on this side carries `amount`.
 * Never zero below `upper`; zero above it.
 */
export function chanceOf(
  amount: number,
  capacity: number,
  lower: number,
  upper: number,
  onesided: number,
): number {
  if (amount <= lower) return 1;
  if (amount > upper) return 0;
  const top = share(upper / capacity, onesided);
  const chance =
    (top - share(amount / capacity, onesided)) / (top - share(lower / capacity, onesided));
  return chance > LEAST_CHANCE ? chance : LEAST_CHANCE;
}

/** Millisatoshi for each factor e of chance, at the amount that arrives. */
export const penaltyWeight = (options: PenaltyOptions, amount: number): number =>
  options.penaltyBaseMsat + (options.penaltyMillionths * amount) / 1e6;
