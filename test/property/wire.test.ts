import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, equal } from '../../src/core/bytes/index.js';
import {
  array,
  bool,
  bytes,
  choice,
  combineFeatures,
  decode,
  decodeMessage,
  encode,
  encodeMessage,
  featureBits,
  map,
  nullable,
  optional,
  record,
  setBits,
  signedPart,
  string,
  u8,
  u64,
  uint,
  variant,
  versioned,
} from '../../src/core/wire/index.js';
import { anyMessage, bytesOf, MESSAGE_KINDS, messageOf } from '../support/messages.js';

describe('every message', () => {
  it.each(MESSAGE_KINDS)('%s comes back as it was sent', (kind) => {
    fc.assert(
      fc.property(messageOf(kind), (message) => {
        const raw = encodeMessage(message);
        const result = decodeMessage(raw);
        if (!result.ok) throw new Error(JSON.stringify(result.error));
        const { raw: kept, ...rest } = result.value as typeof message & { raw?: Uint8Array };
        expect(rest).toEqual({ ...message, ...sortedUnknown(message) });
        if (kept !== undefined) expect(equal(kept, raw)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('cut short anywhere is refused or read, never thrown', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, at) => {
        const raw = encodeMessage(message);
        decodeMessage(raw.slice(0, at % raw.length));
      }),
      { numRuns: 3000 },
    );
  });

  it('with bytes changed is refused or read, never thrown', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyMessage, changes, (message, list) => {
        const raw = encodeMessage(message).slice();
        for (const [at, value] of list) raw[2 + (at % (raw.length - 2))] = value;
        const result = decodeMessage(raw);
        // What was read can be written again and reads the same.
        if (!result.ok || result.value.kind === 'unknown') return;
        const again = decodeMessage(encodeMessage(result.value));
        expect(again.ok && strip(again.value)).toEqual(strip(result.value));
      }),
      { numRuns: 3000 },
    );
  });

  it('random bytes are refused or read, never thrown', () => {
    fc.assert(
      fc.property(bytesOf(0, 400), (raw) => {
        decodeMessage(raw);
      }),
      { numRuns: 3000 },
    );
  });

  it('gossip with unknown bytes behind it keeps them, for the signature and for the relay', () => {
    const gossip = fc
      .constantFrom('channelAnnouncement', 'nodeAnnouncement', 'channelUpdate')
      .chain((kind) => messageOf(kind as 'channelUpdate'));
    fc.assert(
      fc.property(gossip, bytesOf(1, 50), (message, extra) => {
        const raw = concat(encodeMessage(message), extra);
        const result = decodeMessage(raw);
        if (!result.ok || result.value.kind !== message.kind) throw new Error('not read');
        const read = result.value as typeof message;
        expect(equal(encodeMessage(read), raw)).toBe(true);
        expect(signedPart(read as never).slice(-extra.length)).toEqual(extra);
      }),
    );
  });
});

function strip(message: object): object {
  const { raw: _, ...rest } = message as { raw?: Uint8Array };
  return rest;
}

function sortedUnknown(message: object): object {
  const { tlvs } = message as { tlvs?: { unknown?: readonly { type: bigint }[] } };
  if (tlvs?.unknown === undefined) return {};
  const unknown = [...tlvs.unknown].sort((a, b) => (a.type < b.type ? -1 : 1));
  return { tlvs: { ...tlvs, unknown } };
}

describe('what the store keeps', () => {
  const codec = versioned(
    4,
    record({
      name: string,
      count: uint,
      status: choice('open', 'closed'),
      note: optional(string),
      spent: nullable(u64),
      list: array(record({ a: u8, b: bytes })),
      byName: map(string, bool),
      origin: variant({ local: [0, { id: uint }], relayed: [1, { from: bytes }] }),
    }),
  );
  const value = fc.record(
    {
      name: fc.string({ unit: 'grapheme' }),
      count: fc.maxSafeNat(),
      status: fc.constantFrom('open' as const, 'closed' as const),
      note: fc.string(),
      spent: fc.option(fc.bigInt(0n, 2n ** 64n - 1n)),
      list: fc.array(fc.record({ a: fc.nat(255), b: bytesOf(0, 20) })),
      byName: fc.array(fc.tuple(fc.string(), fc.boolean())).map((pairs) => new Map(pairs)),
      origin: fc.oneof(
        fc.record({ kind: fc.constant('local' as const), id: fc.nat() }),
        fc.record({ kind: fc.constant('relayed' as const), from: bytesOf(0, 9) }),
      ),
    },
    { requiredKeys: ['name', 'count', 'status', 'spent', 'list', 'byName', 'origin'] },
  );

  it('comes back as it was', () => {
    fc.assert(
      fc.property(value, (v) => {
        expect(decode(codec, encode(codec, v as never))).toEqual({ ok: true, value: v });
      }),
      { numRuns: 300 },
    );
  });

  it('cut short is refused', () => {
    fc.assert(
      fc.property(value, fc.nat(), (v, at) => {
        const raw = encode(codec, v as never);
        expect(decode(codec, raw.slice(0, at % raw.length)).ok).toBe(false);
      }),
    );
  });

  it('random bytes never throw', () => {
    fc.assert(
      fc.property(bytesOf(0, 200), (raw) => {
        decode(codec, concat(Uint8Array.of(0, 4), raw));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('feature vectors', () => {
  const bits = fc.uniqueArray(fc.nat(300));

  it('hold exactly the bits that were set, in the fewest bytes', () => {
    fc.assert(
      fc.property(bits, (list) => {
        const vector = featureBits(list);
        expect(setBits(vector)).toEqual([...list].sort((a, b) => a - b));
        if (vector.length > 0) expect(vector[0]).not.toBe(0);
      }),
    );
  });

  it('combine to the union', () => {
    fc.assert(
      fc.property(bits, bits, (a, b) => {
        const union = [...new Set([...a, ...b])];
        expect(combineFeatures(featureBits(a), featureBits(b))).toEqual(featureBits(union));
      }),
    );
  });
});
