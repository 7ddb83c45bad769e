/**
 * BOLT 7 as a machine: `step(input, context)` is synchronous and total, and changes the graph that
 * it was given. What needs the chain, the disk, other threads or the wire comes out as effects.
 */
import {
  assertNever,
  type BlockHeight,
  type Bytes,
  equal,
  type NodeId,
  type ShortChannelId,
} from '../bytes/index.js';
import { hasFeature, type MessageOf } from '../wire/index.js';
import { Intake } from './intake.js';
import { Outpoints } from './outpoints.js';
import { RateLimits } from './rates.js';
import { type Filter, Relay } from './relay.js';
import { restoreRows } from './restore.js';
import { Server } from './serve.js';
import { channelKeyOf, updateKeyOf } from './stored.js';
import { Sync } from './sync.js';
import {
  DEFAULT_GOSSIP_LIMITS,
  type GossipContext,
  type GossipEffect,
  type GossipInput,
  type GossipLimits,
  type GossipMachineDeps,
  type GossipMessage,
  type GossipOptions,
  type Serving,
  type StoredGossip,
} from './types.js';

interface Peer {
  filter: Filter | undefined;
  /** Queries for channels of this peer that are being answered. */
  open: number;
  /** The replies to its range query that are still to be sent. */
  range: Generator<MessageOf<'replyChannelRange'>> | undefined;
  /** What is stored of the time that its filter names and is still to be sent. */
  backlog: Generator<string[]> | undefined;
  /** A slice of the backlog is on its way: the next goes when the peer has read it. */
  backlogOpen: boolean;
}

/** How far back live gossip is asked for when a peer connects. */
const OVERLAP_SECONDS = 600;
const PRUNE_EVERY_SECONDS = 3600;

export class GossipMachine {
  readonly #options: GossipOptions & { readonly limits: GossipLimits };
  readonly #deps: GossipMachineDeps;
  readonly outpoints = new Outpoints();
  readonly #relay: Relay;
  readonly #rates: RateLimits;
  readonly #intake: Intake;
  readonly #sync: Sync;
  readonly #server: Server;
  readonly #peers = new Map<NodeId, Peer>();
  #flushedAt = 0;
  #prunedAt = 0;

