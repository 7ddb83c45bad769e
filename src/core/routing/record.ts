/** One record of what payments taught: in memory, and in the `constraints` table. */

/** What is known of one channel in one direction, or of one node. */
export interface Record {
  readonly key: string;
  lower: number;
  lowerAt: number;
  upper: number;
  upperAt: number;
  blame: number;
  blameAt: number;
  /** Not usable before this time; 0 where it is usable. */
  until: number;
  /** An update lifts it. */
  untilUpdate: boolean;
  reason: string;
  at: number;
}

/** One record as the `constraints` table keeps it, in JSON. Left out: not known. */
export interface Stored {
  readonly v: 1;
  readonly lower?: readonly [amount: number, at: number];
  readonly upper?: readonly [amount: number, at: number];
  readonly blame?: readonly [share: number, at: number];
  readonly unusable?: { readonly until: number; readonly update: boolean; readonly reason: string };
  readonly at: number;
}

/** Nothing is known yet. */
export const recordOf = (key: string, now: number): Record => ({
  key,
  lower: 0,
  lowerAt: 0,
  upper: Number.POSITIVE_INFINITY,
  upperAt: 0,
  blame: 0,
  blameAt: 0,
  until: 0,
  untilUpdate: false,
  reason: '',
  at: now,
});

/** As the table keeps it. */
export function encodeRecord(r: Record): string {
  const stored: Stored = {
    v: 1,
    ...(r.lower > 0 ? { lower: [r.lower, r.lowerAt] as const } : {}),
    ...(Number.isFinite(r.upper) ? { upper: [r.upper, r.upperAt] as const } : {}),
    ...(r.blame > 0 ? { blame: [r.blame, r.blameAt] as const } : {}),
    ...(r.until > 0
      ? { unusable: { until: r.until, update: r.untilUpdate, reason: r.reason } }
      : {}),
    at: r.at,
  };
  return JSON.stringify(stored);
}

/** Nothing where it cannot be read. */
export function decodeRecord(data: string): Stored | undefined {
  try {
    const stored = JSON.parse(data) as Partial<Stored> | null;
    return stored !== null && stored.v === 1 && typeof stored.at === 'number'
      ? (stored as Stored)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The record says what the stored one said. */
export function takeUp(r: Record, stored: Stored): void {
  [r.lower, r.lowerAt] = stored.lower ?? [0, 0];
  [r.upper, r.upperAt] = stored.upper ?? [Number.POSITIVE_INFINITY, 0];
  [r.blame, r.blameAt] = stored.blame ?? [0, 0];
  r.until = stored.unusable?.until ?? 0;
  r.untilUpdate = stored.unusable?.update ?? false;
  r.reason = stored.unusable?.reason ?? '';
}
