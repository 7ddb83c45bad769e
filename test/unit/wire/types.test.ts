import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Msat, ShortChannelId } from '../../../src/core/bytes/index.js';
import {
  array,
  bool,
  decode,
  encode,
  type Infer,
  type Message,
  type MessageOf,
  mapped,
  msat,
  optional,
  record,
  string,
  type TlvRecord,
  u8,
  u32,
  variant,
  versioned,
} from '../../../src/core/wire/index.js';

describe('the types that declarations give', () => {
  it('a message has its kind, its fields and its known TLVs', () => {
    expectTypeOf<MessageOf<'updateFee'>>().toEqualTypeOf<{
      readonly kind: 'updateFee';
      readonly channelId: Uint8Array;
      readonly feeratePerKw: number;
    }>();
    expectTypeOf<MessageOf<'channelReady'>['tlvs']>().toEqualTypeOf<{
      readonly shortChannelId?: ShortChannelId;
      readonly unknown?: readonly TlvRecord[];
    }>();
    expectTypeOf<MessageOf<'updateAddHtlc'>['amountMsat']>().toEqualTypeOf<Msat>();
    expectTypeOf<MessageOf<'channelUpdate'>>().toHaveProperty('raw');
    const narrowed = (message: Message) =>
      message.kind === 'ping' ? message.numPongBytes : undefined;
    expectTypeOf(narrowed).returns.toEqualTypeOf<number | undefined>();
  });

  it('optional fields of a record may be left out, and come back left out', () => {
    const codec = record({ a: u8, b: optional(string), c: array(record({ d: bool })) });
    expectTypeOf<Infer<typeof codec>>().toEqualTypeOf<{
      readonly a: number;
      readonly b?: string;
      readonly c: readonly { readonly d: boolean }[];
    }>();
    const value = { a: 1, c: [{ d: true }] };
    expect(decode(codec, encode(codec, value))).toEqual({ ok: true, value });
  });

  it('a variant is a union by kind', () => {
    const codec = variant({ local: [0, { id: u32 }], relayed: [1, { amount: msat }] });
    expectTypeOf<Infer<typeof codec>>().toEqualTypeOf<
      | { readonly kind: 'local'; readonly id: number }
      | { readonly kind: 'relayed'; readonly amount: Msat }
    >();
    const value = { kind: 'local', id: 7 } as const;
    expect(decode(codec, encode(codec, value))).toEqual({ ok: true, value });
  });
});

describe('versioned records', () => {
  const v1 = record({ name: string });
  const v2 = record({ name: string, count: u32 });
  const codec = versioned(2, v2, {
    1: mapped(
      v1,
      (old) => ({ ...old, count: 0 }),
      ({ name }) => ({ name }),
    ),
  });

  it('an old version is read as the present type', () => {
    const old = encode(versioned(1, v1), { name: 'a' });
    expect(decode(codec, old)).toEqual({ ok: true, value: { name: 'a', count: 0 } });
  });

  it('the present version is written', () => {
    expect(encode(codec, { name: 'a', count: 3 }).slice(0, 2)).toEqual(Uint8Array.of(0, 2));
  });

  it('a version from the future is refused', () => {
    expect(decode(codec, Uint8Array.of(0, 3, 1, 97))).toEqual({
      ok: false,
      error: { code: 'unknown_version' },
    });
  });
});
