/** Amounts as bitcoind writes them, without a float in between. */
import { type Sat, sat } from '../../../core/bytes/index.js';

/** `0.00012345`, `21000000`, `1e-8` in bitcoin as satoshi; nothing where it is not exactly that. */
export function btcToSat(value: unknown): Sat | undefined {
  const m = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(String(value));
  if (m === null) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = m as unknown as [string, string, string];
  const shift = 8 + Number(exponent) - fraction.length;
  let digits = whole + fraction;
  if (shift >= 0) digits += '0'.repeat(Math.min(shift, 32));
  else {
    const cut = digits.padStart(-shift + 1, '0');
    if (!/^0*$/.test(cut.slice(shift))) return undefined;
    digits = cut.slice(0, shift);
  }
  return sat(sign === '-' ? -BigInt(digits) : BigInt(digits));
}

/** A feerate in bitcoin per 1000 virtual bytes as satoshi per 1000 weight units, rounded up. */
export function feeratePerKw(btcPerKvb: unknown): number | undefined {
  const perKvb = btcToSat(btcPerKvb);
  return perKvb === undefined ? undefined : Math.ceil(Number(perKvb) / 4);
}
