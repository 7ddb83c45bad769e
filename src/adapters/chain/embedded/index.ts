/** A regtest chain of our own, for the lab, the demo, tests, and people who test their apps. */
export { EmbeddedChain, type EmbeddedChainOptions, type MineOptions } from './chain.js';
export { EmbeddedChainPort } from './port.js';
export {
  type ChainServer,
  type ChainServerOptions,
  startEmbeddedChainServer,
} from './server.js';
export type { ChainTx, Coin, Rejection, StoredBlock } from './types.js';
