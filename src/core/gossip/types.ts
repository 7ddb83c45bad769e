/** The border of the gossip machine: what goes in, what comes out. */
import type { BlockHeight, Bytes, NodeId, Sat, ShortChannelId } from '../bytes/index.js';
import type { FeatureSet, Message, MessageOf } from '../wire/index.js';
import type { Direction, Graph, NewChannel, Policy } from './graph.js';

/** Messages 256 to 258 and 261 to 265. */
export type GossipMessage = MessageOf<
  | 'channelAnnouncement'
  | 'nodeAnnouncement'
  | 'channelUpdate'
  | 'queryShortChannelIds'
  | 'replyShortChannelIdsEnd'
  | 'queryChannelRange'
  | 'replyChannelRange'
  | 'gossipTimestampFilter'
>;

/** The graph as gossip changes it: the route table, which keeps what it learned in step. */
export interface Topology {
  readonly graph: Graph;
  addChannel(channel: NewChannel): number;
  setPolicy(c: number, direction: Direction, policy: Policy, now: number): unknown;
  removeChannel(c: number): void;
  /** After the graph was filled from a snapshot. */
  attachAll(): void;
}

/** A stored row, as `put` and `spent` made it; an empty message: it was dropped. */
export interface StoredGossip {
  readonly key: string;
  readonly timestamp: number;
  readonly amountSat: number;
  readonly fundingTxid: Bytes | undefined;
  readonly message: Bytes;
}

/** What the output that a short channel id names was found to be. */
export interface FundingOutput {
  readonly txid: Bytes;
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
  readonly confirmations: number;
}

export type GossipInput =
  | { readonly kind: 'connected'; readonly peer: NodeId; readonly features: Bytes }
  | { readonly kind: 'disconnected'; readonly peer: NodeId }
  /** `ref` comes back in `done`, when the message has had all its effects. */
  | {
      readonly kind: 'message';
      readonly peer: NodeId;
      readonly message: GossipMessage;
      readonly ref?: number;
    }
  /** An announcement or update that this node made. */
  | {
      readonly kind: 'own';
      readonly message: MessageOf<'channelAnnouncement' | 'nodeAnnouncement' | 'channelUpdate'>;
    }
  /** The answer to `verify`: whether all signatures of that job are good. */
  | { readonly kind: 'verified'; readonly job: number; readonly good: boolean }
  /** The answer to `lookUpFunding`; `output` left out: there is none, or it is spent. */
  | { readonly kind: 'funding'; readonly job: number; readonly output?: FundingOutput }
  /** A block, with the outputs that its transactions spend. */
  | {
      readonly kind: 'block';
      readonly height: BlockHeight;
      readonly spends: readonly { readonly txid: Bytes; readonly vout: number }[];
    }
  /** A reorg took this block away. */
  | { readonly kind: 'disconnectedBlock'; readonly height: BlockHeight }
  /** What a `sendStored` with a `serves` named has gone out whole. */
  | { readonly kind: 'served'; readonly peer: NodeId; readonly what: Serving }
  /** Every few seconds: flushes what is due. */
  | { readonly kind: 'tick' };

/** The answers that go out piece by piece, as the peer reads. */
export type Serving = 'range' | 'channels' | 'backlog';

export interface SignatureCheck {
  readonly signature: Bytes;
  /** 33 bytes. */
  readonly point: Bytes;
}

export type GossipEffect =
  | { readonly kind: 'send'; readonly peer: NodeId; readonly message: Message }
  /** A message of our own, to every peer, at once. */
  | { readonly kind: 'sendToAll'; readonly message: Message }
  /**
   * Sends stored messages by key in this order (what is missing is left out), then `last`. Where
   * it `serves` an answer, `served` tells when the peer has read most of it.
   */
  | {
      readonly kind: 'sendStored';
      readonly peer: NodeId;
      readonly keys: readonly string[];
      readonly last?: Message;
      readonly serves?: Serving;
    }
  /** Checks signatures over one digest; the answer is `verified`. */
  | {
      readonly kind: 'verify';
      readonly job: number;
      readonly digest: Bytes;
      readonly checks: readonly SignatureCheck[];
    }
  /** Asks the chain for the output; the answer is `funding`. */
  | { readonly kind: 'lookUpFunding'; readonly job: number; readonly scid: ShortChannelId }
  /** Keep a message under its key: `c:scid`, `u:scid/direction`, `n:node id`. */
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly timestamp: number;
      readonly amountSat: number;
      readonly fundingTxid: Bytes | undefined;
      readonly message: Bytes;
    }
  /** The funding output of a stored channel was spent at this height (0: it is unspent again). */
  | { readonly kind: 'spent'; readonly scid: ShortChannelId; readonly height: BlockHeight }
  | { readonly kind: 'drop'; readonly key: string }
  /** The message that came with this `ref` has been dealt with. */
  | { readonly kind: 'done'; readonly ref: number }
  /** A warning to the peer; `close`: and the end of the connection. */
  | {
      readonly kind: 'warn';
      readonly peer: NodeId;
      readonly text: string;
      readonly close: boolean;
    }
  | {
      readonly kind: 'note';
      readonly level: 'debug' | 'info' | 'warn';
      readonly text: string;
      readonly values: Record<string, unknown>;
    };

export interface GossipContext {
  /** Seconds since the epoch. */
  readonly now: number;
  readonly height: BlockHeight;
}

export interface GossipLimits {
  /** Seconds between two flushes of what is to be relayed. */
  readonly flushSeconds: number;
  /** Peers from which the whole graph is fetched at the same time. */
  readonly syncPeers: number;
  /** Peers from which it is fetched in all, since the start. */
  readonly syncTotal: number;
  /** Short channel ids in one query_short_channel_ids. */
  readonly queryBatch: number;
  /** channel_updates of one direction that are taken at once, and a day. */
  readonly updateBurst: number;
  readonly updatesPerDay: number;
  /** The same for node_announcements of one node. */
  readonly nodesPerDay: number;
  /** Seconds after which a direction without a fresh update is pruned. */
  readonly pruneSeconds: number;
  /** Blocks after which a channel whose funding output was spent is forgotten. */
  readonly forgetBlocks: number;
  /** Confirmations a funding output needs. */
  readonly minimumDepth: number;
  /** Announcements that wait for their signatures, their funding output or more blocks. */
  readonly pendingChannels: number;
  /** Queries of one peer that wait to be served. */
  readonly openQueries: number;
}

export const DEFAULT_GOSSIP_LIMITS: GossipLimits = {
  flushSeconds: 60,
  syncPeers: 3,
  syncTotal: 10,
  queryBatch: 250,
  updateBurst: 10,
  updatesPerDay: 24,
  nodesPerDay: 24,
  pruneSeconds: 1_209_600,
  forgetBlocks: 72,
  minimumDepth: 6,
  pendingChannels: 20_000,
  openQueries: 5,
};

export interface GossipOptions {
  readonly nodeId: NodeId;
  readonly chainHash: Bytes;
  /** What this node supports: an even bit beside it makes a channel or node unusable for routes. */
  readonly features: FeatureSet;
  readonly limits?: Partial<GossipLimits>;
}

export interface GossipMachineDeps {
  readonly topology: Topology;
  /** The other end of a channel of ours by its scid or alias, whether or not it is announced. */
  readonly ownChannel: (scid: ShortChannelId) => NodeId | undefined;
}
