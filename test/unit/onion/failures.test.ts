import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, msat, toHex } from '../../../src/core/bytes/index.js';
import {
  decodeFailure,
  encodeFailure,
  type FailureMessage,
  failureCode,
  failureName,
} from '../../../src/core/onion/index.js';

const hash = new Uint8Array(32).fill(3);
const update = Uint8Array.of(1, 2, 3);

/** Each failure of BOLT 4 with its code there and its data. */
const FAILURES: readonly (readonly [number, string, FailureMessage, string])[] = [
  [0x2002, 'temporary_node_failure', { kind: 'temporaryNodeFailure' }, ''],
  [0x6002, 'permanent_node_failure', { kind: 'permanentNodeFailure' }, ''],
  [0x6003, 'required_node_feature_missing', { kind: 'requiredNodeFeatureMissing' }, ''],
  [
    0xc004,
    'invalid_onion_version',
    { kind: 'invalidOnionVersion', sha256OfOnion: hash },
    toHex(hash),
  ],
  [0xc005, 'invalid_onion_hmac', { kind: 'invalidOnionHmac', sha256OfOnion: hash }, toHex(hash)],
  [0xc006, 'invalid_onion_key', { kind: 'invalidOnionKey', sha256OfOnion: hash }, toHex(hash)],
  [
    0x1007,
    'temporary_channel_failure',
    { kind: 'temporaryChannelFailure', channelUpdate: update },
    '0003010203',
  ],
  [0x4008, 'permanent_channel_failure', { kind: 'permanentChannelFailure' }, ''],
  [0x4009, 'required_channel_feature_missing', { kind: 'requiredChannelFeatureMissing' }, ''],
  [0x400a, 'unknown_next_peer', { kind: 'unknownNextPeer' }, ''],
  [
    0x100b,
    'amount_below_minimum',
    { kind: 'amountBelowMinimum', htlcMsat: msat(5), channelUpdate: update },
    '00000000000000050003010203',
  ],
  [
    0x100c,
    'fee_insufficient',
    { kind: 'feeInsufficient', htlcMsat: msat(5), channelUpdate: update },
    '00000000000000050003010203',
  ],
  [
    0x100d,
    'incorrect_cltv_expiry',
    { kind: 'incorrectCltvExpiry', cltvExpiry: 700000, channelUpdate: update },
    '000aae600003010203',
  ],
  [0x100e, 'expiry_too_soon', { kind: 'expiryTooSoon', channelUpdate: new Uint8Array(0) }, '0000'],
  [
    0x400f,
    'incorrect_or_unknown_payment_details',
    { kind: 'incorrectOrUnknownPaymentDetails', htlcMsat: msat(100), height: 800000 },
    '0000000000000064000c3500',
  ],
  [
    18,
    'final_incorrect_cltv_expiry',
    { kind: 'finalIncorrectCltvExpiry', cltvExpiry: 700000 },
    '000aae60',
  ],
  [
    19,
    'final_incorrect_htlc_amount',
    { kind: 'finalIncorrectHtlcAmount', incomingHtlcAmt: msat(7) },
    '0000000000000007',
  ],
  [
    0x1014,
    'channel_disabled',
    { kind: 'channelDisabled', disabledFlags: 0, channelUpdate: update },
    '00000003010203',
  ],
  [21, 'expiry_too_far', { kind: 'expiryTooFar' }, ''],
  [
    0x4016,
    'invalid_onion_payload',
    { kind: 'invalidOnionPayload', type: 5482373484n, offset: 9 },
    'ff0000000146c6616c0009',
  ],
  [23, 'mpp_timeout', { kind: 'mppTimeout' }, ''],
  [
    0xc018,
    'invalid_onion_blinding',
    { kind: 'invalidOnionBlinding', sha256OfOnion: hash },
    toHex(hash),
  ],
];

describe('failure messages', () => {
  it.each(FAILURES)('code %i: %s', (code, name, failure, data) => {
    const bytes = hex(code.toString(16).padStart(4, '0') + data);
    expect(failureCode(failure)).toBe(code);
    expect(failureName(code)).toBe(name);
    expect(toHex(encodeFailure(failure))).toBe(toHex(bytes));
    expect(decodeFailure(bytes)).toEqual(failure);
  });

  it('extra bytes are ignored', () => {
    expect(decodeFailure(hex('2002ffff'))).toEqual({ kind: 'temporaryNodeFailure' });
  });

  it('a code of nobody, or without its data, is kept', () => {
    expect(decodeFailure(hex('7fff01'))).toEqual({
      kind: 'unknown',
      code: 0x7fff,
      data: hex('01'),
    });
    expect(decodeFailure(hex('400f'))).toEqual({ kind: 'unknown', code: 0x400f, data: hex('') });
    expect(failureName(0x7fff)).toBeUndefined();
  });

  it('any bytes get an answer, and unknown ones go back as they came', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 60 }), (bytes) => {
        const failure = decodeFailure(bytes);
        if (failure.kind === 'unknown') expect(toHex(encodeFailure(failure))).toBe(toHex(bytes));
      }),
    );
  });
});
