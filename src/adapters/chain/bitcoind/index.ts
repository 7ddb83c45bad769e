export { btcToSat, feeratePerKw } from './amounts.js';
export { BitcoindChain, type BitcoindDeps, type BitcoindStartError } from './chain.js';
export type { BitcoindOptions } from './config.js';
