/**
 * The channel graph in columns of numbers. A node is an index, a channel is an index `c`, and a
 * channel in one direction is an edge `e = 2c + direction`, so that `e ^ 1` is its reverse. Ids
 * and short channel ids stand only at the edge, behind two hash tables.
 *
 * Amounts are float64 whole millisatoshi, exact below 2^53 (about 90,000 BTC).
 */
import { type Bytes, type NodeId, type ShortChannelId, toHex } from '../bytes/index.js';
import { ChangeLog } from './change-log.js';
import {
  CHANNEL_COLUMNS,
  EDGE_COLUMNS,
  type GraphParts,
  gathered,
  NODE_COLUMNS,
  type Numbers,
  type Run,
  runsOf,
} from './graph-parts.js';
import { grown, HashIndex, idHash, mix, Rows } from './tables.js';

/** 0: from the node with the lesser id to the one with the greater (node_id_1 to node_id_2). */
export type Direction = 0 | 1;

export interface ChannelDirection {
  readonly scid: ShortChannelId;
  readonly direction: Direction;
}

/** What a channel_update says about one direction. */
export interface Policy {
  readonly enabled: boolean;
  readonly cltvDelta: number;
  readonly htlcMinimumMsat: number;
  readonly htlcMaximumMsat: number;
  readonly feeBaseMsat: number;
  readonly feeProportionalMillionths: number;
  /** Of the channel_update, in seconds; 0 where it is not known. */
  readonly timestamp: number;
}

export interface NewChannel {
  readonly scid: ShortChannelId;
  /** node_id_1 and node_id_2 of the announcement, 33 bytes each. */
  readonly node1: Bytes;
  readonly node2: Bytes;
  /** 0 where it is not known: then htlc_maximum_msat alone limits. */
  readonly capacityMsat: number;
}

export const NODE_ID_BYTES = 33;

/** Bits of an edge's flags. */
export const KNOWN = 1;
export const DISABLED = 2;
/** The channel's announcement has an even feature bit that we do not know. */
export const UNROUTABLE = 4;

export class Graph {
  /** Columns of edges. */
  flags = new Uint8Array(0);
  cltvDelta = new Uint16Array(0);
  feeBase = new Uint32Array(0);
  feeRate = new Uint32Array(0);
  htlcMinimum = new Float64Array(0);
  htlcMaximum = new Float64Array(0);
  timestamp = new Uint32Array(0);
  /** CRC32C of the channel_update as extended queries compare it; 0 where it is not known. */
  checksum = new Uint32Array(0);
  /** The node an edge starts from; it ends at `source[e ^ 1]`. */
  source = new Int32Array(0);
  /** Columns of channels. */
  capacity = new Float64Array(0);
  /** A number for each feature vector there is, so that a channel has two bytes for it. */
  #features = new Uint16Array(0);
  readonly #featureVectors: string[] = [''];
  #scidHigh = new Uint32Array(0);
  #scidLow = new Uint32Array(0);
  #live = new Uint8Array(0);
  /** Columns of nodes. */
  nodeIds = new Uint8Array(0);
  /** 1: its node_announcement has an even feature bit that we do not know. */
  nodeUnroutable = new Uint8Array(0);
  /** Of its node_announcement; 0: none came yet. */
  nodeTimestamp = new Uint32Array(0);
  /** Counts the changes to a node's channels and their policies in either direction. */
  nodeVersion = new Uint32Array(0);
  /** Which channels these changes were of. */
  readonly changes = new ChangeLog();
  /** The edges that end at a node, one row a node. */
  readonly incoming = new Rows();

  #channels = 0;
  #nodes = 0;
  #liveChannels = 0;
  #liveNodes = 0;
  /** How many edges have each htlc_minimum_msat: there are few different ones. */
  readonly #minima = new Map<number, number>();
  #sortedMinima: number[] | undefined;
  readonly #freeChannels: number[] = [];
  readonly #freeNodes: number[] = [];
  /** Counts every change. */
  version = 0;
  /** Counts the changes to which channels there are, and which of them have an update. */
  structure = 0;

