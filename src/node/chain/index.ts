/** Follows the block chain and tells the other services what happens on it. */

export { Broadcasts, type BroadcastsDeps } from './broadcasts.js';
export {
  contextFees,
  FEERATE_CEILING,
  FEERATE_FLOOR,
  fallbackFeerate,
  feerateFor,
  saneEstimates,
} from './fees.js';
export { ChainFollower } from './follower.js';
export type * from './types.js';
