/** Payments over a real graph with hidden balances, in virtual time. */
export * from './part-sender.js';
export { type Random, randomFrom } from './random.js';
export * from './senders.js';
export * from './simulate.js';
export { type BalanceModel, World } from './world.js';
