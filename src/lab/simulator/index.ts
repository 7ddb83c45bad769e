/** Payments over a real graph with hidden balances, in virtual time. */
export type { BalanceModel } from './balances.js';
export * from './learning.js';
export * from './methods.js';
export * from './part-sender.js';
export * from './payees.js';
export * from './people.js';
export { type Bottleneck, bottleneckOf, isPossible, mostInParts } from './possible.js';
export { type Random, randomFrom } from './random.js';
export * from './senders.js';
export * from './simulate.js';
export * from './statistics.js';
export { World } from './world.js';
