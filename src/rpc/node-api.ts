import type { ChainFollower } from '../node/chain/index.js';
import type { Channels } from '../node/channels/index.js';
import type { Gossip } from '../node/gossip/index.js';
import type { Invoices } from '../node/invoices/index.js';
import type { NodeConfig } from '../node/main/config.js';
import type { Payments } from '../node/payments/index.js';
import type { Peers } from '../node/peers/index.js';
import type { Routes } from '../node/routes/index.js';
import type { Wallet } from '../node/wallet/index.js';
import type { Clock, Entropy, Logger, LogLine, Signer, Store } from '../ports/index.js';

/** Our feature bits in hex, as each place carries them. */
export interface NodeFeatures {
  readonly init: string;
  readonly node: string;
  readonly channel: string;
  readonly invoice: string;
}

/** The node as the commands see it: its services and the ports they share. */
export interface NodeApi {
  readonly config: NodeConfig;
  readonly features: NodeFeatures;
  /** Ours, lower-case hex. */
  readonly nodeId: string;
  readonly peers: Peers;
  readonly channels: Channels;
  readonly payments: Payments;
  readonly invoices: Invoices;
  readonly gossip: Gossip;
  readonly routes: Routes;
  readonly chain: ChainFollower;
  readonly wallet: Wallet;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly store: Store;
  readonly signer: Signer;
  readonly log: Logger;
  /** The last lines of the log, oldest first. */
  recentLog(): readonly LogLine[];
  /** Ends the daemon cleanly; answers at once, the end follows. */
  requestStop(): void;
}
