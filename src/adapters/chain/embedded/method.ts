import type { EmbeddedChain } from './chain.js';
import type { Params } from './params.js';

/** One method of bitcoind's JSON-RPC. */
export interface Method {
  /** In positional order. */
  readonly params: readonly string[];
  readonly run: (chain: EmbeddedChain, params: Params) => unknown;
}
