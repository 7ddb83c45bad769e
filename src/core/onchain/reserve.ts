/**
 * What the wallet should hold for the fees of channels with anchors: their commitments are brought
 * into a block by a coin of ours, and so are our HTLC transactions, which pay nothing themselves.
 */
import { type Sat, sat } from '../bytes/index.js';
import {
  ANCHOR_AMOUNT,
  commitmentWeight,
  feeForWeight,
  htlcSuccessWeight,
} from '../channel/commitment/index.js';
import { feeOf } from './claims.js';

/** A channel with anchors, by what its end may cost. */
export interface AnchorsAtRisk {
  /** Those with an output in our commitment. */
  readonly htlcs: readonly Sat[];
  readonly balance: Sat;
  /** Of its commitment. */
  readonly feeratePerKw: number;
}

/** BIP 141 weights: a p2wpkh coin with its witness, and change. */
const COIN = 272;
const CHANGE = 124;
/** What spends an anchor: the frame, the anchor with its witness, a coin, change. */
const CPFP = 42 + 280 + COIN + CHANGE;
const HTLC = htlcSuccessWeight('anchors') + COIN + CHANGE;
/** So many channels that carry nothing may fail at once with those that do. */
const IDLE_COUNTED = 10;

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, one) => all + one, 0n);

/** To bring its commitment and its HTLCs into blocks; never more than is ours there. */
function costOf({ htlcs, balance, feeratePerKw: paid }: AnchorsAtRisk, feeratePerKw: number) {
  const each = feeOf(HTLC, feeratePerKw);
  // What carries nothing now may carry one HTLC in a moment.
  const count = Math.max(1, htlcs.length);
  const weight = commitmentWeight('anchors', count);
  const cpfp =
    feeOf(weight + CPFP, feeratePerKw) - feeForWeight(weight, paid) - BigInt(ANCHOR_AMOUNT);
  const claims = htlcs.length === 0 ? each : sum(htlcs.map((h) => (h < each ? h : each)));
  const cost = (cpfp > 0n ? cpfp : 0n) + claims;
  const stake = balance + sum(htlcs);
  return cost < stake ? cost : stake;
}

/**
 * What coins should be there at this feerate, for all channels that carry HTLCs and for the dearest
 * of the others. It is arithmetic on expected weights, not a bound.
 */
export function feeReserve(channels: readonly AnchorsAtRisk[], feeratePerKw: number): Sat {
  const costs = (of: readonly AnchorsAtRisk[]): bigint[] =>
    of.map((channel) => costOf(channel, feeratePerKw)).sort((a, b) => Number(b - a));
  const busy = costs(channels.filter(({ htlcs }) => htlcs.length > 0));
  const idle = costs(channels.filter(({ htlcs }) => htlcs.length === 0));
  return sat(sum([...busy, ...idle.slice(0, Math.max(0, IDLE_COUNTED - busy.length))]));
}

/** Of these coins, what can pay fees: one that costs more than it brings is none. */
export const feeCoins = (coins: readonly Sat[], feeratePerKw: number): Sat =>
  sat(sum(coins.filter((coin) => coin > feeOf(COIN, feeratePerKw))));
