import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { encodeJson, JsonSplitter, parseJson } from '../../../src/rpc/json.js';
import * as p from '../../../src/rpc/params.js';

const read = (schema: z.ZodType, value: unknown): unknown => {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : 'refused';
};
const id = `02${'aB'.repeat(32)}`;

describe('parameter types', () => {
  it.each([
    [p.msat(), 1000, 1000n],
    [p.msat(), '1000', 1000n],
    [p.msat(), '1000msat', 1000n],
    [p.msat(), '1sat', 1000n],
    [p.msat(), '1.5sat', 1500n],
    [p.msat(), '0.001btc', 100_000_000n],
    [p.msat(), '0.00000000001btc', 1n],
    [p.msat(), (1n << 64n) - 1n, (1n << 64n) - 1n],
    [p.msat(), 1n << 64n, 'refused'],
    [p.msat(), -1, 'refused'],
    [p.msat(), 1.5, 'refused'],
    [p.msat(), '1.5msat', 'refused'],
    [p.msat(), '0.0001sat', 'refused'],
    [p.msat(), '1 sat', 'refused'],
    [p.msat(), '0x10', 'refused'],
    [p.msat(), '', 'refused'],
    [p.msat(), 'any', 'refused'],
    [p.msat(), undefined, 'refused'],
    [p.msatOrAny(), 'any', 'any'],
    [p.msatOrAny(), '2sat', 2000n],
    [p.sat(), 1000, 1000n],
    [p.sat(), '1000sat', 1000n],
    [p.sat(), '1000000msat', 1000n],
    [p.sat(), '1500msat', 'refused'],
    [p.sat(), '0.5btc', 50_000_000n],
    [p.sat(), 1n << 60n, 'refused'],
    [p.satOrAll(), 'all', 'all'],
    [p.nodeId(), id, id.toLowerCase()],
    [p.nodeId(), id.slice(2), 'refused'],
    [p.nodeId(), `04${id.slice(2)}`, 'refused'],
    [p.scid(), '103x2x1', (103n << 40n) | (2n << 16n) | 1n],
    [p.scid(), '103:2:1', (103n << 40n) | (2n << 16n) | 1n],
    [p.scid(), '16777216x0x0', 'refused'],
    [p.scid(), '1x1', 'refused'],
    [p.scidDir(), '1x1x1/1', { scid: (1n << 40n) | (1n << 16n) | 1n, direction: 1 }],
    [p.scidDir(), '1x1x1/2', 'refused'],
    [p.hash32(), 'AB'.repeat(32), 'ab'.repeat(32)],
    [p.hash32(), 'ab'.repeat(31), 'refused'],
    [p.hex(), '00ff', Uint8Array.of(0, 255)],
    [p.hex(), '00f', 'refused'],
    [p.label(), 'coffee', 'coffee'],
    [p.label(), 17, '17'],
    [p.label(), 12345678901234567890n, '12345678901234567890'],
    [p.label(), 1.5, 'refused'],
    [p.label(), {}, 'refused'],
    [p.bolt11(), 'LIGHTNING:LNBC1ABC', 'lnbc1abc'],
    [p.bolt11(), 'lnbcrt1abc', 'lnbcrt1abc'],
    [p.bolt11(), 'ab'.repeat(32), 'refused'],
    [p.boolean(), true, true],
    [p.boolean(), 'false', false],
    [p.boolean(), 1, 'refused'],
    [p.integer(), '7', 7],
    [p.integer(), 4294967296, 'refused'],
    [p.integer(1, 20), 0, 'refused'],
    [p.integer(1, 20), 20, 20],
    [p.number(0), '0.5', 0.5],
    [p.number(0), -1, 'refused'],
    [p.number(0), 'NaN', 'refused'],
    [p.feerate(), '253perkw', { kind: 'perKw', perKw: 253 }],
    [p.feerate(), '1000perkb', { kind: 'perKw', perKw: 253 }],
    [p.feerate(), '1perkw', { kind: 'perKw', perKw: 253 }],
    [p.feerate(), 5001, { kind: 'perKw', perKw: 1251 }],
    [p.feerate(), 'urgent', { kind: 'target', target: 'urgent' }],
    [p.feerate(), '6blocks', { kind: 'blocks', blocks: 6 }],
    [p.feerate(), '0blocks', 'refused'],
    [p.feerate(), 'fast', 'refused'],
    [p.outpoint(), `${'AB'.repeat(32)}:1`, { txid: 'ab'.repeat(32), vout: 1 }],
    [p.outpoint(), 'ab:1', 'refused'],
    [p.oneOf('paid', 'unpaid'), 'paid', 'paid'],
    [p.oneOf('paid', 'unpaid'), 'pending', 'refused'],
    [p.array(p.integer()), [1, '2'], [1, 2]],
    [p.array(p.integer()), 1, 'refused'],
    [p.msat().optional(), undefined, undefined],
    [p.integer().default(9), undefined, 9],
  ])('%# reads what it should', (schema, value, wanted) => {
    expect(read(schema as z.ZodType, value)).toEqual(wanted);
  });
});

