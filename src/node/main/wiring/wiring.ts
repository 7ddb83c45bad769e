/**
 * What a node is made of, while it is made. The services know each other by what they need alone:
 * one that was made before is handed over, and one that comes later is asked for when it is used.
 */
import type { NetworkParams } from '../../../core/bitcoin/index.js';
import type { NodeId } from '../../../core/bytes/index.js';
import type { Backups, PeerStorage, StaticOutputs } from '../../backup/index.js';
import type { Broadcasts, ChainFollower } from '../../chain/index.js';
import type { Channels } from '../../channels/index.js';
import type { Gossip } from '../../gossip/index.js';
import type { Invoices } from '../../invoices/index.js';
import type { OnionMessages } from '../../messages/index.js';
import type { Endings } from '../../onchain/index.js';
import type { Payments } from '../../payments/index.js';
import type { Peers } from '../../peers/index.js';
import type { Routes } from '../../routes/index.js';
import type { WatchedStore } from '../../util/index.js';
import type { Wallet } from '../../wallet/index.js';
import type { Broadcaster } from '../broadcaster.js';
import type { NodeConfig } from '../config.js';
import type { FeeReserve } from '../fee-reserve.js';
import type { NodePorts } from '../ports.js';

/** The services, in the order in which they are made. */
export interface Parts {
  chain: ChainFollower;
  broadcasts: Broadcasts;
  broadcaster: Broadcaster;
  wallet: Wallet;
  peers: Peers;
  routes: Routes;
  invoices: Invoices;
  payments: Payments;
  gossip: Gossip;
  endings: Endings;
  backups: Backups;
  statics: StaticOutputs;
  storage: PeerStorage;
  channels: Channels;
  feeReserve: FeeReserve;
  messages: OnionMessages;
}

export interface Wiring {
  readonly nodeId: NodeId;
  readonly network: NetworkParams;
  /** With the alias and the colour that come of the node's id where none were chosen. */
  readonly config: NodeConfig;
  readonly ports: NodePorts;
  /** The disk, as all services see it. */
  readonly store: WatchedStore;
  readonly parts: Readonly<Parts>;
}
