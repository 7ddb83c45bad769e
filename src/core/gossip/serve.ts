/** BOLT 7, "Query Messages", the answering side. */
import { type NodeId, type ShortChannelId, scidParts } from '../bytes/index.js';
import type { MessageOf } from '../wire/index.js';
import type { Graph } from './graph.js';
import { channelKeyOf, nodeKeyOf, updateKeyOf } from './stored.js';

/** Room in a message of 65,535 bytes, the fixed fields and TLV heads taken off with a margin. */
const REPLY_BYTES = 64_000;
const ALL = 31;

export class Server {
  readonly #graph: Graph;
  #sorted = new BigUint64Array(0);
  #sortedAt = -1;

  constructor(deps: { readonly graph: Graph }) {
    this.#graph = deps.graph;
  }

  /** The replies to a query, one at a time; `skip` names channels not to be told of. */
  *channelRange(
    query: MessageOf<'queryChannelRange'>,
    skip: (scid: ShortChannelId) => boolean,
  ): Generator<MessageOf<'replyChannelRange'>> {
    const { firstBlocknum, numberOfBlocks } = query;
    const end = Math.min(firstBlocknum + numberOfBlocks, 0xffffffff);
    const option = Number(query.tlvs.queryOption ?? 0n);
    const scids = this.#between(firstBlocknum, end);
    const timestamps = (option & 1) !== 0;
    const checksums = (option & 2) !== 0;
    const size = Math.floor(REPLY_BYTES / (8 + (timestamps ? 8 : 0) + (checksums ? 8 : 0)));
    let first = firstBlocknum;
    let at = 0;
    do {
      const next = Math.min(at + size, scids.length);
      const last = next === scids.length;
      const part = [...scids.subarray(at, next)] as ShortChannelId[];
      // A channel may have left the graph since the first reply.
      const known = part.filter((scid) => this.#graph.channel(scid) >= 0 && !skip(scid));
      // BOLT 7, reply_channel_range: a block may be split, and the next reply then begins with it.
      const stop = last ? end : scidParts(part.at(-1) as ShortChannelId).block + 1;
      yield {
        kind: 'replyChannelRange',
        chainHash: query.chainHash,
        firstBlocknum: first,
        numberOfBlocks: Math.max(1, stop - first),
        syncComplete: last ? 1 : 0,
        encodedShortIds: known,
        tlvs: {
          ...(timestamps ? { timestamps: known.map((scid) => this.#timestamps(scid)) } : {}),
          ...(checksums ? { checksums: known.map((scid) => this.#checksums(scid)) } : {}),
        },
      };
      at = next;
      if (!last) first = scidParts(scids[at] as ShortChannelId).block;
    } while (at < scids.length);
  }

  /** The keys of the messages that answer a query for channels, without repeating a node. */
  shortChannelIds(query: MessageOf<'queryShortChannelIds'>): string[] {
    const graph = this.#graph;
    const keys: string[] = [];
    const nodes = new Set<NodeId>();
    query.encodedShortIds.forEach((scid, i) => {
      const c = graph.channel(scid);
      if (c < 0) return;
      const flags = Number(query.tlvs.queryFlags?.[i] ?? BigInt(ALL));
      if ((flags & 1) !== 0) keys.push(channelKeyOf(scid));
      for (const direction of [0, 1] as const) {
        const e = 2 * c + direction;
        if ((flags & (2 << direction)) !== 0 && graph.timestamp[e] !== 0)
          keys.push(updateKeyOf(scid, direction));
        const n = graph.source[e] as number;
        if ((flags & (8 << direction)) !== 0 && graph.nodeTimestamp[n] !== 0)
          nodes.add(graph.nodeHex(n));
      }
    });
    for (const node of nodes) keys.push(nodeKeyOf(node));
    return keys;
  }

  /** Ascending, of blocks first to end-1; channels without any update are not told of. */
  #between(first: number, end: number): BigUint64Array {
    const graph = this.#graph;
    if (this.#sortedAt !== graph.structure) {
      const all = new BigUint64Array(graph.channelCount);
      let count = 0;
      for (let c = 0; c < graph.channelLimit; c++)
        if (graph.isLive(c) && (graph.timestamp[2 * c] || graph.timestamp[2 * c + 1]))
          all[count++] = graph.scid(c);
      this.#sorted = all.subarray(0, count).sort();
      this.#sortedAt = graph.structure;
    }
    const from = this.#place(BigInt(first) << 40n);
    const to = this.#place(BigInt(end) << 40n);
    return this.#sorted.subarray(from, to);
  }

  /** How many are below `scid`. */
  #place(scid: bigint): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as bigint) < scid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #timestamps(scid: ShortChannelId): { timestampNodeId1: number; timestampNodeId2: number } {
    const e = 2 * this.#graph.channel(scid);
    const { timestamp } = this.#graph;
    return {
      timestampNodeId1: timestamp[e] as number,
      timestampNodeId2: timestamp[e + 1] as number,
    };
  }

  #checksums(scid: ShortChannelId): { checksumNodeId1: number; checksumNodeId2: number } {
    const e = 2 * this.#graph.channel(scid);
    const { checksum } = this.#graph;
    return { checksumNodeId1: checksum[e] as number, checksumNodeId2: checksum[e + 1] as number };
  }
}
