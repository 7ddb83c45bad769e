/** Payments over a real graph with hidden balances, in virtual time. */
export type { BalanceModel } from './balances.js';
export * from './methods.js';
export * from './part-sender.js';
export * from './people.js';
export { isPossible, mostInParts } from './possible.js';
export { type Random, randomFrom } from './random.js';
export * from './senders.js';
export * from './simulate.js';
export { World } from './world.js';
