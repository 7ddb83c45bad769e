import { z } from 'zod';
import type { Bytes, Msat, Sat, ShortChannelId } from '../core/bytes/index.js';
import { fromHex, shortChannelId, msat as toMsat, sat as toSat } from '../core/bytes/index.js';

/** What the manual page says of a parameter's type. */
export interface ParamMeta {
  readonly param: string;
}

/**
 * A parameter type: `read` answers the value, or `undefined` where the input is none; then the
 * error is `<name>: <wants>: invalid token '<input>'`, as Core Lightning words it.
 * Say `.optional()`, `.default(x)` and `.describe('...')` on it as on any zod type.
 */
export function param<T>(
  type: string,
  wants: string,
  read: (value: unknown) => T | undefined,
): z.ZodType<T, unknown> {
  return z
    .unknown()
    .transform((value, ctx): T => {
      const read_ = value === undefined ? undefined : read(value);
      if (read_ !== undefined) return read_;
      ctx.issues.push({ code: 'custom', message: wants, input: value });
      return z.NEVER;
    })
    .meta({ param: type } satisfies ParamMeta);
}

const U64 = 1n << 64n;

/** A whole number from a JSON number, an exactly parsed large one, or a string of digits. */
function readInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  return undefined;
}

/** `decimals` places after the point, in units of 10^-decimals; more digits are no number. */
function readDecimal(text: string, decimals: number): bigint | undefined {
  const m = /^(\d{1,19})(?:\.(\d+))?$/.exec(text);
  if (!m) return undefined;
  const fraction = m[2] ?? '';
  if (fraction.length > decimals) return undefined;
  return BigInt((m[1] as string) + fraction.padEnd(decimals, '0'));
}

function readMsat(value: unknown): bigint | undefined {
  let amount = readInteger(value);
  if (amount === undefined && typeof value === 'string') {
    if (value.endsWith('msat')) amount = readDecimal(value.slice(0, -4), 0);
    else if (value.endsWith('sat')) amount = readDecimal(value.slice(0, -3), 3);
    else if (value.endsWith('btc')) amount = readDecimal(value.slice(0, -3), 11);
  }
  return amount !== undefined && amount >= 0n && amount < U64 ? amount : undefined;
}

/** A bare number means satoshi here; a suffix says otherwise. Parts of a satoshi are refused. */
function readSat(value: unknown): bigint | undefined {
  const bare = readInteger(value);
  if (bare !== undefined) return bare >= 0n && bare * 1000n < U64 ? bare : undefined;
  const amount = readMsat(value);
  return amount !== undefined && amount % 1000n === 0n ? amount / 1000n : undefined;
}

const HEX32 = /^[0-9a-fA-F]{64}$/;
const NODE_ID = /^0[23][0-9a-fA-F]{64}$/;

