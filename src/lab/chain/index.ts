export { BitcoindLabChain } from './bitcoind.js';
export { EmbeddedLabChain } from './embedded.js';
export type { LabChain, LabChainPort } from './types.js';
