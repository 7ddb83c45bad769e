/** The graph as `listnodes` and `listchannels` print it. */
import {
  type Bytes,
  fromUtf8,
  type NodeId,
  type ShortChannelId,
  scidToString,
  toHex,
} from '../../core/bytes/index.js';
import { type Direction, type Graph, nodeKeyOf } from '../../core/gossip/index.js';
import { decodeMessage, type MessageOf } from '../../core/wire/index.js';
import type { GossipBook } from './book.js';
import { addressOf } from './own.js';

export interface ListedNode {
  readonly nodeid: NodeId;
  readonly alias?: string;
  readonly color?: string;
  readonly last_timestamp?: number;
  readonly features?: string;
  readonly addresses?: readonly {
    readonly type: string;
    readonly address: string;
    readonly port: number;
  }[];
}

export interface ListedChannel {
  readonly source: NodeId;
  readonly destination: NodeId;
  readonly short_channel_id: string;
  readonly direction: Direction;
  readonly public: boolean;
  readonly amount_msat: bigint;
  readonly message_flags: number;
  readonly channel_flags: number;
  readonly active: boolean;
  readonly last_update: number;
  readonly base_fee_millisatoshi: number;
  readonly fee_per_millionth: number;
  readonly delay: number;
  readonly htlc_minimum_msat: bigint;
  readonly htlc_maximum_msat: bigint;
  readonly features: string;
}

export interface ChannelFilter {
  readonly scid?: ShortChannelId;
  readonly source?: NodeId;
  readonly destination?: NodeId;
}

const bytesOf = (id: NodeId): Bytes => new Uint8Array(Buffer.from(id, 'hex'));

/** The node_announcements of these nodes that are stored. */
export async function announcementsOf(
  ids: readonly NodeId[],
  book: GossipBook,
): Promise<MessageOf<'nodeAnnouncement'>[]> {
  const found: MessageOf<'nodeAnnouncement'>[] = [];
  for (const raw of await book.read(ids.map(nodeKeyOf))) {
    const decoded = decodeMessage(raw);
    if (decoded.ok && decoded.value.kind === 'nodeAnnouncement') found.push(decoded.value);
  }
  return found;
}

export async function listNodes(
  graph: Graph,
  book: GossipBook,
  id: NodeId | undefined,
): Promise<readonly ListedNode[]> {
  const wanted: number[] = [];
  if (id === undefined) {
    for (let n = 0; n < graph.nodeLimit; n++) if (graph.incoming.length(n) > 0) wanted.push(n);
  } else {
    const n = graph.node(bytesOf(id));
    if (n >= 0) wanted.push(n);
  }
  const announced = wanted.filter((n) => graph.nodeTimestamp[n] !== 0);
  const messages = await announcementsOf(
    announced.map((n) => graph.nodeHex(n)),
    book,
  );
  const byId = new Map(messages.map((message) => [toHex(message.nodeId) as NodeId, message]));
  return wanted.map((n) => {
    const nodeid = graph.nodeHex(n);
    const message = byId.get(nodeid);
    return message === undefined ? { nodeid } : { nodeid, ...described(message) };
  });
}

function described(message: MessageOf<'nodeAnnouncement'>): Omit<ListedNode, 'nodeid'> {
  return {
    alias: fromUtf8(message.alias).replace(/\0+$/, ''),
    color: toHex(message.rgbColor),
    last_timestamp: message.timestamp,
    features: toHex(message.features),
    addresses: message.addresses.flatMap((descriptor) => {
      const known = addressOf(descriptor);
      if (known === undefined) return [];
      return [{ type: known.type, address: known.address.host, port: known.address.port }];
    }),
  };
}

/** The directions of which an update is known. */
export function listChannels(graph: Graph, filter: ChannelFilter): readonly ListedChannel[] {
  return edgesOf(graph, filter).flatMap((e) => {
    const policy = graph.policy(e);
    if (policy === undefined) return [];
    const c = e >> 1;
    const direction = (e & 1) as Direction;
    return [
      {
        source: graph.nodeHex(graph.source[e] as number),
        destination: graph.nodeHex(graph.source[e ^ 1] as number),
        short_channel_id: scidToString(graph.scid(c)),
        direction,
        public: true,
        amount_msat: BigInt(graph.capacity[c] as number),
        message_flags: 1,
        channel_flags: direction | (policy.enabled ? 0 : 2),
        active: policy.enabled,
        last_update: policy.timestamp,
        base_fee_millisatoshi: policy.feeBaseMsat,
        fee_per_millionth: policy.feeProportionalMillionths,
        delay: policy.cltvDelta,
        htlc_minimum_msat: BigInt(policy.htlcMinimumMsat),
        htlc_maximum_msat: BigInt(policy.htlcMaximumMsat),
        features: graph.features(c),
      },
    ];
  });
}

function edgesOf(graph: Graph, filter: ChannelFilter): number[] {
  const { scid, source, destination } = filter;
  if (scid !== undefined) {
    const c = graph.channel(scid);
    return c < 0 ? [] : [2 * c, 2 * c + 1];
  }
  const edges: number[] = [];
  const end = source ?? destination;
  if (end === undefined) {
    for (let c = 0; c < graph.channelLimit; c++) if (graph.isLive(c)) edges.push(2 * c, 2 * c + 1);
    return edges;
  }
  const n = graph.node(bytesOf(end));
  if (n < 0) return [];
  const start = graph.incoming.start(n);
  for (let i = 0; i < graph.incoming.length(n); i++) {
    const incoming = graph.incoming.pool[start + i] as number;
    edges.push(source === undefined ? incoming : incoming ^ 1);
  }
  return edges.sort((a, b) => a - b);
}
