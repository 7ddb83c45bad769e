import type { Transaction } from '../../core/bitcoin/index.js';
import type { Bytes, ChannelId, NodeId, Sat } from '../../core/bytes/index.js';
import type { LiveState } from '../../core/channel/index.js';
import type { Message } from '../../core/wire/index.js';
import type {
  Clock,
  Entropy,
  Files,
  Logger,
  NetAddress,
  Signer,
  Store,
} from '../../ports/index.js';

/** A peer as this service needs it. */
export interface BackupPeer {
  readonly nodeId: NodeId;
  readonly features: Bytes;
}

export interface BackupPeers {
  connected(nodeId: NodeId): BackupPeer | undefined;
  send(nodeId: NodeId, message: Message): boolean;
  /** Calls the peer again whenever it is lost; `address` where none is known yet. */
  keep(nodeId: NodeId, reason: 'channel', address?: NetAddress): void;
  connect(nodeId: NodeId, host: string, port: number): Promise<{ readonly ok: boolean }>;
  addressesOf(nodeId: NodeId): Promise<readonly NetAddress[]>;
}

/** A block, as the follower hands it out. */
export interface PastBlock {
  readonly height: number;
  readonly txs: readonly { readonly txid: Bytes; readonly tx: Transaction; readonly raw: Bytes }[];
}

export interface BackupChannels {
  liveStates(): readonly LiveState[];
  takeUp(stubs: readonly LiveState[]): Promise<void>;
  /** No channel gets this key again. */
  keyUsed(key: number): Promise<void>;
  replayBlock(block: PastBlock): Promise<void>;
  /** Calls `fn` whenever a channel begins, changes its state or ends. */
  onChange(fn: () => void): () => void;
}

export interface BackupChain {
  height(): number;
  /** The unspent output, or nothing; rejects with `ChainAway`. */
  utxo(
    txid: Bytes,
    vout: number,
  ): Promise<{ readonly amount: Sat; readonly scriptPubkey: Bytes } | undefined>;
  /** Nothing above the tip, or where the source has pruned it; rejects with `ChainAway`. */
  readBlock(height: number): Promise<PastBlock | undefined>;
  whenSynced(): Promise<void>;
}

export interface BackupsDeps {
  readonly files: Files;
  readonly store: Pick<Store, 'commit' | 'select'>;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Logger;
  readonly peers: BackupPeers;
  readonly channels: BackupChannels;
  readonly endings: {
    replayBlock(block: PastBlock, of: ReadonlySet<ChannelId>): Promise<void>;
  };
  readonly chain: BackupChain;
  /** A fresh script of the wallet, on disk before it is told. */
  readonly sweepScript: () => Promise<Bytes>;
  /** The disk failed: stop the node. */
  readonly fatal: (error: unknown) => void;
}

export type RecoverError =
  /** The file is there and cannot be opened with this node's seed. */
  | { readonly code: 'unreadable_file'; readonly reason: string }
  /** Nothing can be checked or found now. */
  | { readonly code: 'chain_away'; readonly reason: string };