describe('JSON', () => {
  it('writes bigint as integers, bytes as hex, and leaves undefined out', () => {
    const value = {
      a: (1n << 64n) - 1n,
      b: undefined,
      c: [null, 'é"\n', 1.5],
      d: Uint8Array.of(1),
    };
    expect(encodeJson(value)).toBe('{"a":18446744073709551615,"c":[null,"é\\"\\n",1.5],"d":"01"}');
  });

  it('reads integers beyond 2^53 exactly, and only those as bigint', () => {
    const text = '{"a":18446744073709551615,"b":"18446744073709551615","c":-12345678901234567890}';
    expect(parseJson(text)).toEqual({
      a: 18446744073709551615n,
      b: '18446744073709551615',
      c: -12345678901234567890n,
    });
    expect(parseJson('[9007199254740991,1234567890123456.5,1e20]')).toEqual([
      9007199254740991, 1234567890123456.5, 1e20,
    ]);
  });

  it('reads a string of many megabytes beside a large number, and many numbers, in time', () => {
    const long = 'x'.repeat(12_000_000);
    const started = performance.now();
    expect(parseJson(`{"a":18446744073709551615,"b":"${long}"}`)).toEqual({
      a: 18446744073709551615n,
      b: long,
    });
    const many = parseJson(`[${'1,'.repeat(2_000_000)}18446744073709551615]`) as unknown[];
    expect([many.length, many.at(-1)]).toEqual([2_000_001, 18446744073709551615n]);
    expect(performance.now() - started).toBeLessThan(4000);
  });

  it.each([
    ['{"a":"\\u0000int:5","b":18446744073709551615}', { a: '\0int:5', b: 18446744073709551615n }],
    [
      '{"a\\"1234567890123456789":"\\\\","b":[18446744073709551615]}',
      {
        'a"1234567890123456789': '\\',
        b: [18446744073709551615n],
      },
    ],
    [
      '[1.12345678901234567890,12345678901234567890e2]',
      [1.1234567890123457, 1.2345678901234568e21],
    ],
  ])('takes nothing else for a large number: %s', (text, wanted) => {
    expect(parseJson(text)).toEqual(wanted);
  });

  it('keeps a field called __proto__ a field', () => {
    const read = parseJson('{"__proto__":18446744073709551615}') as object;
    expect(Object.entries(read)).toEqual([['__proto__', 18446744073709551615n]]);
    expect(() => parseJson('{"a":018446744073709551615}')).toThrow(SyntaxError);
  });

  it('cuts a stream wherever its chunks end', () => {
    const texts = ['{"a":"}\\"{"}', '[1,[2]]', '{"ü":1}'];
    const bytes = Buffer.from(texts.join(' \n'));
    for (let size = 1; size < bytes.length; size++) {
      const splitter = new JsonSplitter(1000);
      const out = [];
      for (let at = 0; at < bytes.length; at += size)
        out.push(...splitter.push(bytes.subarray(at, at + size)));
      expect(out).toEqual(texts.map((text) => ({ text })));
    }
  });
});
