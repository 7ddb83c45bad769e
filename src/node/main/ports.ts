import type {
  Chain,
  Clock,
  Entropy,
  Files,
  Logger,
  Net,
  SignatureVerifier,
  Signer,
  Store,
} from '../../ports/index.js';

/** All through which a node touches the world. The lab gives others than the daemon. */
export interface NodePorts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly net: Net;
  readonly chain: Chain;
  readonly store: Store;
  /** What is kept beside the store: the backup of the channels. */
  readonly files: Files;
  readonly signer: Signer;
  /** Checks what gossip says. */
  readonly verifier: SignatureVerifier;
  /** The seed is not made with this start: an empty store may be one that was lost. */
  readonly seedIsOld?: boolean;
  readonly log: Logger;
  /** The disk failed, or something that must not happen did: end this node at once. */
  readonly fatal: (error: unknown) => void;
}
