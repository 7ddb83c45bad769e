/** BOLT 2: a channel as a pure state machine. See types.ts for its border. */
export * from './backup.js';
export { specOf } from './balances.js';
export { decodeChannel, encodeChannel } from './codec.js';
export * from './commitment/index.js';
export { isReady, realScid } from './facts.js';
export { ourCommitment, signedCommitment } from './force-close.js';
export {
  type CommitmentView,
  type Htlc,
  type HtlcOrigin,
  type HtlcState,
  isIn,
  offeredBy,
  type Removal,
} from './htlc.js';
export { type AcceptParams, acceptChannel } from './opening/accepter.js';
export { channelIdOf, hexId } from './opening/live.js';
export { type OpenParams, openChannel, refuseOpen } from './opening/opener.js';
export { decodeChannelType, encodeChannelType, type LocalTerms } from './opening/terms.js';
export * from './sealed-backup.js';
export { prepareKeys, receivedHtlc } from './signing.js';
export { owedByPeer, SILENCE_MS } from './silence.js';
export * from './state.js';
export { channelStatus } from './status.js';
export { step, wantsSign } from './step.js';
export type * from './types.js';
export {
  type ChannelView,
  channelView,
  type HtlcView,
  largestHtlc,
  type SideView,
} from './view.js';
