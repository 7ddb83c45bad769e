/**
 * BOLT 7, "Query Messages", the asking side: what channels does a peer know, and then those that
 * we do not, or not as fresh. Several peers share the work: each batch goes to whoever is free.
 */
import { equal, type NodeId, type ShortChannelId, scidParts } from '../bytes/index.js';
import { hasFeature, type MessageOf } from '../wire/index.js';
import type { Graph } from './graph.js';
import type { GossipContext, GossipEffect, GossipLimits, GossipOptions } from './types.js';

interface Asked {
  readonly extended: boolean;
  stage: 'waiting' | 'range' | 'channels' | 'done';
  /** Of the range query: the block from which replies are still to come. */
  nextBlock: number;
  replies: number;
  /** Channels to ask this peer for, with the query flags. */
  wanted: Map<ShortChannelId, number>;
  /** Those of the query that is open now. */
  open: ShortChannelId[];
}

/** Channels that one peer may tell us of: more is made up. */
const MOST_CHANNELS = 1_000_000;
/** Blocks after which the chain cannot be: the end of every full query. */
const LAST_BLOCK = 0xffffffff;
const ANNOUNCEMENT = 1;
const NODES = 8 | 16;
const EVERYTHING = 31;

export class Sync {
  readonly #options: GossipOptions;
  readonly #limits: GossipLimits;
  readonly #graph: Graph;
  readonly #isPending: (scid: ShortChannelId) => boolean;
  readonly #peers = new Map<NodeId, Asked>();
  /** Channels in some peer's open query. */
  readonly #requested = new Set<ShortChannelId>();
  #begun = 0;

  constructor(
    options: GossipOptions & { readonly limits: GossipLimits },
    deps: { readonly graph: Graph; readonly isPending: (scid: ShortChannelId) => boolean },
  ) {
    this.#options = options;
    this.#limits = options.limits;
    this.#graph = deps.graph;
    this.#isPending = deps.isPending;
  }

