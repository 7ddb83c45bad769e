/** Shares over many streams, and how far chance may have moved them. */

export interface Estimate {
  readonly value: number;
  /** The standard error; not a number where there is one stream only. */
  readonly error: number;
}

/**
 * What the numerators are of the denominators, each pair from one stream. The error is that of a
 * ratio over streams (payments of one stream hang together): `value` is not a number where nothing
 * stands below the line.
 */
export function ratioOf(
  streams: readonly (readonly [numerator: number, denominator: number])[],
): Estimate {
  const [above, below] = streams.reduce(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
  const value = above / below;
  const count = streams.length;
  const squares = streams.reduce((sum, [x, y]) => sum + (x - value * y) ** 2, 0);
  const error = Math.sqrt((squares * count) / (count - 1)) / Math.abs(below);
  return { value, error: count > 1 ? error : Number.NaN };
}

/** Of 100, with the error where there is one; a dash where there is nothing to be a share of. */
export function percentOf({ value, error }: Estimate): string {
  if (!Number.isFinite(value)) return '–';
  const tenths = (share: number): string => (100 * share).toFixed(1);
  return Number.isNaN(error) ? tenths(value) : `${tenths(value)} ± ${tenths(error)}`;
}
