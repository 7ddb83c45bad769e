/** BOLT 9: feature bits. A feature vector is a big-endian bit string; bit 0 is the last one. */
import { type Bytes, err, ok, type Result } from '../bytes/index.js';

/** Where a feature is presented. */
export type FeatureContext =
  | 'init'
  | 'node'
  | 'channel'
  | 'invoice'
  | 'blindedPath'
  | 'channelType';

interface Feature {
  /** The even bit, which requires; the odd one above it offers. */
  readonly bit: number;
  readonly contexts: readonly FeatureContext[];
  /** Present by assumption: no peer need say so. */
  readonly assumed?: true;
  readonly dependencies?: readonly string[];
}

const IN = ['init', 'node'] as const;
const IN9 = ['init', 'node', 'invoice'] as const;
const INT = ['init', 'node', 'channelType'] as const;

const table = {
  optionDataLossProtect: { bit: 0, contexts: IN, assumed: true },
  optionUpfrontShutdownScript: { bit: 4, contexts: IN },
  gossipQueries: { bit: 6, contexts: IN },
  varOnionOptin: { bit: 8, contexts: IN9, assumed: true },
  gossipQueriesEx: { bit: 10, contexts: IN },
  optionStaticRemotekey: { bit: 12, contexts: INT, assumed: true },
  paymentSecret: { bit: 14, contexts: IN9, assumed: true },
  basicMpp: { bit: 16, contexts: IN9, dependencies: ['paymentSecret'] },
  optionSupportLargeChannel: { bit: 18, contexts: IN },
  optionAnchors: { bit: 22, contexts: INT },
  optionRouteBlinding: { bit: 24, contexts: IN9 },
  optionShutdownAnysegwit: { bit: 26, contexts: IN },
  optionDualFund: { bit: 28, contexts: IN },
  optionQuiesce: { bit: 34, contexts: IN },
  optionAttributionData: { bit: 36, contexts: IN9 },
  optionOnionMessages: { bit: 38, contexts: IN },
  optionProvideStorage: { bit: 42, contexts: IN },
  optionChannelType: { bit: 44, contexts: IN, assumed: true },
  optionScidAlias: { bit: 46, contexts: INT },
  optionPaymentMetadata: { bit: 48, contexts: ['invoice'] },
  optionZeroconf: { bit: 50, contexts: INT, dependencies: ['optionScidAlias'] },
  optionSimpleClose: { bit: 60, contexts: IN, dependencies: ['optionShutdownAnysegwit'] },
  optionSplice: { bit: 62, contexts: IN },
} as const satisfies Record<string, Feature>;

export type FeatureName = keyof typeof table;

/** BOLT 9's table, by the names it gives, in camelCase. */
export const FEATURES: Readonly<Record<FeatureName, Feature>> = table;

export const FEATURE_NAMES = Object.keys(table) as readonly FeatureName[];

const nameOfBit = new Map(FEATURE_NAMES.map((name) => [FEATURES[name].bit, name]));

export function hasBit(features: Bytes, bit: number): boolean {
  const byte = features[features.length - 1 - (bit >> 3)];
  return byte !== undefined && ((byte >> (bit & 7)) & 1) === 1;
}

/** Offered or required. */
export function hasFeature(features: Bytes, name: FeatureName): boolean {
  const { bit } = FEATURES[name];
  return hasBit(features, bit) || hasBit(features, bit + 1);
}

export function requiresFeature(features: Bytes, name: FeatureName): boolean {
  return hasBit(features, FEATURES[name].bit);
}

/** All bits that are set, ascending. */
export function setBits(features: Bytes): readonly number[] {
  const out: number[] = [];
  for (let bit = 0; bit < features.length * 8; bit++) if (hasBit(features, bit)) out.push(bit);
  return out;
}

/** The shortest vector with these bits set. */
export function featureBits(bits: readonly number[]): Bytes {
  const highest = bits.length === 0 ? -1 : Math.max(...bits);
  const out = new Uint8Array((highest >> 3) + 1);
  for (const bit of bits) {
    const at = out.length - 1 - (bit >> 3);
    out[at] = (out[at] as number) | (1 << (bit & 7));
  }
  return out;
}

export type FeatureSupport = 'optional' | 'required';
/** What this node supports; a name that is left out is not supported. */
export type FeatureSet = Readonly<Partial<Record<FeatureName, FeatureSupport>>>;

/** The vector for one context: of `set`, the features that BOLT 9 presents there. */
export function featuresFor(set: FeatureSet, context: FeatureContext): Bytes {
  const bits: number[] = [];
  for (const name of FEATURE_NAMES) {
    const support = set[name];
    if (support === undefined || !FEATURES[name].contexts.includes(context)) continue;
    bits.push(FEATURES[name].bit + (support === 'required' ? 0 : 1));
  }
  return featureBits(bits);
}

/** BOLT 1, init: the two bitmaps of a message are one. */
export function combineFeatures(a: Bytes, b: Bytes): Bytes {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const out = long.slice();
  const shift = long.length - short.length;
  for (let i = 0; i < short.length; i++)
    out[shift + i] = (out[shift + i] as number) | (short[i] as number);
  return out;
}

/** The shortest form: without leading zero bytes. */
export function trimFeatures(features: Bytes): Bytes {
  let start = 0;
  while (start < features.length && features[start] === 0) start++;
  return features.slice(start);
}

export type FeatureError =
  /** The other side requires what we do not know or do not support. */
  | { readonly code: 'unknown_required_feature'; readonly bit: number }
  | {
      readonly code: 'missing_dependency';
      readonly feature: FeatureName;
      readonly dependency: FeatureName;
    }
  /** We require what the other side does not offer. */
  | { readonly code: 'missing_feature'; readonly feature: FeatureName };

/** The even bits that are set and that `set` does not support. */
export function unknownRequired(features: Bytes, set: FeatureSet): readonly number[] {
  return setBits(features).filter((bit) => {
    if (bit % 2 === 1) return false;
    const name = nameOfBit.get(bit);
    return name === undefined || (set[name] === undefined && FEATURES[name].assumed !== true);
  });
}

/** BOLT 9: every dependency of a feature is set along with it; assumed ones need not be. */
export function missingDependency(features: Bytes): FeatureError | undefined {
  for (const name of FEATURE_NAMES) {
    if (!hasFeature(features, name)) continue;
    for (const dependency of (FEATURES[name].dependencies ?? []) as readonly FeatureName[])
      if (!hasFeature(features, dependency) && FEATURES[dependency].assumed !== true)
        return { code: 'missing_dependency', feature: name, dependency };
  }
  return undefined;
}

/** Whether a connection can stand between us (`set`) and a peer whose init says `theirs`. */
export function checkInitFeatures(set: FeatureSet, theirs: Bytes): Result<void, FeatureError> {
  const [bit] = unknownRequired(theirs, set);
  // BOLT 1, init: an unknown even feature bit closes the connection.
  if (bit !== undefined) return err({ code: 'unknown_required_feature', bit });
  const missing = missingDependency(theirs);
  // BOLT 1, init: a vector without all known, transitive dependencies closes the connection.
  if (missing !== undefined) return err(missing);
  for (const name of FEATURE_NAMES)
    if (set[name] === 'required' && !hasFeature(theirs, name) && FEATURES[name].assumed !== true)
      return err({ code: 'missing_feature', feature: name });
  return ok(undefined);
}