  /** Whether a full fetch is under way. */
  get active(): boolean {
    return [...this.#peers.values()].some((p) => p.stage === 'range' || p.stage === 'channels');
  }

  connected(peer: NodeId, features: Uint8Array): GossipEffect[] {
    // BOLT 7, "Query Messages": who does not offer gossip_queries is not worth asking.
    if (!hasFeature(features, 'gossipQueries')) return [];
    this.#peers.set(peer, {
      extended: hasFeature(features, 'gossipQueriesEx'),
      stage: 'waiting',
      nextBlock: 0,
      replies: 0,
      wanted: new Map(),
      open: [],
    });
    return this.#begin();
  }

  disconnected(peer: NodeId): GossipEffect[] {
    const asked = this.#peers.get(peer);
    if (asked === undefined) return [];
    this.#peers.delete(peer);
    for (const scid of asked.open) this.#requested.delete(scid);
    return [...this.#resume(), ...this.#begin()];
  }

  /** Channels that updates came for: asked of any free peer. */
  ask(scids: ReadonlySet<ShortChannelId>): GossipEffect[] {
    if (scids.size === 0) return [];
    for (const [peer, asked] of this.#peers) {
      if (asked.stage !== 'done') continue;
      for (const scid of scids) asked.wanted.set(scid, EVERYTHING);
      asked.stage = 'channels';
      return this.#next(peer, asked);
    }
    return [];
  }

  replyChannelRange(
    peer: NodeId,
    reply: MessageOf<'replyChannelRange'>,
    cx: GossipContext,
  ): GossipEffect[] {
    const asked = this.#peers.get(peer);
    if (asked?.stage !== 'range') return [warning(peer, 'reply_channel_range without a query')];
    if (!equal(reply.chainHash, this.#options.chainHash)) return this.#finish(peer, asked);
    const end = reply.firstBlocknum + reply.numberOfBlocks;
    asked.replies += 1 + reply.encodedShortIds.length;
    // BOLT 7, reply_channel_range: replies go up the chain.
    if (end < asked.nextBlock || asked.replies > MOST_CHANNELS) {
      const text = 'reply_channel_range out of order or without end';
      return [warning(peer, text), ...this.#finish(peer, asked)];
    }
    asked.nextBlock = end;
    reply.encodedShortIds.forEach((scid, i) => {
      const flags = this.#flagsFor(scid, reply, i, cx);
      if (flags !== 0) asked.wanted.set(scid, flags);
    });
    // Old nodes say sync_complete in each reply: the end of the range decides.
    if (end < LAST_BLOCK) return [];
    asked.stage = 'channels';
    return this.#next(peer, asked);
  }

  replyShortChannelIdsEnd(peer: NodeId): GossipEffect[] {
    const asked = this.#peers.get(peer);
    if (asked === undefined || asked.open.length === 0)
      return [warning(peer, 'reply_short_channel_ids_end without a query')];
    for (const scid of asked.open) this.#requested.delete(scid);
    asked.open = [];
    return [...this.#next(peer, asked), ...this.#resume()];
  }

  /** Those who waited to see whether another peer tells of the rest. */
  #resume(): GossipEffect[] {
    return [...this.#peers].flatMap(([peer, asked]) => this.#next(peer, asked));
  }

  /** Begins with peers that wait, as far as the limits allow. */
  #begin(): GossipEffect[] {
    const effects: GossipEffect[] = [];
    for (const [peer, asked] of this.#peers) {
      if (asked.stage !== 'waiting') continue;
      const busy = [...this.#peers.values()].filter(
        (p) => p.stage === 'range' || p.stage === 'channels',
      );
      if (busy.length >= this.#limits.syncPeers) break;
      if (this.#begun >= this.#limits.syncTotal) {
        asked.stage = 'done';
        continue;
      }
      this.#begun++;
      asked.stage = 'range';
      effects.push({
        kind: 'send',
        peer,
        message: {
          kind: 'queryChannelRange',
          chainHash: this.#options.chainHash,
          firstBlocknum: 0,
          numberOfBlocks: LAST_BLOCK,
          tlvs: asked.extended ? { queryOption: 3n } : {},
        },
      });
    }
    return effects;
  }

  /** What to ask of a channel that the peer knows: 0 where ours is as good. */
  #flagsFor(
    scid: ShortChannelId,
    reply: MessageOf<'replyChannelRange'>,
    i: number,
    cx: GossipContext,
  ): number {
    const { block } = scidParts(scid);
    if (block < reply.firstBlocknum || block >= reply.firstBlocknum + reply.numberOfBlocks)
      return 0;
    const theirs = reply.tlvs.timestamps?.[i];
    const times = [theirs?.timestampNodeId1 ?? 0, theirs?.timestampNodeId2 ?? 0] as const;
    const oldest = cx.now - this.#limits.pruneSeconds;
    const c = this.#graph.channel(scid);
    if (c < 0) {
      const stale = theirs !== undefined && Math.max(...times) < oldest;
      return stale || this.#isPending(scid) ? 0 : EVERYTHING;
    }
    const sums = reply.tlvs.checksums?.[i];
    let flags = 0;
    for (const direction of [0, 1] as const) {
      const e = 2 * c + direction;
      const time = times[direction];
      if (time < oldest || time <= (this.#graph.timestamp[e] as number)) continue;
      const sum = direction === 0 ? sums?.checksumNodeId1 : sums?.checksumNodeId2;
      // The same content under a newer date keeps a channel from being pruned: take it if ours ages.
      const ageing = (this.#graph.timestamp[e] as number) < cx.now - this.#limits.pruneSeconds / 2;
      if (sum !== undefined && sum !== 0 && sum === this.#graph.checksum[e] && !ageing) continue;
      flags |= 2 << direction;
    }
    return flags;
  }

  /** The next batch for a peer that has none open. */
  #next(peer: NodeId, asked: Asked): GossipEffect[] {
    if (asked.stage !== 'channels' || asked.open.length > 0) return [];
    const batch: [ShortChannelId, number][] = [];
    let awaited = false;
    for (const [scid, flags] of asked.wanted) {
      if (batch.length >= this.#limits.queryBatch) break;
      // Another peer is asked for it: should nothing come of that, this one is.
      if (this.#requested.has(scid)) {
        awaited = true;
        continue;
      }
      asked.wanted.delete(scid);
      if (this.#isPending(scid)) continue;
      if (this.#graph.channel(scid) < 0) batch.push([scid, EVERYTHING]);
      else if ((flags & ~(ANNOUNCEMENT | NODES)) !== 0 && flags !== EVERYTHING)
        batch.push([scid, flags]);
    }
    if (batch.length === 0) return awaited ? [] : this.#finish(peer, asked);
    batch.sort(([a], [b]) => (a < b ? -1 : 1));
    asked.open = batch.map(([scid]) => scid);
    for (const scid of asked.open) this.#requested.add(scid);
    const query: MessageOf<'queryShortChannelIds'> = {
      kind: 'queryShortChannelIds',
      chainHash: this.#options.chainHash,
      encodedShortIds: asked.open,
      tlvs: asked.extended ? { queryFlags: batch.map(([, flags]) => BigInt(flags)) } : {},
    };
    return [{ kind: 'send', peer, message: query }];
  }

  #finish(peer: NodeId, asked: Asked): GossipEffect[] {
    const wasBusy = asked.stage !== 'done';
    asked.stage = 'done';
    asked.wanted.clear();
    const note: GossipEffect = {
      kind: 'note',
      level: 'debug',
      text: 'gossip fetched',
      values: { peer, channels: this.#graph.channelCount },
    };
    return wasBusy ? [note, ...this.#begin()] : this.#begin();
  }
}

const warning = (peer: NodeId, text: string): GossipEffect => ({
  kind: 'warn',
  peer,
  text,
  close: false,
});
