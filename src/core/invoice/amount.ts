/** BOLT 11, "Human-Readable Part": amounts in bitcoin, with a multiplier. */
import { err, type Msat, msat, ok, type Result } from '../bytes/index.js';
import type { InvoiceError } from './types.js';

/** Millisatoshi in one unit, times ten, so that a pico-bitcoin (a tenth of one) is whole. */
const TENTHS: Readonly<Record<string, bigint>> = {
  '': 1_000_000_000_000n,
  m: 1_000_000_000n,
  u: 1_000_000n,
  n: 1_000n,
  p: 1n,
};

/** All bitcoin there will ever be. */
const MAX_MSAT = 2_100_000_000_000_000_000n;

export function parseAmount(digits: string, multiplier: string): Result<Msat, InvoiceError> {
  const amount = digits + multiplier;
  const tenths = TENTHS[multiplier];
  // BOLT 11, human-readable part: a positive decimal integer, then a multiplier or nothing.
  if (tenths === undefined || !/^[1-9][0-9]{0,30}$/.test(digits))
    return err({ code: 'bad_amount', amount });
  const value = BigInt(digits) * tenths;
  // BOLT 11, human-readable part: pico-bitcoin must be whole millisatoshi.
  if (value % 10n !== 0n) return err({ code: 'sub_millisatoshi', amount });
  if (value / 10n > MAX_MSAT) return err({ code: 'bad_amount', amount });
  return ok(msat(value / 10n));
}

/** The shortest form; undefined for what is no amount. */
export function formatAmount(amount: Msat): string | undefined {
  if (amount <= 0n || amount > MAX_MSAT) return undefined;
  for (const [multiplier, tenths] of Object.entries(TENTHS))
    if ((amount * 10n) % tenths === 0n) return `${(amount * 10n) / tenths}${multiplier}`;
  return undefined;
}
