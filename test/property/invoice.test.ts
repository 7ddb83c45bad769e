import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, msat, type ShortChannelId, toHex } from '../../src/core/bytes/index.js';
import { publicKeyFromPrivate, signRecoverable } from '../../src/core/crypto/index.js';
import {
  decodeInvoice,
  encodeInvoice,
  formatAmount,
  type InvoiceTerms,
  parseAmount,
} from '../../src/core/invoice/index.js';

const key = new Uint8Array(32).fill(0x42);
const payee = publicKeyFromPrivate(key)!;
const sign = (digest: Bytes) => signRecoverable(key, digest)!;

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hop = fc.record({
  nodeId: fc.constant(payee),
  shortChannelId: fc.bigInt(0n, 2n ** 64n - 1n).map((n) => n as ShortChannelId),
  feeBaseMsat: fc.integer({ min: 0, max: 0xffffffff }),
  feeProportionalMillionths: fc.integer({ min: 0, max: 0xffffffff }),
  cltvExpiryDelta: fc.integer({ min: 0, max: 0xffff }),
});
const fallback = fc.oneof(
  fc.record({ version: fc.constantFrom(0, 17, 18), program: bytes(20) }),
  fc.record({
    version: fc.integer({ min: 1, max: 16 }),
    program: fc.uint8Array({ minLength: 2, maxLength: 40 }),
  }),
);
const described = fc.oneof(
  fc.record({ description: fc.string({ unit: 'grapheme', maxLength: 100 }) }),
  fc.record({ descriptionHash: bytes(32) }),
);
const optional = fc.record(
  {
    amountMsat: fc.bigInt(1n, 2_100_000_000_000_000_000n).map(msat),
    metadata: fc.uint8Array({ minLength: 1, maxLength: 600 }),
  },
  { requiredKeys: [] },
);
const required = fc.record({
  prefix: fc.constantFrom('bc' as const, 'tb' as const, 'tbs' as const, 'bcrt' as const),
  timestamp: fc.integer({ min: 0, max: 2 ** 35 - 1 }),
  paymentHash: bytes(32),
  paymentSecret: bytes(32),
  expiry: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  minFinalCltvExpiryDelta: fc.integer({ min: 1, max: 0xffffffff }),
  fallbacks: fc.array(fallback, { maxLength: 3 }),
  routeHints: fc.array(fc.array(hop, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
  features: fc.constantFrom(Uint8Array.of(0x41, 0), Uint8Array.of(2, 0x41, 0), new Uint8Array(0)),
  unknown: fc.array(
    fc.record({
      tag: fc.constantFrom(0, 2, 4, 7),
      words: fc.array(fc.integer({ min: 0, max: 31 }), { maxLength: 40 }),
    }),
    { maxLength: 2 },
  ),
});

describe('invoices', () => {
  it('what is written is read alike, with and without the payee named', () => {
    fc.assert(
      fc.property(required, described, optional, fc.boolean(), (a, b, c, named) => {
        const terms = { ...a, ...b, ...c } as InvoiceTerms;
        const written = encodeInvoice(terms, sign, named ? { payee } : {});
        if (!written.ok) throw new Error(JSON.stringify(written.error));
        for (const text of [written.value, written.value.toUpperCase()]) {
          const read = decodeInvoice(text);
          if (!read.ok) throw new Error(JSON.stringify(read.error));
          const { payee: by, namesPayee, signature: _, ...rest } = read.value;
          expect(rest).toEqual(terms);
          expect(toHex(by)).toBe(toHex(payee));
          expect(namesPayee).toBe(named);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('one changed letter never passes as the same invoice', () => {
    const terms: InvoiceTerms = {
      prefix: 'bcrt',
      amountMsat: msat(1500),
      timestamp: 1,
      paymentHash: new Uint8Array(32),
      paymentSecret: new Uint8Array(32),
      description: 'tea',
      expiry: 60,
      minFinalCltvExpiryDelta: 18,
      fallbacks: [],
      routeHints: [],
      features: new Uint8Array(0),
      unknown: [],
    };
    const written = encodeInvoice(terms, sign);
    if (!written.ok) throw new Error(written.error.code);
    const text = written.value;
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(31), (at, word) => {
        const letter = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'[word]!;
        if (text[at] === letter) return;
        expect(decodeInvoice(text.slice(0, at) + letter + text.slice(at + 1)).ok).toBe(false);
      }),
    );
  });

  it('any string gets an answer', () => {
    fc.assert(fc.property(fc.string(), (text) => !decodeInvoice(`lnbc1${text}`).ok));
  });

  it('amounts are exact, both ways, in their shortest form', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2_100_000_000_000_000_000n), (amount) => {
        const text = formatAmount(msat(amount))!;
        const [, digits, multiplier] = /^(\d+)([munp]?)$/.exec(text)!;
        expect(parseAmount(digits!, multiplier!)).toEqual({ ok: true, value: amount });
      }),
    );
    expect(formatAmount(msat(1))).toBe('10p');
    expect(formatAmount(msat(100_000_000_000))).toBe('1');
    expect(formatAmount(msat(0))).toBeUndefined();
    expect(parseAmount('01', 'm').ok).toBe(false);
    expect(parseAmount('0', '').ok).toBe(false);
    expect(parseAmount('', 'm').ok).toBe(false);
    expect(parseAmount('21000001', '').ok).toBe(false);
  });
});
