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

export class Relay {
  readonly #graph: Graph;
  /** Channels accepted since the last flush; they go out with their first update. */
  readonly #channels = new Map<ShortChannelId, NodeId | undefined>();
  readonly #updates = new Map<string, Item & { scid: ShortChannelId; direction: Direction }>();
  readonly #nodes = new Map<NodeId, Item>();

  constructor(deps: { readonly graph: Graph }) {
    this.#graph = deps.graph;
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
    this.#updates.set(updateKeyOf(scid, direction), { scid, direction, timestamp, from });
  }
  node(id: NodeId, timestamp: number, from: NodeId | undefined): void {
    this.#nodes.set(id, { timestamp, from });
  }

  /** What each peer is to get now; the channels without an update wait on. */
  flush(peers: ReadonlyMap<NodeId, Filter | undefined>): GossipEffect[] {
    const effects: GossipEffect[] = [];
    for (const [peer, filter] of peers) {
      // BOLT 7, "Rebroadcasting": others' gossip only goes to those who sent a filter.
      if (filter === undefined) continue;
      const keys = this.#keysFor(peer, filter);
      if (keys.length > 0) effects.push({ kind: 'sendStored', peer, keys });
    }
    for (const { scid } of this.#updates.values()) this.#channels.delete(scid);
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
   * its updates, nodes last.
   */
  backlog(filter: Filter, skip: (scid: ShortChannelId) => boolean): string[] {
    const graph = this.#graph;
    const keys: string[] = [];
    if (filter.range === 0) return keys;
    for (let c = 0; c < graph.channelLimit; c++) {
      if (!graph.isLive(c)) continue;
      const times = [graph.timestamp[2 * c] as number, graph.timestamp[2 * c + 1] as number];
      const due = times.map((time) => time !== 0 && passes(filter, time));
      if (!due.includes(true)) continue;
      const scid = graph.scid(c);
      if (skip(scid)) continue;
      keys.push(channelKeyOf(scid));
      for (const direction of [0, 1] as const)
        if (due[direction]) keys.push(updateKeyOf(scid, direction));
    }
    for (let n = 0; n < graph.nodeLimit; n++) {
      const time = graph.nodeTimestamp[n] as number;
      if (time !== 0 && passes(filter, time)) keys.push(nodeKeyOf(graph.nodeHex(n)));
    }
    return keys;
  }
}
