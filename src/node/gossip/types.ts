import type { Bytes, NodeId, Sat, ShortChannelId } from '../../core/bytes/index.js';
import type { GossipLimits, Topology } from '../../core/gossip/index.js';
import type { FeatureSet, Message } from '../../core/wire/index.js';
import type {
  Clock,
  Logger,
  NetAddress,
  SignatureVerifier,
  Signer,
  Store,
} from '../../ports/index.js';

export interface GossipServiceOptions {
  readonly nodeId: NodeId;
  readonly chainHash: Bytes;
  readonly features: FeatureSet;
  /** What our node_announcement says. */
  readonly alias: string;
  /** Six hex digits. */
  readonly color: string;
  readonly announced: readonly NetAddress[];
  readonly limits?: Partial<GossipLimits>;
}

export interface GossipPeers {
  /** Answers whether it went out: the peer may be gone, or read too slowly. */
  send(nodeId: NodeId, message: Message | Bytes): boolean;
  /** Bytes sent to the peer that it has not read. */
  backlog(nodeId: NodeId): number;
  disconnect(nodeId: NodeId, message: string): unknown;
}

/** The unspent output that a short channel id names. */
export interface FundingUtxo {
  readonly txid: Bytes;
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
  readonly confirmations: number;
}

export interface GossipChain {
  height(): number;
  /** Rejects where the chain's source does not answer; then it is asked again later. */
  utxo(block: number, txIndex: number, output: number): Promise<FundingUtxo | undefined>;
}

export interface GossipDeps {
  readonly store: Pick<Store, 'commit' | 'select'>;
  readonly clock: Clock;
  readonly signer: Pick<Signer, 'sign' | 'nodeId'>;
  readonly verifier: SignatureVerifier;
  readonly log: Logger;
  readonly peers: GossipPeers;
  readonly chain: GossipChain;
  /** The route table's graph, which this fills. */
  readonly topology: Topology;
  /** The other end of a channel of ours by its scid or alias, public or not. */
  readonly ownChannel: (scid: ShortChannelId) => NodeId | undefined;
  /** The disk failed: stop the node. */
  readonly fatal: (error: unknown) => void;
}
