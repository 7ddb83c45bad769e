import type { FeatureSet } from '../../core/wire/index.js';

/** What this node can do, each with whether a peer must be able to as well (BOLT 9). */
export const OUR_FEATURES: FeatureSet = {
  optionDataLossProtect: 'required',
  optionUpfrontShutdownScript: 'optional',
  gossipQueries: 'optional',
  varOnionOptin: 'required',
  gossipQueriesEx: 'optional',
  optionStaticRemotekey: 'required',
  paymentSecret: 'required',
  basicMpp: 'optional',
  optionSupportLargeChannel: 'optional',
  optionAnchors: 'optional',
  optionRouteBlinding: 'optional',
  optionShutdownAnysegwit: 'optional',
  optionOnionMessages: 'optional',
  optionProvideStorage: 'optional',
  optionChannelType: 'required',
  optionScidAlias: 'optional',
};