  constructor(options: GossipOptions, deps: GossipMachineDeps) {
    const limits = { ...DEFAULT_GOSSIP_LIMITS, ...options.limits };
    this.#options = { ...options, limits };
    this.#deps = deps;
    const { graph } = deps.topology;
    this.#relay = new Relay({ graph, peers: this.#peers });
    this.#rates = new RateLimits(limits);
    const { outpoints } = this;
    this.#intake = new Intake(this.#options, {
      ...deps,
      outpoints,
      relay: this.#relay,
      rates: this.#rates,
    });
    this.#sync = new Sync(this.#options, {
      graph,
      isPending: (scid) => this.#intake.isPending(scid),
    });
    this.#server = new Server({ graph });
  }

  /** Whether the graph is being fetched, or messages are being checked. */
  get busy(): boolean {
    return this.#sync.active || this.#intake.pendingCount > 0;
  }
  get pendingCount(): number {
    return this.#intake.pendingCount;
  }

  /** Channels whose funding output is spent, with the height: they are soon forgotten. */
  get spentAt(): Map<ShortChannelId, BlockHeight> {
    return this.#intake.spentAt;
  }

  step(input: GossipInput, cx: GossipContext): GossipEffect[] {
    switch (input.kind) {
      case 'connected':
        return this.#connected(input.peer, input.features, cx);
      case 'disconnected':
        this.#peers.delete(input.peer);
        return this.#sync.disconnected(input.peer);
      case 'message':
        return this.#message(input.peer, input.message, input.ref, cx);
      case 'own':
        return this.#own(input.message, cx);
      case 'verified':
        return this.#intake.verified(input.job, input.good, cx);
      case 'funding':
        return this.#intake.funding(input.job, input.output, cx);
      case 'block':
        return this.#block(input.height, input.spends, cx);
      case 'disconnectedBlock':
        return this.#disconnectedBlock(input.height);
      case 'served':
        return this.#served(input.peer, input.what);
      case 'tick':
        return this.#tick(cx);
      default:
        return assertNever(input);
    }
  }

  /**
   * Takes up what was stored after the snapshot that the graph was filled from. Answers the rows
   * that speak of channels and nodes which are not there yet: for another call, after all others.
   */
  restore(rows: readonly StoredGossip[], now: number): StoredGossip[] {
    return restoreRows(rows, now, {
      ...this.#deps,
      options: this.#options,
      outpoints: this.outpoints,
      spentAt: this.spentAt,
    });
  }

  #connected(peer: NodeId, features: Bytes, cx: GossipContext): GossipEffect[] {
    this.#peers.set(peer, {
      filter: undefined,
      open: 0,
      range: undefined,
      backlog: undefined,
      backlogOpen: false,
    });
    const offers = hasFeature(features, 'gossipQueries');
    const { chainHash } = this.#options;
    // BOLT 7, gossip_timestamp_filter: of a peer that does not offer gossip_queries nothing is asked.
    const filter = offers
      ? { firstTimestamp: Math.max(0, cx.now - OVERLAP_SECONDS), timestampRange: 0xffffffff }
      : { firstTimestamp: 0xffffffff, timestampRange: 0 };
    return [
      { kind: 'send', peer, message: { kind: 'gossipTimestampFilter', chainHash, ...filter } },
      ...this.#sync.connected(peer, features),
    ];
  }

  #message(
    peer: NodeId,
    message: GossipMessage,
    ref: number | undefined,
    cx: GossipContext,
  ): GossipEffect[] {
    const after = (effects: GossipEffect[]): GossipEffect[] =>
      ref === undefined ? effects : [...effects, { kind: 'done', ref }];
    const from = <M>(of: M) => ({ message: of, peer, ref });
    switch (message.kind) {
      case 'channelAnnouncement':
        return this.#intake.channelAnnouncement(from(message), cx);
      case 'channelUpdate':
        return this.#intake.channelUpdate(from(message), cx);
      case 'nodeAnnouncement':
        return this.#intake.nodeAnnouncement(from(message), cx);
      case 'replyChannelRange':
        return after(this.#sync.replyChannelRange(peer, message, cx));
      case 'replyShortChannelIdsEnd':
        return after(this.#sync.replyShortChannelIdsEnd(peer));
      case 'queryChannelRange':
        return after(this.#serveRange(peer, message));
      case 'queryShortChannelIds':
        return after(this.#serveChannels(peer, message));
      case 'gossipTimestampFilter':
        return after(this.#setFilter(peer, message));
      default:
        return assertNever(message);
    }
  }

  #own(
    message: MessageOf<'channelAnnouncement' | 'nodeAnnouncement' | 'channelUpdate'>,
    cx: GossipContext,
  ): GossipEffect[] {
    const from = { peer: undefined, ref: undefined };
    switch (message.kind) {
      case 'channelAnnouncement':
        return this.#intake.channelAnnouncement({ message, ...from }, cx);
      case 'channelUpdate':
        return this.#intake.channelUpdate({ message, ...from }, cx);
      case 'nodeAnnouncement':
        return this.#intake.nodeAnnouncement({ message, ...from }, cx);
      default:
        return assertNever(message);
    }
  }

  #isSpent = (scid: ShortChannelId): boolean => this.#intake.spentAt.has(scid);

  #serveRange(peer: NodeId, query: MessageOf<'queryChannelRange'>): GossipEffect[] {
    const state = this.#peers.get(peer);
    if (state === undefined) return [];
    // BOLT 7, query_channel_range: not before all replies to the last one are sent.
    if (state.range !== undefined)
      return [{ kind: 'warn', peer, text: 'one query_channel_range at a time', close: false }];
    const known = equal(query.chainHash, this.#options.chainHash);
    state.range = this.#server.channelRange(query, known ? this.#isSpent : () => true);
    return this.#nextReply(peer, state);
  }

  /** One reply at a time, as the peer reads: a whole graph of them takes a while to make. */
  #nextReply(peer: NodeId, state: Peer): GossipEffect[] {
    const next = state.range?.next();
    if (next === undefined) return [];
    if (next.done === true) {
      state.range = undefined;
      return [];
    }
    if (next.value.syncComplete === 1) state.range = undefined;
    return [{ kind: 'sendStored', peer, keys: [], last: next.value, serves: 'range' }];
  }

  /** An answer has gone out whole. */
  #served(peer: NodeId, what: Serving): GossipEffect[] {
    const state = this.#peers.get(peer);
    if (state === undefined) return [];
    switch (what) {
      case 'range':
        return this.#nextReply(peer, state);
      case 'channels':
        if (state.open > 0) state.open--;
        return [];
      case 'backlog':
        state.backlogOpen = false;
        return this.#nextBacklog(peer, state);
      default:
        return assertNever(what);
    }
  }

  #serveChannels(peer: NodeId, query: MessageOf<'queryShortChannelIds'>): GossipEffect[] {
    const state = this.#peers.get(peer);
    if (state === undefined) return [];
    const flags = query.tlvs.queryFlags;
    // BOLT 7, query_short_channel_ids: exactly one flag for each channel.
    if (flags !== undefined && flags.length !== query.encodedShortIds.length)
      return [{ kind: 'warn', peer, text: 'query_flags: not one for each channel', close: false }];
    // BOLT 7, query_short_channel_ids: only one query at a time.
    if (state.open >= this.#options.limits.openQueries)
      return [{ kind: 'warn', peer, text: 'too many queries at a time', close: true }];
    state.open++;
    const known = equal(query.chainHash, this.#options.chainHash);
    return [
      {
        kind: 'sendStored',
        peer,
        keys: known ? this.#server.shortChannelIds(query) : [],
        last: {
          kind: 'replyShortChannelIdsEnd',
          chainHash: query.chainHash,
          fullInformation: known ? 1 : 0,
        },
        serves: 'channels',
      },
    ];
  }

  #setFilter(peer: NodeId, message: MessageOf<'gossipTimestampFilter'>): GossipEffect[] {
    const state = this.#peers.get(peer);
    if (state === undefined || !equal(message.chainHash, this.#options.chainHash)) return [];
    const filter = { first: message.firstTimestamp, range: message.timestampRange };
    state.filter = filter;
    state.backlog = this.#relay.backlog(filter, this.#isSpent);
    return this.#nextBacklog(peer, state);
  }

  /** One slice at a time, as the peer reads: it may be the whole graph. */
  #nextBacklog(peer: NodeId, state: Peer): GossipEffect[] {
    if (state.backlogOpen) return [];
    const next = state.backlog?.next();
    if (next === undefined || next.done === true) {
      state.backlog = undefined;
      return [];
    }
    state.backlogOpen = true;
    return [{ kind: 'sendStored', peer, keys: next.value, serves: 'backlog' }];
  }

  #block(
    height: BlockHeight,
    spends: readonly { readonly txid: Bytes; readonly vout: number }[],
    cx: GossipContext,
  ): GossipEffect[] {
    const { graph } = this.#deps.topology;
    const effects: GossipEffect[] = [];
    for (const { txid, vout } of spends) {
      const c = this.outpoints.find(txid, vout);
      if (c < 0 || !graph.isLive(c)) continue;
      const scid = graph.scid(c);
      if (this.spentAt.has(scid)) continue;
      this.spentAt.set(scid, height);
      effects.push({ kind: 'spent', scid, height });
    }
    // BOLT 7, "Pruning the Network View": forgotten 72 blocks after the spend, so that a splice has
    // time to be announced.
    for (const [scid, at] of this.spentAt)
      if (height >= at + this.#options.limits.forgetBlocks) {
        effects.push(...this.#forget(graph.channel(scid)));
        this.spentAt.delete(scid);
      }
    effects.push(...this.#intake.block(cx));
    return effects;
  }

  #disconnectedBlock(height: BlockHeight): GossipEffect[] {
    const effects: GossipEffect[] = [];
    for (const [scid, at] of this.spentAt)
      if (at >= height) {
        this.spentAt.delete(scid);
        effects.push({ kind: 'spent', scid, height: 0 });
      }
    return effects;
  }

  #tick(cx: GossipContext): GossipEffect[] {
    const effects: GossipEffect[] = [];
    if (cx.now >= this.#flushedAt + this.#options.limits.flushSeconds) {
      this.#flushedAt = cx.now;
      effects.push(...this.#relay.flush(), ...this.#sync.ask(this.#intake.unknownChannels));
      this.#intake.unknownChannels.clear();
    }
    if (cx.now >= this.#prunedAt + PRUNE_EVERY_SECONDS) {
      this.#prunedAt = cx.now;
      effects.push(...this.#prune(cx));
    }
    return effects;
  }

  /** BOLT 7, "Pruning": a channel of which one side's last update is older than two weeks. */
  #prune(cx: GossipContext): GossipEffect[] {
    const { graph } = this.#deps.topology;
    const oldest = cx.now - this.#options.limits.pruneSeconds;
    const effects: GossipEffect[] = [];
    for (let c = 0; c < graph.channelLimit; c++) {
      if (!graph.isLive(c)) continue;
      const [a, b] = [graph.timestamp[2 * c] as number, graph.timestamp[2 * c + 1] as number];
      const stale = (a !== 0 && a < oldest) || (b !== 0 && b < oldest);
      if (stale && this.#deps.ownChannel(graph.scid(c)) === undefined)
        effects.push(...this.#forget(c));
    }
    return effects;
  }

  #forget(c: number): GossipEffect[] {
    if (c < 0) return [];
    const { graph } = this.#deps.topology;
    const scid = graph.scid(c);
    const effects: GossipEffect[] = [
      { kind: 'drop', key: channelKeyOf(scid) },
      { kind: 'drop', key: updateKeyOf(scid, 0) },
      { kind: 'drop', key: updateKeyOf(scid, 1) },
    ];
    for (const n of [graph.source[2 * c] as number, graph.source[2 * c + 1] as number])
      if (graph.incoming.length(n) === 1 && graph.nodeTimestamp[n] !== 0)
        effects.push({ kind: 'drop', key: `n:${graph.nodeHex(n)}` });
    this.outpoints.remove(c);
    this.#rates.forget(c);
    this.#deps.topology.removeChannel(c);
    return effects;
  }
}