  readonly #byScid = new HashIndex<ShortChannelId>({
    hash: (scid) => mix(Number(scid >> 32n), Number(scid & 0xffffffffn)),
    hashAt: (c) => mix(this.#scidHigh[c] as number, this.#scidLow[c] as number),
    equals: (c, scid) => this.scid(c) === scid,
  });
  readonly #byId = new HashIndex<Bytes>({
    hash: (id) => idHash(id, 0),
    hashAt: (n) => idHash(this.nodeIds, n * NODE_ID_BYTES),
    equals: (n, id) => {
      const at = n * NODE_ID_BYTES;
      for (let i = 0; i < NODE_ID_BYTES; i++) if (this.nodeIds[at + i] !== id[i]) return false;
      return true;
    },
  });

  /** Channels in the graph. */
  get channelCount(): number {
    return this.#liveChannels;
  }
  /** Nodes with a channel in the graph. */
  get nodeCount(): number {
    return this.#liveNodes;
  }
  /** One above the largest channel index in use; the places between may be empty. */
  get channelLimit(): number {
    return this.#channels;
  }
  /** One above the largest node index in use. */
  get nodeLimit(): number {
    return this.#nodes;
  }
  isLive(c: number): boolean {
    return this.#live[c] === 1;
  }

  /** The channel's index, or -1. */
  channel(scid: ShortChannelId): number {
    return this.#byScid.find(scid);
  }
  /** The node's index, or -1. */
  node(id: Bytes): number {
    return id.length === NODE_ID_BYTES ? this.#byId.find(id) : -1;
  }
  /** The edge of a channel in a direction, or -1. */
  edge(scid: ShortChannelId, direction: Direction): number {
    const c = this.channel(scid);
    return c < 0 ? -1 : 2 * c + direction;
  }
  scid(c: number): ShortChannelId {
    return ((BigInt(this.#scidHigh[c] as number) << 32n) |
      BigInt(this.#scidLow[c] as number)) as ShortChannelId;
  }
  nodeId(n: number): Bytes {
    return this.nodeIds.slice(n * NODE_ID_BYTES, (n + 1) * NODE_ID_BYTES);
  }

  nodeHex(n: number): NodeId {
    return toHex(this.nodeIds.subarray(n * NODE_ID_BYTES, (n + 1) * NODE_ID_BYTES)) as NodeId;
  }

  /** The features of the channel's announcement, in hex. */
  features(c: number): string {
    return this.#featureVectors[this.#features[c] as number] as string;
  }
  setFeatures(c: number, hex: string): void {
    let i = this.#featureVectors.indexOf(hex);
    // Made-up vectors must not take memory without end: beyond these they are not kept.
    if (i < 0 && this.#featureVectors.length < 256) i = this.#featureVectors.push(hex) - 1;
    this.#features[c] = Math.max(0, i);
  }

  policy(e: number): Policy | undefined {
    if (((this.flags[e] ?? 0) & KNOWN) === 0) return undefined;
    return {
      enabled: ((this.flags[e] as number) & DISABLED) === 0,
      cltvDelta: this.cltvDelta[e] as number,
      htlcMinimumMsat: this.htlcMinimum[e] as number,
      htlcMaximumMsat: this.htlcMaximum[e] as number,
      feeBaseMsat: this.feeBase[e] as number,
      feeProportionalMillionths: this.feeRate[e] as number,
      timestamp: this.timestamp[e] as number,
    };
  }

  /** Adds a channel and answers its index; the index of the channel that has this scid already. */
  addChannel(channel: NewChannel): number {
    const known = this.#byScid.find(channel.scid);
    if (known >= 0) return known;
    const node1 = this.#addNode(channel.node1);
    const node2 = this.#addNode(channel.node2);
    const c = this.#freeChannels.pop() ?? this.#channels++;
    if (c >= this.capacity.length) this.#growChannels(c + 1);
    this.#scidHigh[c] = Number(channel.scid >> 32n);
    this.#scidLow[c] = Number(channel.scid & 0xffffffffn);
    this.capacity[c] = channel.capacityMsat;
    this.source[2 * c] = node1;
    this.source[2 * c + 1] = node2;
    this.#features[c] = 0;
    this.#live[c] = 1;
    this.#liveChannels++;
    this.#byScid.add(c);
    this.incoming.push(node2, 2 * c);
    this.incoming.push(node1, 2 * c + 1);
    this.#touch(c);
    return c;
  }

  setPolicy(e: number, policy: Policy): void {
    const routability = (this.flags[e] as number) & UNROUTABLE;
    const fresh = ((this.flags[e] as number) & KNOWN) === 0;
    if (fresh) this.structure++;
    else this.#forgetMinimum(e);
    this.flags[e] = KNOWN | (policy.enabled ? 0 : DISABLED) | routability;
    this.#countMinimum(e, policy.htlcMinimumMsat);
    this.cltvDelta[e] = policy.cltvDelta;
    this.htlcMaximum[e] = policy.htlcMaximumMsat;
    this.feeBase[e] = policy.feeBaseMsat;
    this.feeRate[e] = policy.feeProportionalMillionths;
    this.timestamp[e] = policy.timestamp;
    this.#touch(e >> 1);
  }

  /** Takes a policy back, as if none had come. */
  clearPolicy(e: number): void {
    if (((this.flags[e] as number) & KNOWN) === 0) return;
    this.structure++;
    this.#forgetMinimum(e);
    this.flags[e] = (this.flags[e] as number) & UNROUTABLE;
    this.timestamp[e] = 0;
    this.#touch(e >> 1);
  }

  /** The different minima above one amount, up to another, ascending. */
  minimaBetween(above: number, upTo: number): readonly number[] {
    this.#sortedMinima ??= [...this.#minima.keys()].sort((a, b) => a - b);
    return this.#sortedMinima.filter((minimum) => minimum > above && minimum <= upTo);
  }

  #countMinimum(e: number, minimum: number): void {
    const count = this.#minima.get(minimum) ?? 0;
    this.#minima.set(minimum, count + 1);
    if (count === 0) this.#sortedMinima = undefined;
    this.htlcMinimum[e] = minimum;
  }

  #forgetMinimum(e: number): void {
    const minimum = this.htlcMinimum[e] as number;
    const count = this.#minima.get(minimum) ?? 0;
    if (count > 1) {
      this.#minima.set(minimum, count - 1);
      return;
    }
    this.#minima.delete(minimum);
    this.#sortedMinima = undefined;
  }

  setChannelRoutable(c: number, routable: boolean): void {
    for (const e of [2 * c, 2 * c + 1])
      this.flags[e] = ((this.flags[e] as number) & ~UNROUTABLE) | (routable ? 0 : UNROUTABLE);
    this.#touch(c);
  }

  setNodeRoutable(n: number, routable: boolean): void {
    this.nodeUnroutable[n] = routable ? 0 : 1;
    this.touchNode(n);
  }

  /** What is known of a channel beside its policies changed: whoever keeps copies makes them anew. */
  touchChannel(c: number): void {
    this.#touch(c);
  }
  touchNode(n: number): void {
    const { pool } = this.incoming;
    const start = this.incoming.start(n);
    for (let i = 0; i < this.incoming.length(n); i++) this.#touch((pool[start + i] as number) >> 1);
  }

  /** Removes a channel, and its nodes where it was their last one. */
  removeChannel(c: number): void {
    if (this.#live[c] !== 1) return;
    this.structure++;
    this.#touch(c, true);
    const node1 = this.source[2 * c] as number;
    const node2 = this.source[2 * c + 1] as number;
    this.incoming.remove(node2, 2 * c);
    this.incoming.remove(node1, 2 * c + 1);
    this.#byScid.remove(c);
    this.#live[c] = 0;
    for (const e of [2 * c, 2 * c + 1])
      if (((this.flags[e] as number) & KNOWN) !== 0) this.#forgetMinimum(e);
    this.flags[2 * c] = 0;
    this.flags[2 * c + 1] = 0;
    this.timestamp[2 * c] = 0;
    this.timestamp[2 * c + 1] = 0;
    this.#liveChannels--;
    this.#freeChannels.push(c);
    for (const n of node1 === node2 ? [node1] : [node1, node2]) {
      if (this.incoming.length(n) > 0) continue;
      this.#byId.remove(n);
      this.#freeNodes.push(n);
      this.#liveNodes--;
      this.nodeUnroutable[n] = 0;
      this.nodeTimestamp[n] = 0;
    }
  }

  /** Makes room, so that a load of a known size allocates once. */
  reserve(channels: number, nodes: number): void {
    if (channels > this.capacity.length) this.#growChannels(channels, true);
    if (nodes > this.nodeVersion.length) this.#growNodes(nodes, true);
    this.#byScid.reserve(channels);
    this.#byId.reserve(nodes);
  }

  /** A copy without gaps, and where its channels are here: numbers go from 0, in the same order. */
  compact(): { readonly graph: Graph; readonly channels: readonly Run[] } {
    const channels = runsOf(this.#channels, (c) => this.#live[c] === 1);
    const nodes = runsOf(this.#nodes, (n) => this.incoming.length(n) > 0);
    const renumbered = new Int32Array(this.#nodes);
    let count = 0;
    for (const [from, to] of nodes) for (let n = from; n < to; n++) renumbered[n] = count++;
    const graph = new Graph();
    graph.#numbers = this.#numbers.map((column, i) =>
      i < EDGE_COLUMNS
        ? gathered(column, channels, 2)
        : gathered(column, i < CHANNEL_COLUMNS ? channels : nodes),
    ) as Numbers;
    graph.source = graph.source.map((n) => renumbered[n] as number);
    graph.nodeIds = gathered(this.nodeIds, nodes, NODE_ID_BYTES);
    graph.#count();
    graph.#index();
    graph.#featureVectors.splice(0, Number.POSITIVE_INFINITY, ...this.#featureVectors);
    for (const [minimum, count] of this.#minima) graph.#minima.set(minimum, count);
    return { graph, channels };
  }

  /** Everything of a compact graph: its columns and tables, whose order is that of snapshots. */
  get parts(): GraphParts {
    const tables = [this.#byScid.slots, this.#byId.slots, ...this.incoming.columns];
    return {
      columns: [...this.#numbers, this.nodeIds, ...tables],
      featureVectors: this.#featureVectors,
      minima: [...this.#minima],
    };
  }

  /** An empty graph becomes the one with these parts, and owns them; false: they do not fit. */
  adopt({ columns, featureVectors, minima }: GraphParts): boolean {
    const numbers = columns.slice(0, NODE_COLUMNS);
    const [nodeIds, scids, ids, ...rows] = columns.slice(NODE_COLUMNS) as [
      ...[Uint8Array<ArrayBuffer>, Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>],
      ...Rows['columns'],
    ];
    const channels = numbers[CHANNEL_COLUMNS - 1]?.length ?? -1;
    const nodes = numbers[NODE_COLUMNS - 1]?.length ?? -1;
    const fit =
      nodeIds?.length === nodes * NODE_ID_BYTES &&
      numbers.every(({ length }, i) =>
        i < EDGE_COLUMNS
          ? length === 2 * channels
          : length === (i < CHANNEL_COLUMNS ? channels : nodes),
      );
    if (!fit || !HashIndex.fits(scids, channels) || !HashIndex.fits(ids, nodes)) return false;
    if (!Rows.fits(rows, nodes)) return false;
    this.#byScid.adopt(scids, channels);
    this.#byId.adopt(ids, nodes);
    this.incoming.adopt(rows);
    this.#numbers = numbers as unknown as Numbers;
    this.nodeIds = nodeIds;
    this.#count();
    this.#featureVectors.splice(0, Number.POSITIVE_INFINITY, ...featureVectors);
    for (const [minimum, count] of minima) this.#minima.set(minimum, count);
    return true;
  }

  /** After its columns were set: all of them are in use. */
  #count(): void {
    this.#channels = this.#liveChannels = this.capacity.length;
    this.#nodes = this.#liveNodes = this.nodeTimestamp.length;
    this.#live = new Uint8Array(this.#channels).fill(1);
    this.nodeVersion = new Uint32Array(this.#nodes);
    this.changes.resize(this.#nodes);
    this.version++;
    this.structure++;
  }

  #index(): void {
    this.#byScid.reserve(this.#channels);
    this.#byId.reserve(this.#nodes);
    for (let n = 0; n < this.#nodes; n++) this.#byId.add(n);
    const degrees = new Int32Array(this.#nodes);
    for (const n of this.source) degrees[n] = (degrees[n] as number) + 1;
    this.incoming.allot(degrees);
    for (let c = 0; c < this.#channels; c++) {
      this.#byScid.add(c);
      this.incoming.push(this.source[2 * c + 1] as number, 2 * c);
      this.incoming.push(this.source[2 * c] as number, 2 * c + 1);
    }
  }

  get #numbers(): Numbers {
    return [
      ...([this.source, this.flags, this.cltvDelta, this.feeBase, this.feeRate] as const),
      ...([this.htlcMinimum, this.htlcMaximum, this.timestamp, this.checksum] as const),
      ...([this.capacity, this.#features, this.#scidHigh, this.#scidLow] as const),
      ...([this.nodeUnroutable, this.nodeTimestamp] as const),
    ];
  }
  set #numbers(numbers: Numbers) {
    [
      this.source,
      this.flags,
      this.cltvDelta,
      this.feeBase,
      this.feeRate,
      this.htlcMinimum,
      this.htlcMaximum,
      this.timestamp,
      this.checksum,
      this.capacity,
      this.#features,
      this.#scidHigh,
      this.#scidLow,
      this.nodeUnroutable,
      this.nodeTimestamp,
    ] = numbers;
  }

  /** Bytes held by the columns, the rows and the tables. */
  get bytes(): number {
    let bytes = this.incoming.bytes + this.changes.bytes + this.#byScid.bytes + this.#byId.bytes;
    for (const column of [...this.#numbers, this.#live, this.nodeIds, this.nodeVersion])
      bytes += column.byteLength;
    return bytes;
  }

  #touch(c: number, isLeaving = false): void {
    this.version++;
    for (const e of [2 * c, 2 * c + 1]) {
      const n = this.source[e] as number;
      this.nodeVersion[n] = (this.nodeVersion[n] as number) + 1;
      if (isLeaving) this.changes.addGone(n);
      else this.changes.add(n, c);
    }
  }

  #addNode(id: Bytes): number {
    const known = this.#byId.find(id);
    if (known >= 0) return known;
    const n = this.#freeNodes.pop() ?? this.#nodes++;
    if (n >= this.nodeVersion.length) this.#growNodes(n + 1);
    this.nodeIds.set(id, n * NODE_ID_BYTES);
    this.#byId.add(n);
    this.#liveNodes++;
    return n;
  }

  #growChannels(wanted: number, exactly = false): void {
    const size = exactly ? wanted : Math.max(wanted, 64, Math.ceil(this.capacity.length * 1.25));
    this.capacity = grown(this.capacity, size);
    this.#features = grown(this.#features, size);
    this.#scidHigh = grown(this.#scidHigh, size);
    this.#scidLow = grown(this.#scidLow, size);
    this.#live = grown(this.#live, size);
    this.flags = grown(this.flags, 2 * size);
    this.cltvDelta = grown(this.cltvDelta, 2 * size);
    this.feeBase = grown(this.feeBase, 2 * size);
    this.feeRate = grown(this.feeRate, 2 * size);
    this.htlcMinimum = grown(this.htlcMinimum, 2 * size);
    this.htlcMaximum = grown(this.htlcMaximum, 2 * size);
    this.timestamp = grown(this.timestamp, 2 * size);
    this.checksum = grown(this.checksum, 2 * size);
    this.source = grown(this.source, 2 * size);
  }

  #growNodes(wanted: number, exactly = false): void {
    const size = exactly ? wanted : Math.max(wanted, 64, Math.ceil(this.nodeVersion.length * 1.25));
    this.nodeIds = grown(this.nodeIds, size * NODE_ID_BYTES);
    this.nodeUnroutable = grown(this.nodeUnroutable, size);
    this.nodeTimestamp = grown(this.nodeTimestamp, size);
    this.nodeVersion = grown(this.nodeVersion, size);
    this.incoming.resize(size);
    this.changes.resize(size);
  }
}
