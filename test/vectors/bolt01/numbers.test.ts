/** BOLT 1, appendices A (bigsize) and D (signed integers). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../../../src/core/bytes/index.js';
import {
  bigsize,
  type Codec,
  decode,
  encode,
  mapped,
  s8,
  s16,
  s32,
  s64,
} from '../../../src/core/wire/index.js';

const load = (name: string) =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as unknown;

interface Case {
  readonly name: string;
  readonly value: string;
  readonly bytes: string;
  readonly exp_error?: string;
}

const { decode: decoding, encode: encoding } = load('bigsize.json') as {
  decode: Case[];
  encode: Case[];
};

describe('BOLT 1 appendix A: bigsize', () => {
  it.each(decoding)('decoding: $name', ({ value, bytes, exp_error }) => {
    const result = decode(bigsize, hex(bytes));
    if (exp_error === undefined) expect(result).toEqual({ ok: true, value: BigInt(value) });
    else
      expect(result).toEqual({
        ok: false,
        error: { code: exp_error.includes('canonical') ? 'not_minimal' : 'truncated' },
      });
  });

  it.each(encoding)('encoding: $name', ({ value, bytes }) => {
    expect(toHex(encode(bigsize, BigInt(value)))).toBe(bytes);
  });
});

const wide = (codec: Codec<number>): Codec<bigint> => mapped(codec, BigInt, Number);
const byWidth: Record<number, Codec<bigint>> = { 1: wide(s8), 2: wide(s16), 4: wide(s32), 8: s64 };

describe('BOLT 1 appendix D: signed integers', () => {
  it.each(load('signed.json') as Case[])('$value', ({ value, bytes }) => {
    const codec = byWidth[bytes.length / 2] as Codec<bigint>;
    expect(decode(codec, hex(bytes))).toEqual({ ok: true, value: BigInt(value) });
    expect(toHex(encode(codec, BigInt(value)))).toBe(bytes);
  });
});
