/**
 * The gossip of a whole graph, signed by keys of our own: the channels of a file, each between the
 * nodes it has there, at places of the chain that a test chain has.
 */
import {
  type Bytes,
  msat,
  type NodeId,
  type ShortChannelId,
  shortChannelId,
} from '../../src/core/bytes/index.js';
import { type Direction, type Graph, KNOWN } from '../../src/core/gossip/index.js';
import { encodeMessage, featureBits } from '../../src/core/wire/index.js';
import {
  announcementOf,
  fundingOutputOf,
  inOrder,
  nodeAnnouncementBy,
  type Party,
  party,
  updateBy,
} from '../../test/support/signed-gossip.js';

const NOW = Math.floor(Date.now() / 1000);
export const FEATURES = featureBits([7, 11]);

export interface MadeChannel {
  readonly scid: ShortChannelId;
  /** channel_announcement and channel_updates. */
  readonly messages: readonly Bytes[];
  readonly nodes: readonly [NodeId, NodeId];
  readonly script: Bytes;
  readonly amountSat: number;
}

export interface MadeGossip {
  readonly channels: ReadonlyMap<ShortChannelId, MadeChannel>;
  /** node_announcements. */
  readonly nodes: ReadonlyMap<NodeId, Bytes>;
  readonly signatures: number;
  readonly updates: number;
}

/** Channel `c` of the graph is the output 0 of transaction `1 + c mod perBlock` of its block. */
export function makeGossip(graph: Graph, chainHash: Bytes, perBlock: number): MadeGossip {
  const parties = Array.from({ length: graph.nodeLimit }, (_, n) => party(`node ${n}`));
  const channels = new Map<ShortChannelId, MadeChannel>();
  let updates = 0;
  for (let c = 0; c < graph.channelLimit; c++) {
    const [a, b] = [2 * c, 2 * c + 1].map((e) => parties[graph.source[e] as number]) as Party[];
    const scid = shortChannelId(1 + Math.floor(c / perBlock), 1 + (c % perBlock), 0);
    const made = makeChannel(graph, c, scid, a as Party, b as Party, chainHash);
    updates += made.messages.length - 1;
    channels.set(scid, made);
  }
  const nodes = new Map(parties.map((who, n) => [who.hex, makeNode(n, who)]));
  return { channels, nodes, updates, signatures: 4 * channels.size + updates + nodes.size };
}

function makeChannel(
  graph: Graph,
  c: number,
  scid: ShortChannelId,
  a: Party,
  b: Party,
  chainHash: Bytes,
): MadeChannel {
  const nodes = inOrder(a, b);
  const swapped = nodes[0] !== a;
  const funding = [party(`${c} 1`), party(`${c} 2`)] as const;
  const announcement = encodeMessage(announcementOf({ chainHash, scid, nodes, funding }));
  const updates = ([0, 1] as const).flatMap((d) => {
    if (((graph.flags[2 * c + d] as number) & KNOWN) === 0) return [];
    const direction = (swapped ? d ^ 1 : d) as Direction;
    return [makeUpdate(graph, 2 * c + d, scid, direction, nodes[direction], chainHash)];
  });
  return {
    scid,
    messages: [announcement, ...updates],
    nodes: [nodes[0].hex, nodes[1].hex],
    script: fundingOutputOf(funding),
    amountSat: (graph.capacity[c] as number) / 1000,
  };
}

function makeUpdate(
  graph: Graph,
  e: number,
  scid: ShortChannelId,
  direction: Direction,
  by: Party,
  chainHash: Bytes,
): Bytes {
  const policy = graph.policy(e);
  if (policy === undefined) throw new Error('no policy');
  const update = updateBy(by, {
    chainHash,
    shortChannelId: scid,
    timestamp: NOW - 3600 - (e % 86_400),
    messageFlags: 1,
    channelFlags: direction | (policy.enabled ? 0 : 2),
    cltvExpiryDelta: policy.cltvDelta,
    htlcMinimumMsat: msat(policy.htlcMinimumMsat),
    feeBaseMsat: policy.feeBaseMsat,
    feeProportionalMillionths: policy.feeProportionalMillionths,
    htlcMaximumMsat: msat(policy.htlcMaximumMsat),
  });
  return encodeMessage(update);
}

function makeNode(n: number, who: Party): Bytes {
  const alias = new Uint8Array(32);
  alias.set(new TextEncoder().encode(`node ${n}`));
  const announcement = nodeAnnouncementBy(who, {
    features: FEATURES,
    timestamp: NOW - 3600,
    alias,
    addresses: [{ kind: 'ipv4', address: Uint8Array.of(10, 0, n >> 8, n & 255), port: 9735 }],
  });
  return encodeMessage(announcement);
}
