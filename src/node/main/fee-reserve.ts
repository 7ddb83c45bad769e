import { type Sat, sat } from '../../core/bytes/index.js';
import { type AnchorsAtRisk, feeCoins, feeReserve } from '../../core/onchain/index.js';
import type { Logger } from '../../ports/index.js';
import type { LiveChannel } from '../channels/index.js';

/** Fees rise: twice what the next blocks ask for, and 20 sat a virtual byte at least. */
const MARGIN = 2;
const LEAST_FEERATE = 5_000;
/** It is over when there is a quarter more than needed, so that no HTLC tells it twice. */
const ENOUGH = 1.25;

export interface FeeReserveDeps {
  readonly channels: { list(): readonly LiveChannel[] };
  readonly chain: { feerateFor(blocks: number): number };
  /** Amounts of the coins that claims may take. */
  coins(): readonly Sat[];
  readonly log: Logger;
}

/** Its end has not begun: claims of what has ended have asked for their coins already. */
const LIVE: ReadonlySet<string> = new Set([
  'CHANNELD_AWAITING_LOCKIN',
  'CHANNELD_NORMAL',
  'CHANNELD_SHUTTING_DOWN',
  'CLOSINGD_SIGEXCHANGE',
]);

/** What may still end on the chain with anchors. */
function atRisk(channels: readonly LiveChannel[]): AnchorsAtRisk[] {
  return channels.flatMap((channel): AnchorsAtRisk[] => {
    const { status, type, htlcs, toLocalMsat, feeratePerKw = 0, behind } = channel;
    // Nobody but its peer can close what is behind, and pays for it.
    if (type?.anchors !== true || !LIVE.has(status) || behind) return [];
    const untrimmed = htlcs.filter(({ localTrimmed }) => !localTrimmed);
    const amounts = untrimmed.map(({ amountMsat }) => sat(amountMsat / 1000n));
    return [{ htlcs: amounts, balance: sat(toLocalMsat / 1000n), feeratePerKw }];
  });
}

/**
 * Tells the operator before it matters that the wallet could not pay for the ends of channels with
 * anchors: an HTLC whose transaction finds no coin is lost to who waits for it.
 */
export class FeeReserve {
  readonly #deps: FeeReserveDeps;
  #short = false;

  constructor(_options: Record<string, never>, deps: FeeReserveDeps) {
    this.#deps = deps;
  }

  /** What is to be said of it now, if anything is. */
  warning(): string | undefined {
    return this.#missing(1);
  }

  #missing(factor: number): string | undefined {
    const { chain, coins } = this.#deps;
    const feeratePerKw = Math.max(LEAST_FEERATE, MARGIN * chain.feerateFor(2));
    const channels = atRisk(this.#deps.channels.list());
    const needed = feeReserve(channels, feeratePerKw);
    const available = feeCoins(coins(), feeratePerKw);
    if (Number(available) >= factor * Number(needed)) return undefined;
    const many = channels.length === 1 ? 'a channel' : `${channels.length} channels`;
    return (
      `Confirmed coins of ${available} sat can pay for the ends of ${many} with anchors on the ` +
      `chain; at ${feeratePerKw} sat per 1000 weight that may take ${needed} sat, and HTLCs that ` +
      'find no coin for their fee can be lost: send coins to the wallet (docs/recovery.md)'
    );
  }

  /** Looks once a block, and tells the log what has changed. */
  connectBlock({ more }: { readonly more?: true }): void {
    if (more) return;
    const missing = this.#missing(this.#short ? ENOUGH : 1);
    if ((missing !== undefined) === this.#short) return;
    this.#short = missing !== undefined;
    if (missing === undefined) this.#deps.log.info('the coins for fees suffice again');
    else this.#deps.log.warn(missing);
  }
}
