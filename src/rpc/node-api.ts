import type { Backups } from '../node/backup/index.js';
import type { ChainFollower } from '../node/chain/index.js';
import type { Channels } from '../node/channels/index.js';
import type { Datastore } from '../node/datastore/index.js';
import type { Gossip } from '../node/gossip/index.js';
import type { Invoices } from '../node/invoices/index.js';
import type { Payments } from '../node/payments/index.js';
import type { Peers } from '../node/peers/index.js';
import type { Routes } from '../node/routes/index.js';
import type { WatchedStore } from '../node/util/index.js';
import type { Wallet } from '../node/wallet/index.js';
import type {
  Clock,
  Entropy,
  Logger,
  LogLine,
  NetAddress,
  NetworkName,
  Signer,
} from '../ports/index.js';

/** What the operator chose, as far as a command asks for it. */
export interface NodeSettings {
  readonly network: NetworkName;
  readonly version: string;
  readonly alias: string;
  /** Six hex digits. */
  readonly color: string;
  /** `<lightning-dir>/<network>`. */
  readonly directory: string;
  readonly developer: boolean;
  /** Contract: `cln` answers a `sendpay` at once and repeats a success. */
  readonly sendpayCompat: 'seed' | 'cln';
  /** Feature bits in hex, as init, node_announcement, a channel and an invoice carry them. */
  readonly features: {
    readonly init: string;
    readonly node: string;
    readonly channel: string;
    readonly invoice: string;
  };
  /** Where we listen, and what we announce. */
  readonly bindings: readonly NetAddress[];
  readonly announced: readonly NetAddress[];
  /** Every option that was given, with where it came from, for `listconfigs`. */
  readonly configs: Readonly<Record<string, unknown>>;
}

/** The node as the commands see it: its services and the ports they share. */
export interface NodeApi {
  readonly settings: NodeSettings;
  /** Ours, lower-case hex. */
  readonly nodeId: string;
  readonly peers: Peers;
  readonly channels: Channels;
  readonly backups: Backups;
  readonly payments: Payments;
  readonly invoices: Invoices;
  readonly datastore: Datastore;
  readonly gossip: Gossip;
  readonly routes: Routes;
  readonly chain: ChainFollower;
  readonly wallet: Wallet;
  /** What is to be said of the coins for fees, if anything is. */
  readonly feeReserve: { warning(): string | undefined };
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly store: WatchedStore;
  readonly signer: Signer;
  readonly log: Logger;
  /** The last lines of the log, oldest first. */
  recentLog(): readonly LogLine[];
  /** Ends the daemon cleanly; answers at once, the end follows. */
  requestStop(): void;
}
