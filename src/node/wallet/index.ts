/** The on-chain wallet. */
export { describeWalletError } from './errors.js';
export {
  type ChannelFundingError,
  type ChannelFundingRequest,
  walletForChannels,
} from './for-channels.js';
export {
  addPsbtOutput,
  decodePsbt,
  encodePsbt,
  finishPsbt,
  type Psbt,
  type PsbtError,
  psbtText,
  signPsbt,
} from './psbt.js';
export { type FundedPsbt, type FundPsbtRequest, fundPsbt } from './psbt-funding.js';
export { outpointOf, parseOutpoint, shownTxid, txidFromShown } from './rows.js';
export { type Candidate, type Selection, type SelectionTask, selectCoins } from './selection.js';
export type * from './types.js';
export { Wallet } from './wallet.js';
export { outputWeight } from './weights.js';
