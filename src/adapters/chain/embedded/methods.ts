/** The methods of bitcoind's JSON-RPC that the embedded chain answers. */
import type { EmbeddedChain } from './chain.js';
import { chainMethods } from './methods-chain.js';
import { mempoolMethods } from './methods-mempool.js';
import { walletMethods } from './methods-wallet.js';
import type { Params } from './params.js';

export interface Method {
  /** In positional order. */
  readonly params: readonly string[];
  readonly run: (chain: EmbeddedChain, params: Params) => unknown;
}

export const METHODS: ReadonlyMap<string, Method> = new Map(
  Object.entries({ ...chainMethods, ...mempoolMethods, ...walletMethods }),
);
