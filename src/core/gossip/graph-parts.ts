/** A graph as snapshots keep it: its columns and tables, and the little that is none. */

type Bits8 = Uint8Array<ArrayBuffer>;
type Bits16 = Uint16Array<ArrayBuffer>;
type Bits32 = Uint32Array<ArrayBuffer>;
type Indices = Int32Array<ArrayBuffer>;
type Amounts = Float64Array<ArrayBuffer>;

export type NumberColumn = Int8Array<ArrayBuffer> | Bits8 | Bits16 | Bits32 | Indices | Amounts;

/** The columns of numbers: those of edges, then those of channels, then those of nodes. */
export type Numbers = [
  ...[source: Indices, flags: Bits8, cltvDelta: Bits16, feeBase: Bits32, feeRate: Bits32],
  ...[htlcMinimum: Amounts, htlcMaximum: Amounts, timestamp: Bits32, checksum: Bits32],
  ...[capacity: Amounts, features: Bits16, scidHigh: Bits32, scidLow: Bits32],
  ...[unroutable: Bits8, announcedAt: Bits32],
];

/** How many of them, from the first, are of edges; of edges or channels; all. */
export const EDGE_COLUMNS = 9;
export const CHANNEL_COLUMNS = 13;
export const NODE_COLUMNS = 15;

export interface GraphParts {
  /** Those of numbers, the ids of the nodes, and the tables. */
  readonly columns: readonly NumberColumn[];
  readonly featureVectors: readonly string[];
  /** Each htlc_minimum_msat there is, and how many edges have it. */
  readonly minima: readonly (readonly [number, number])[];
}

/** Places from the first up to the second, exclusive. */
export type Run = readonly [from: number, to: number];

/** The places below `count` that are in use, together where nothing lies between. */
export function runsOf(count: number, inUse: (place: number) => boolean): Run[] {
  const runs: Run[] = [];
  let from = -1;
  for (let place = 0; place <= count; place++) {
    const used = place < count && inUse(place);
    if (used && from < 0) from = place;
    if (used || from < 0) continue;
    runs.push([from, place]);
    from = -1;
  }
  return runs;
}

/** The values of a column at these places, `each` a place. */
export function gathered<T extends NumberColumn>(column: T, runs: readonly Run[], each = 1): T {
  const size = runs.reduce((sum, [from, to]) => sum + (to - from) * each, 0);
  const out = new (column.constructor as new (length: number) => T)(size);
  let at = 0;
  for (const [from, to] of runs) {
    out.set(column.subarray(from * each, to * each), at);
    at += (to - from) * each;
  }
  return out;
}
