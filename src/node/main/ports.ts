import type { Chain, Clock, Entropy, Logger, Net, Signer, Store } from '../../ports/index.js';

/** All through which a node touches the world. The lab gives others than the daemon. */
export interface NodePorts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly net: Net;
  readonly chain: Chain;
  readonly store: Store;
  readonly signer: Signer;
  readonly log: Logger;
  /** The disk failed, or something that must not happen did: end this node at once. */
  readonly fatal: (error: unknown) => void;
}
