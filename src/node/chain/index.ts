/** Follows the block chain and tells the other services what happens on it. */
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