function readScid(text: string): ShortChannelId | undefined {
  const m = /^(\d{1,8})[x:](\d{1,8})[x:](\d{1,5})$/.exec(text);
  if (!m) return undefined;
  const [block, tx, out] = [Number(m[1]), Number(m[2]), Number(m[3])];
  if (block > 0xffffff || tx > 0xffffff || out > 0xffff) return undefined;
  return shortChannelId(block, tx, out);
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** An amount: an integer in msat, or a string with `msat`, `sat` (3 decimals) or `btc` (11). */
export const msat = () =>
  param<Msat>('msat', 'should be a millisatoshi amount', (v) => {
    const amount = readMsat(v);
    return amount === undefined ? undefined : toMsat(amount);
  });

/** As `msat`, or the word `any`. */
export const msatOrAny = () =>
  param<Msat | 'any'>('msat|any', "should be a millisatoshi amount or 'any'", (v) => {
    if (v === 'any') return 'any';
    const amount = readMsat(v);
    return amount === undefined ? undefined : toMsat(amount);
  });

/** An amount on the chain: an integer in satoshi, or a string with a unit. */
export const sat = () =>
  param<Sat>('sat', 'should be a satoshi amount', (v) => {
    const amount = readSat(v);
    return amount === undefined ? undefined : toSat(amount);
  });

/** As `sat`, or the word `all`. */
export const satOrAll = () =>
  param<Sat | 'all'>('sat|all', "should be a satoshi amount or 'all'", (v) => {
    if (v === 'all') return 'all';
    const amount = readSat(v);
    return amount === undefined ? undefined : toSat(amount);
  });

/** A public key of 33 bytes; answered in lower-case hex. */
export const nodeId = () =>
  param<string>('pubkey', 'should be a node id', (v) =>
    typeof v === 'string' && NODE_ID.test(v) ? v.toLowerCase() : undefined,
  );

/** `103x1x0` (or with colons, as in 2018). */
export const scid = () =>
  param<ShortChannelId>('short_channel_id', 'should be a short_channel_id of form NxNxN', (v) =>
    typeof v === 'string' ? readScid(v) : undefined,
  );

/** `103x1x0/1`: a channel in one direction, 0 from the lesser node id to the greater. */
export const scidDir = () =>
  param<{ scid: ShortChannelId; direction: 0 | 1 }>(
    'short_channel_id_dir',
    'should be a short_channel_id_dir of form NxNxN/dir',
    (v) => {
      const m = typeof v === 'string' ? /^(.*)\/([01])$/.exec(v) : null;
      const id = m ? readScid(m[1] as string) : undefined;
      return id === undefined ? undefined : { scid: id, direction: m?.[2] === '1' ? 1 : 0 };
    },
  );

/** 32 bytes; answered in lower-case hex. A txid too: as people write it, reversed. */
export const hash32 = () =>
  param<string>('hash', 'should be a 32 byte hex value', (v) =>
    typeof v === 'string' && HEX32.test(v) ? v.toLowerCase() : undefined,
  );
export const txid = () =>
  param<string>('txid', 'should be a txid', (v) =>
    typeof v === 'string' && HEX32.test(v) ? v.toLowerCase() : undefined,
  );

/** Bytes in hex. */
export const hex = () =>
  param<Bytes>('hex', 'should be hex data', (v) =>
    typeof v === 'string' ? fromHex(v) : undefined,
  );

/** `txid:vout`; the txid as people write it. */
export const outpoint = () =>
  param<{ txid: string; vout: number }>('outpoint', 'should be a txid:outnum', (v) => {
    const m = typeof v === 'string' ? /^([0-9a-fA-F]{64}):(\d{1,6})$/.exec(v) : null;
    return m ? { txid: (m[1] as string).toLowerCase(), vout: Number(m[2]) } : undefined;
  });

/** A label is a string or an integer; either way it is kept as a string. */
export const label = () =>
  param<string>('label', 'should be a string or number', (v) => {
    if (typeof v === 'string') return v;
    return typeof v === 'bigint' || Number.isSafeInteger(v) ? String(v) : undefined;
  });

export const string = () => param<string>('string', 'should be a string', text);

/** An invoice: a `lightning:` in front is taken off; upper case is as good as lower. */
export const bolt11 = () =>
  param<string>('invoice', 'should be an invoice', (v) => {
    if (typeof v !== 'string') return undefined;
    const bare = v.trim().replace(/^lightning:/i, '');
    const lower = bare === bare.toUpperCase() ? bare.toLowerCase() : bare;
    return /^ln[a-z0-9]+$/i.test(lower) ? lower : undefined;
  });

export const boolean = () =>
  param<boolean>('boolean', "should be 'true' or 'false'", (v) => {
    if (v === true || v === 'true') return true;
    return v === false || v === 'false' ? false : undefined;
  });

/** A whole number from `min` (0) to `max` (2^32 - 1). */
export const integer = (min = 0, max = 0xffffffff) =>
  param<number>(
    max === 0xffffffff && min === 0 ? 'u32' : `integer ${min} to ${max}`,
    min === 0 && max === 0xffffffff
      ? 'should be an integer'
      : `should be an integer between ${min} and ${max}`,
    (v) => {
      const n = readInteger(v);
      return n !== undefined && n >= BigInt(min) && n <= BigInt(max) ? Number(n) : undefined;
    },
  );

export const u64 = () =>
  param<bigint>('u64', 'should be an unsigned 64 bit integer', (v) => {
    const n = readInteger(v);
    return n !== undefined && n >= 0n && n < U64 ? n : undefined;
  });

/** A number with a fraction, from `min` to `max`. */
export const number = (min = 0, max = Number.MAX_VALUE) =>
  param<number>('number', min === 0 ? 'should be a positive number' : 'should be a number', (v) => {
    const n = typeof v === 'string' && /^-?\d+(\.\d+)?(e-?\d+)?$/.test(v) ? Number(v) : v;
    if (typeof n === 'bigint') return n >= min && n <= max ? Number(n) : undefined;
    return typeof n === 'number' && n >= min && n <= max ? n : undefined;
  });

/** One of some words. */
export const oneOf = <const T extends string>(...words: readonly T[]) =>
  param<T>(words.join('|'), `should be one of ${words.join(', ')}`, (v) =>
    words.find((w) => w === v),
  );

/** Satoshi per 1000 weight units, or a wish that the node's estimates fulfil. */
export type FeerateChoice =
  | { readonly kind: 'perKw'; readonly perKw: number }
  | { readonly kind: 'target'; readonly target: 'urgent' | 'normal' | 'slow' | 'minimum' }
  | { readonly kind: 'blocks'; readonly blocks: number };

/** What nodes relay at least: 1 sat a virtual byte, rounded up as Core Lightning rounds it. */
const LEAST_PER_KW = 253;

/** `253perkw`, `1000perkb`, a bare number (per kilobyte, as Core Lightning reads it), `urgent`,
 * `normal`, `slow`, `minimum`, or `6blocks`. Below the least that is relayed it means the least. */
export const feerate = () =>
  param<FeerateChoice>(
    'feerate',
    'should be an integer with optional perkw/perkb, blocks, or slow/normal/urgent/minimum',
    (v) => {
      const word = typeof v === 'number' || typeof v === 'bigint' ? String(v) : v;
      if (word === 'urgent' || word === 'normal' || word === 'slow' || word === 'minimum')
        return { kind: 'target', target: word };
      const m = typeof word === 'string' ? /^(\d{1,9})(perkw|perkb|blocks)?$/.exec(word) : null;
      if (!m) return undefined;
      const n = Number(m[1]);
      if (n > 0xffffffff) return undefined;
      if (m[2] === 'blocks') return n > 0 ? { kind: 'blocks', blocks: n } : undefined;
      // A weight unit is a quarter of a virtual byte; what a user names is never rounded below.
      const perKw = m[2] === 'perkw' ? n : Math.ceil(n / 4);
      return { kind: 'perKw', perKw: Math.max(perKw, LEAST_PER_KW) };
    },
  );

/** Arrays and objects in parameters: `array(nodeId())`, `object({ id: nodeId(), ... })`. */
export const array = <T>(item: z.ZodType<T, unknown>) =>
  z.array(item, { error: 'should be an array' });
export const object = <S extends z.ZodRawShape>(shape: S) =>
  z.object(shape, { error: 'should be an object' });

/** An object whose fields may come by other names; `read` makes the value of a field of them. */
export const alsoCalled = <T>(
  item: z.ZodType<T, unknown>,
  names: Readonly<Record<string, (given: Readonly<Record<string, unknown>>) => unknown>>,
): z.ZodType<T, unknown> =>
  z.preprocess((value) => {
    if (typeof value !== 'object' || value === null) return value;
    const given = value as Readonly<Record<string, unknown>>;
    const more = Object.entries(names).map(([name, read]) => [name, given[name] ?? read(given)]);
    return { ...given, ...Object.fromEntries(more) };
  }, item);
