/**
 * BOLT 3: what a channel's transactions look like. `buildCommitment` makes either side's
 * commitment from plain figures; `signCommitment` and `verifyCommitment` are the two halves of
 * commitment_signed; `completeCommitment` is what goes on the chain.
 */
export * from './build.js';
export * from './closing.js';
export * from './fees.js';
export * from './keys.js';
export * from './revoked.js';
export * from './scripts.js';
export * from './sign.js';
export type * from './types.js';
