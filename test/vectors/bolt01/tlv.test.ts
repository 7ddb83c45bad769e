/** BOLT 1, appendices B (TLV streams) and C (message extension). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../../../src/core/bytes/index.js';
import {
  type Codec,
  decode,
  decodeMessage,
  encode,
  encodeMessage,
  point,
  record,
  scid,
  tlvStream,
  tu32,
  tu64,
  u16,
  u64,
} from '../../../src/core/wire/index.js';

const load = (name: string) =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as unknown;

interface Case {
  readonly namespace: 'n1' | 'n2' | 'any';
  readonly valid: boolean;
  readonly stream: string;
  readonly note: string;
}

const n1 = tlvStream({
  tlv1: [1, tu64],
  tlv2: [2, scid],
  tlv3: [3, record({ nodeId: point, amountMsat1: u64, amountMsat2: u64 })],
  tlv4: [254, u16],
});
const n2 = tlvStream({ tlv1: [0, tu64], tlv2: [11, tu32] });

const cases = load('tlv.json') as Case[];
const valid = cases.filter((c) => c.valid);
const invalid = cases.filter((c) => !c.valid);

const namespaces = (c: Case): Codec<object>[] =>
  c.namespace === 'n1' ? [n1] : c.namespace === 'n2' ? [n2] : [n1, n2];

const CODES: readonly [RegExp, string][] = [
  [/^not minimally|is not minimal$/, 'not_minimal'],
  [/truncated|missing|^less than/, 'truncated'],
  [/^greater than/, 'trailing_bytes'],
  [/^unknown even/, 'unknown_even_tlv'],
  [/ordering|duplicate/, 'tlv_order'],
  [/not a valid point/, 'bad_point'],
];

describe('BOLT 1 appendix B: TLV streams', () => {
  it.each(invalid)('refused: $stream ($note)', (c) => {
    const code = CODES.find(([pattern]) => pattern.test(c.note))?.[1];
    expect(code).toBeDefined();
    for (const codec of namespaces(c))
      expect(decode(codec, hex(c.stream))).toMatchObject({ ok: false, error: { code } });
  });

  it.each(valid)('read: $stream ($note)', (c) => {
    for (const codec of namespaces(c)) {
      const result = decode(codec, hex(c.stream));
      if (!result.ok) throw new Error(result.error.code);
      expect(toHex(encode(codec, result.value))).toBe(c.stream);
      if (c.namespace === 'any') continue;
      expect(notation(result.value)).toBe(c.note);
    }
  });

  it('an invalid stream behind a valid one is refused', () => {
    for (const a of valid.filter((c) => c.namespace === 'n1'))
      for (const b of invalid.filter((c) => c.namespace !== 'n2'))
        expect(decode(n1, concat(hex(a.stream), hex(b.stream))).ok).toBe(false);
  });

  it('a valid stream behind one of lower types is read', () => {
    const streams = valid.filter((c) => c.stream !== '' && c.namespace !== 'n2');
    const first = (c: Case) => {
      const type = /^(?:fd(....)|fe(.{8})|ff(.{16})|(..))/.exec(c.stream) as RegExpExecArray;
      return BigInt(`0x${type.slice(1).find((group) => group !== undefined)}`);
    };
    let count = 0;
    for (const a of streams)
      for (const b of streams) {
        const result = decode(n1, concat(hex(a.stream), hex(b.stream)));
        expect(result.ok).toBe(first(a) < first(b));
        count++;
      }
    expect(count).toBe(streams.length ** 2);
  });
});

/** A decoded n1 stream as the appendix writes it. */
function notation(value: object): string {
  const { tlv1, tlv2, tlv3, tlv4 } = value as {
    tlv1?: bigint;
    tlv2?: bigint;
    tlv3?: { nodeId: Uint8Array; amountMsat1: bigint; amountMsat2: bigint };
    tlv4?: number;
  };
  if (tlv1 !== undefined) return `\`tlv1\` \`amount_msat\`=${tlv1}`;
  if (tlv2 !== undefined)
    return `\`tlv2\` \`scid\`=${tlv2 >> 40n}x${(tlv2 >> 16n) & 0xffffffn}x${tlv2 & 0xffffn}`;
  if (tlv3 !== undefined)
    return `\`tlv3\` \`node_id\`=${toHex(tlv3.nodeId)} \`amount_msat_1\`=${tlv3.amountMsat1} \`amount_msat_2\`=${tlv3.amountMsat2}`;
  return `\`tlv4\` \`cltv_delta\`=${tlv4}`;
}

describe('BOLT 1 appendix C: message extension', () => {
  const extension = load('extension.json') as {
    valid: string[];
    invalid: { hex: string; note: string }[];
  };

  it.each(extension.valid)('read: %s', (text) => {
    const result = decodeMessage(hex(text));
    if (!result.ok || result.value.kind !== 'init') throw new Error('not an init');
    expect(toHex(encodeMessage(result.value))).toBe(text);
  });

  it.each(extension.invalid)('refused: $hex ($note)', ({ hex: text }) => {
    expect(decodeMessage(hex(text))).toMatchObject({ ok: false, error: { messageType: 16 } });
  });
});
