/**
 * What goes on to our peers: kept for the next flush, so that of several updates only the last is
 * sent, and sent to whoever asked for its time by gossip_timestamp_filter.
 */
import type { NodeId, ShortChannelId } from '../bytes/index.js';
import type { Direction, Graph } from './graph.js';
import { channelKeyOf, nodeKeyOf, updateKeyOf } from './stored.js';
import type { GossipEffect } from './types.js';

export interface Filter {
  readonly first: number;
  readonly range: number;
}

interface Item {
  readonly timestamp: number;
  /**
   * Who told us, and needs not hear it again. Nobody: it is ours; it was sent at once, and goes out
   * once more, since a peer may have known nothing of its channel then.
   */
  readonly from: NodeId | undefined;
}

export const passes = (filter: Filter, timestamp: number): boolean =>
  timestamp >= filter.first && timestamp < filter.first + filter.range;

/** Keys of the backlog that are told at a time. */
const SLICE = 400;

interface RelayDeps {
  readonly graph: Graph;
  /** Who is connected, with what each asked for. */
  readonly peers: ReadonlyMap<NodeId, { readonly filter: Filter | undefined }>;
}

export class Relay {
  readonly #graph: Graph;
  readonly #peers: RelayDeps['peers'];
  /** Channels accepted since the last flush; they go out with their first update. */
  readonly #channels = new Map<ShortChannelId, NodeId | undefined>();
  /** Those among them with an update that nobody asked for: they wait no longer than the flush. */
  readonly #old = new Set<ShortChannelId>();
  readonly #updates = new Map<string, Item & { scid: ShortChannelId; direction: Direction }>();
  readonly #nodes = new Map<NodeId, Item>();

  constructor(deps: RelayDeps) {
    this.#graph = deps.graph;
    this.#peers = deps.peers;
  }

  channel(scid: ShortChannelId, from: NodeId | undefined): void {
    this.#channels.set(scid, from);
  }
  update(
    scid: ShortChannelId,
    direction: Direction,
    timestamp: number,
    from: NodeId | undefined,
  ): void {
    if (this.#isWanted(timestamp, from))
      this.#updates.set(updateKeyOf(scid, direction), { scid, direction, timestamp, from });
    else if (this.#channels.has(scid)) this.#old.add(scid);
  }
  node(id: NodeId, timestamp: number, from: NodeId | undefined): void {
    if (this.#isWanted(timestamp, from)) this.#nodes.set(id, { timestamp, from });
  }

  /**
   * What nobody asked for is not kept: a whole graph that comes in would be. Who asks for it later
   * finds it in the backlog.
   */
  #isWanted(timestamp: number, from: NodeId | undefined): boolean {
    if (from === undefined) return true;
    for (const [peer, { filter }] of this.#peers)
      if (peer !== from && filter !== undefined && passes(filter, timestamp)) return true;
    return false;
  }

  /** What each peer is to get now; the channels without an update wait on. */
  flush(): GossipEffect[] {
    const effects: GossipEffect[] = [];
    for (const [peer, { filter }] of this.#peers) {
      // BOLT 7, "Rebroadcasting": others' gossip only goes to those who sent a filter.
      if (filter === undefined) continue;
      const keys = this.#keysFor(peer, filter);
      if (keys.length > 0) effects.push({ kind: 'sendStored', peer, keys });
    }
    for (const { scid } of this.#updates.values()) this.#channels.delete(scid);
    for (const scid of this.#old) this.#channels.delete(scid);
    this.#old.clear();
    this.#updates.clear();
    this.#nodes.clear();
    return effects;
  }

  #keysFor(peer: NodeId, filter: Filter): string[] {
    const keys: string[] = [];
    const announced = new Set<ShortChannelId>();
    const due = (item: Item): boolean => item.from !== peer && passes(filter, item.timestamp);
    for (const [key, item] of this.#updates) {
      if (!due(item)) continue;
      const { scid } = item;
      // BOLT 7, gossip_timestamp_filter: the channel_announcement goes before its updates.
      if (this.#channels.has(scid) && this.#channels.get(scid) !== peer && !announced.has(scid)) {
        announced.add(scid);
        keys.push(channelKeyOf(scid));
      }
      keys.push(key);
    }
    for (const [id, item] of this.#nodes) if (due(item)) keys.push(nodeKeyOf(id));
    return keys;
  }

  /**
   * BOLT 7, gossip_timestamp_filter: all that is stored of the time asked for, each channel before
   * its updates, nodes last; in slices, since the graph may be large and the peer slow.
   */
  *backlog(filter: Filter, skip: (scid: ShortChannelId) => boolean): Generator<string[]> {
    let keys: string[] = [];
    for (const key of this.#backlogKeys(filter, skip)) {
      keys.push(key);
      if (keys.length < SLICE) continue;
      yield keys;
      keys = [];
    }
    if (keys.length > 0) yield keys;
  }

  *#backlogKeys(filter: Filter, skip: (scid: ShortChannelId) => boolean): Generator<string> {
    const graph = this.#graph;
    if (filter.range === 0) return;
    const due = (time: number): boolean => time !== 0 && passes(filter, time);
    for (let c = 0; c < graph.channelLimit; c++) {
      const first = due(graph.timestamp[2 * c] as number);
      const second = due(graph.timestamp[2 * c + 1] as number);
      if (!(first || second) || !graph.isLive(c)) continue;
      const scid = graph.scid(c);
      if (skip(scid)) continue;
      yield channelKeyOf(scid);
      if (first) yield updateKeyOf(scid, 0);
      if (second) yield updateKeyOf(scid, 1);
    }
    for (let n = 0; n < graph.nodeLimit; n++)
      if (due(graph.nodeTimestamp[n] as number)) yield nodeKeyOf(graph.nodeHex(n));
  }
}
