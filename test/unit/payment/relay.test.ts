import { describe, expect, it } from 'vitest';
import { msat } from '../../../src/core/bytes/index.js';
import type { RelayPolicy } from '../../../src/core/channel/index.js';
import {
  isToFailBack,
  type RelayRequest,
  refuseRelay,
  relayFee,
} from '../../../src/core/payment/index.js';

const policy: RelayPolicy = {
  feeBaseMsat: 1000,
  feeProportionalMillionths: 100,
  cltvExpiryDelta: 34,
  htlcMinimumMsat: msat(10),
  htlcMaximumMsat: msat(1_000_000_000),
  enabled: true,
};
const height = 800_000;
const limits = { graceBlocks: 3, maxExpiryBlocks: 2016 };
const request: RelayRequest = {
  amountMsat: msat(10_002_000),
  amtToForward: msat(10_000_000),
  cltvExpiry: height + 100,
  outgoingCltvValue: height + 66,
};
const refused = (change: Partial<RelayRequest>, at: Partial<RelayPolicy> = {}) =>
  refuseRelay({ ...request, ...change }, [{ ...policy, ...at }], height, limits);

describe('relaying an HTLC', () => {
  it('computes the fee of BOLT 7: base and millionths, rounded down', () => {
    expect(relayFee(policy, msat(10_000_000))).toBe(2000n);
    expect(relayFee(policy, msat(9_999))).toBe(1000n);
    expect(relayFee({ ...policy, feeProportionalMillionths: 1 }, msat(1_999_999))).toBe(1001n);
  });

  it('passes on what pays the fee and leaves the delta, to the msat and to the block', () => {
    expect(refused({})).toBeUndefined();
  });

  it('refuses one msat of fee too little (fee_insufficient)', () => {
    expect(refused({ amountMsat: msat(10_001_999) })).toEqual({
      code: 'fee_insufficient',
      minimum: 10_002_000n,
      actual: 10_001_999n,
    });
  });

  it('takes the terms of before while payers may not know of the new ones, but not a channel turned off', () => {
    const dearer = { ...policy, feeBaseMsat: 5000 };
    const by = (...terms: Parameters<typeof refuseRelay>[1]) =>
      refuseRelay(request, terms, height, limits)?.code;
    expect(by(dearer)).toBe('fee_insufficient');
    expect(by(dearer, policy)).toBeUndefined();
    expect(by(policy, dearer)).toBeUndefined();
    expect(by(dearer, dearer)).toBe('fee_insufficient');
    expect(by({ ...policy, enabled: false }, policy)).toBe('channel_disabled');
  });

  it('refuses one block of delta too little (incorrect_cltv_expiry)', () => {
    expect(refused({ cltvExpiry: height + 99 })).toEqual({
      code: 'incorrect_cltv_expiry',
      minimum: height + 100,
      actual: height + 99,
    });
  });

  it('refuses less than htlc_minimum_msat (amount_below_minimum)', () => {
    expect(refused({ amtToForward: msat(9) })?.code).toBe('amount_below_minimum');
    expect(refused({ amtToForward: msat(10) })).toBeUndefined();
  });

  it('refuses more than htlc_maximum_msat', () => {
    const amtToForward = msat(1_000_000_001);
    expect(refused({ amtToForward, amountMsat: msat(2_000_000_000) })?.code).toBe(
      'amount_above_maximum',
    );
  });

  it('refuses an expiry within the grace blocks (expiry_too_soon)', () => {
    const soon = { outgoingCltvValue: height + 3, cltvExpiry: height + 100 };
    expect(refused(soon)).toEqual({
      code: 'expiry_too_soon',
      minimum: height + 4,
      actual: height + 3,
    });
    expect(refused({ ...soon, outgoingCltvValue: height + 4 })).toBeUndefined();
  });

  it('refuses to lock funds for more than two weeks (expiry_too_far)', () => {
    const far = { outgoingCltvValue: height + 2017, cltvExpiry: height + 2100 };
    expect(refused(far)?.code).toBe('expiry_too_far');
    expect(refused({ ...far, outgoingCltvValue: height + 2016 })).toBeUndefined();
  });

  it('refuses on a channel that is switched off (channel_disabled)', () => {
    expect(refused({}, { enabled: false })).toEqual({ code: 'channel_disabled' });
  });
});

describe('an incoming HTLC whose outgoing one the chain has not decided', () => {
  const feerate = 1000;
  const worthOfClose = msat(2_500_000);
  const at = (before: number, amountMsat = worthOfClose) =>
    isToFailBack({ amountMsat, cltvExpiry: height }, height - before, feerate);

  it('is given back three blocks before it expires', () => {
    expect(at(4)).toBe(false);
    expect(at(3)).toBe(true);
    expect(at(-1)).toBe(true);
  });

  it('is not, where it is worth more than what a close costs', () => {
    expect(at(3, msat(worthOfClose + 1n))).toBe(false);
  });
});
