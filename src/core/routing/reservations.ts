/** What channels are about to carry: so that who looks for routes meanwhile leaves room for it. */
import { type Msat, msat } from '../bytes/index.js';
import { channelKey } from './constraint-text.js';
import type { Reservation } from './route.js';

/** What one attempt holds of a channel. */
export interface Held extends Reservation {
  /** It counts only in searches with this layer: for channels that only the layer has. */
  readonly layer?: string;
  /** Seconds since the epoch. */
  readonly since: number;
  /** Who holds it: the id of a command, or a payment. */
  readonly by: string;
}

export type Claim = Pick<Held, 'scid' | 'direction' | 'amountMsat' | 'layer'>;

/** Not on disk: what is on its way after a restart is in our channels' balances already. */
export class Reservations {
  readonly #held = new Map<string, Held[]>();

  /** Holds each of a path's amounts. */
  hold(path: readonly Claim[], by: string, now: number): void {
    for (const claim of path) {
      const key = keyOf(claim);
      const list = this.#held.get(key) ?? [];
      list.push({ ...claim, since: now, by });
      this.#held.set(key, list);
    }
  }

  /** Lets go of one of a channel's amounts, of the same size and layer; false: there is none. */
  release(claim: Claim): boolean {
    const key = keyOf(claim);
    const list = this.#held.get(key) ?? [];
    const at = list.findIndex(
      ({ amountMsat, layer }) => amountMsat === claim.amountMsat && layer === claim.layer,
    );
    if (at < 0) return false;
    list.splice(at, 1);
    if (list.length === 0) this.#held.delete(key);
    return true;
  }

  /** All, the oldest of a channel first. */
  list(): readonly Held[] {
    return [...this.#held.values()].flat();
  }

  /** What each channel is to carry in all, as a search with these layers counts it. */
  totals(layers: readonly string[] = []): Reservation[] {
    const counted = ({ layer }: Held) => layer === undefined || layers.includes(layer);
    return summed(this.list().filter(counted));
  }

  /** What is held of one channel. */
  of(at: Pick<Claim, 'scid' | 'direction' | 'layer'>): Msat {
    const layers = at.layer === undefined ? [] : [at.layer];
    const total = this.totals(layers).find((held) => keyOf(held) === keyOf(at));
    return total?.amountMsat ?? msat(0n);
  }
}

/** One entry a channel and direction. */
export function summed(reservations: readonly Reservation[]): Reservation[] {
  const byKey = new Map<string, Reservation>();
  for (const { scid, direction, amountMsat } of reservations) {
    const key = keyOf({ scid, direction });
    const before = byKey.get(key)?.amountMsat ?? 0n;
    byKey.set(key, { scid, direction, amountMsat: msat(before + amountMsat) });
  }
  return [...byKey.values()];
}

const keyOf = ({ scid, direction }: Pick<Claim, 'scid' | 'direction'>): string =>
  channelKey(scid, direction);
