import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, concat, err, type Result, toHex } from '../../../src/core/bytes/index.js';
import { ecdh, publicKeyFromPrivate, sha256 } from '../../../src/core/crypto/index.js';
import {
  buildOnion,
  type CompletePayload,
  checkPayload,
  createFailure,
  decodeHopPayload,
  encodeHopPayload,
  invalidPayload,
  type PayloadError,
  type Peeled,
  peel,
  readFailure,
  relayFailure,
} from '../../../src/core/onion/index.js';

const key = (n: number): Bytes => new Uint8Array(32).fill(n);
const node = (n: number): Bytes => publicKeyFromPrivate(key(n))!;
const keyOf = (n: number) => (point: Bytes) => ecdh(key(n), point)!;
const associatedData = key(9);

function onion(payloads: readonly Bytes[], payloadsLength?: number) {
  const built = buildOnion({
    hops: payloads.map((payload, i) => ({ nodeId: node(i + 1), payload })),
    sessionKey: key(7),
    associatedData,
    ...(payloadsLength !== undefined && { payloadsLength }),
  });
  if (!built.ok) throw new Error(built.error.code);
  return built.value;
}

const one = () => onion([Uint8Array.of(2, 1, 1), Uint8Array.of(2, 1, 2)]).packet;
const changed = (at: number): Bytes => {
  const packet = one();
  packet[at]! ^= 0xff;
  return packet;
};

describe('peel', () => {
  const options = { associatedData, ecdh: keyOf(1) };

  it.each([
    ['version 1', changed(0), 'bad_version', 0xc004],
    ['no packet at all', new Uint8Array(0), 'bad_version', 0xc004],
    ['a packet without payloads', one().slice(0, 66), 'bad_version', 0xc004],
    ['a key that is no point', changed(1), 'bad_key', 0xc006],
    ['changed payloads', changed(700), 'bad_hmac', 0xc005],
    ['a changed HMAC', changed(1365), 'bad_hmac', 0xc005],
    ['a packet cut short', one().slice(0, 1300), 'bad_hmac', 0xc005],
  ])('receive an onion (%s)', (_, packet, code, failureCode) => {
    expect(peel(packet, options)).toEqual({
      ok: false,
      error: { code, failureCode, sha256OfOnion: sha256(packet) },
    });
  });

  it('receive an onion for another payment hash', () => {
    const result = peel(one(), { ...options, associatedData: key(8) });
    expect(result).toMatchObject({ ok: false, error: { code: 'bad_hmac' } });
  });

  it('receive an onion for another node', () => {
    const result = peel(one(), { ...options, ecdh: keyOf(2) });
    expect(result).toMatchObject({ ok: false, error: { code: 'bad_hmac' } });
  });

  it('any bytes get an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1400 }), fc.boolean(), (bytes, versioned) => {
        const packet = versioned ? concat(Uint8Array.of(0), node(3), bytes) : bytes;
        expect(peel(packet, options).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('every route of random payloads arrives whole, in packets of any size', () => {
    const payloads = fc.array(fc.uint8Array({ minLength: 2, maxLength: 300 }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(payloads, fc.integer({ min: 2700, max: 4000 }), (sent, size) => {
        let packet: Bytes | undefined = onion(sent, size).packet;
        for (const [i, payload] of sent.entries()) {
          expect(packet!.length).toBe(size + 66);
          const peeled = peel(packet!, { associatedData, ecdh: keyOf(i + 1) }) as {
            ok: true;
            value: Peeled;
          };
          expect(peeled.ok && toHex(peeled.value.payload)).toBe(toHex(payload));
          packet = peeled.value.next;
        }
        expect(packet).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });
});

describe('build', () => {
  const build = (payloads: readonly Bytes[], sessionKey = key(7)) =>
    buildOnion({ hops: payloads.map((payload) => ({ nodeId: node(1), payload })), sessionKey });

  it('1300 bytes fit, one more does not', () => {
    expect(build([new Uint8Array(1265)]).ok).toBe(true);
    expect(build([new Uint8Array(1266)])).toEqual({
      ok: false,
      error: { code: 'payloads_too_long', maximum: 1300, actual: 1301 },
    });
  });

  it('the legacy payload (length 0) is not made', () => {
    expect(build([new Uint8Array(0)])).toEqual({
      ok: false,
      error: { code: 'payload_too_short', index: 0 },
    });
  });

  it('bad keys are named', () => {
    expect(build([new Uint8Array(2)], new Uint8Array(32))).toMatchObject({
      error: { code: 'bad_session_key' },
    });
    const hops = [{ nodeId: new Uint8Array(33), payload: new Uint8Array(2) }];
    expect(buildOnion({ hops, sessionKey: key(1) })).toMatchObject({
      error: { code: 'bad_node_id', index: 0 },
    });
    expect(build([])).toMatchObject({ error: { code: 'no_hops' } });
  });
});

describe('the payload of a hop', () => {
  function read(bytes: Bytes, final: boolean): Result<CompletePayload, PayloadError> {
    const payload = decodeHopPayload(bytes);
    if (payload.ok) return checkPayload(payload.value, final);
    return err(invalidPayload(payload.error.tlvType ?? 0n, payload.error.tlvOffset));
  }

  const complete = encodeHopPayload({ amtToForward: 1000n as never, outgoingCltvValue: 500 });

  it.each([
    ['nothing', '', false, 2n, 0],
    ['no expiry', '020203e8', true, 4n, 0],
    ['no channel, in the middle', toHex(complete), false, 6n, 0],
    ['an unknown even record', `${toHex(complete)}640101`, true, 100n, 8],
    ['records out of order', '040201f4020203e8', true, 2n, 4],
    ['an amount that is not minimal', '02020001', true, 2n, 0],
    ['a record that is cut off', '020303e8', true, 2n, 0],
    ['a blinded path', `${toHex(complete)}0a0101`, true, 10n, 0],
  ])('receive an onion payload (%s)', (_, bytes, final, type, offset) => {
    expect(read(Buffer.from(bytes, 'hex'), final)).toEqual({
      ok: false,
      error: { code: 'invalid_onion_payload', type, offset },
    });
  });

  it('receive an onion payload (complete, with an unknown odd record)', () => {
    const bytes = concat(complete, Uint8Array.of(101, 1, 9));
    expect(read(bytes, true)).toEqual({
      ok: true,
      value: {
        amtToForward: 1000n,
        outgoingCltvValue: 500,
        unknown: [{ type: 101n, value: Uint8Array.of(9) }],
      },
    });
  });
});

describe('a failure on its way back', () => {
  const secrets = [11, 12, 13, 14].map(key);
  const failure = { kind: 'mppTimeout' } as const;

  it('is read as that of the hop that made it, wherever that is', () => {
    for (let i = 0; i < secrets.length; i++) {
      let reason = createFailure(secrets[i]!, failure);
      expect(reason.length).toBe(292);
      for (const secret of secrets.slice(0, i).reverse()) reason = relayFailure(secret, reason);
      expect(readFailure(secrets, reason)).toMatchObject({
        ok: true,
        value: { index: i, failure },
      });
    }
  });

  it('is unreadable where a byte was changed, or there is none', () => {
    const reason = createFailure(secrets[0]!, failure);
    reason[50]! ^= 1;
    for (const bytes of [reason, new Uint8Array(0), new Uint8Array(31)])
      expect(readFailure(secrets, bytes)).toEqual({
        ok: false,
        error: { code: 'unreadable_reply' },
      });
  });
});
