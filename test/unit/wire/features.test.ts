import { describe, expect, it } from 'vitest';
import { EMPTY, toHex } from '../../../src/core/bytes/index.js';
import {
  checkInitFeatures,
  type FeatureSet,
  featureBits,
  featuresFor,
  hasFeature,
  requiresFeature,
} from '../../../src/core/wire/index.js';

const ours: FeatureSet = {
  optionStaticRemotekey: 'required',
  basicMpp: 'optional',
  paymentSecret: 'required',
  optionAnchors: 'optional',
  optionPaymentMetadata: 'optional',
};

describe('BOLT 9 features', () => {
  it('bit 0 is the last bit', () => {
    expect(toHex(featureBits([0]))).toBe('01');
    expect(toHex(featureBits([8, 15]))).toBe('8100');
    expect(featureBits([])).toEqual(EMPTY);
  });

  it('a context shows only what BOLT 9 presents there', () => {
    expect(toHex(featuresFor(ours, 'init'))).toBe('825000'.padStart(6, '0'));
    expect(toHex(featuresFor(ours, 'invoice'))).toBe('02000000024000');
    expect(toHex(featuresFor(ours, 'channelType'))).toBe('801000');
  });

  it('an odd bit offers, an even bit requires, and both together require', () => {
    const both = featureBits([22, 23]);
    expect(hasFeature(featureBits([23]), 'optionAnchors')).toBe(true);
    expect(requiresFeature(featureBits([23]), 'optionAnchors')).toBe(false);
    expect(requiresFeature(both, 'optionAnchors')).toBe(true);
    expect(hasFeature(both, 'optionZeroconf')).toBe(false);
  });

  it('receive init (unknown odd bit): ignored', () => {
    expect(checkInitFeatures(ours, featureBits([12, 14, 55, 201]))).toEqual({ ok: true });
  });

  it('receive init (unknown even bit): refused', () => {
    expect(checkInitFeatures(ours, featureBits([12, 14, 100]))).toEqual({
      ok: false,
      error: { code: 'unknown_required_feature', bit: 100 },
    });
  });

  it('receive init (requires a feature of BOLT 9 that we do not support): refused', () => {
    expect(checkInitFeatures(ours, featureBits([28]))).toEqual({
      ok: false,
      error: { code: 'unknown_required_feature', bit: 28 },
    });
  });

  it('receive init (zeroconf without scid alias): refused', () => {
    expect(checkInitFeatures(ours, featureBits([51]))).toEqual({
      ok: false,
      error: {
        code: 'missing_dependency',
        feature: 'optionZeroconf',
        dependency: 'optionScidAlias',
      },
    });
  });

  it('receive init (assumed features left out): accepted', () => {
    expect(checkInitFeatures(ours, featureBits([17])).ok).toBe(true);
  });

  it('receive init (without a feature that we require): refused', () => {
    expect(checkInitFeatures({ optionAnchors: 'required' }, EMPTY)).toEqual({
      ok: false,
      error: { code: 'missing_feature', feature: 'optionAnchors' },
    });
  });
});
