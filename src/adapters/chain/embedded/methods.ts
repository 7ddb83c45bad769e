/** The methods of bitcoind's JSON-RPC that the embedded chain answers. */
import type { Method } from './method.js';
import { chainMethods } from './methods-chain.js';
import { mempoolMethods } from './methods-mempool.js';
import { walletMethods } from './methods-wallet.js';

export const METHODS: ReadonlyMap<string, Method> = new Map(
  Object.entries({ ...chainMethods, ...mempoolMethods, ...walletMethods }),
);
