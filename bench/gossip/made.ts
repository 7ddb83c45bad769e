/**
 * The gossip of a whole graph, signed by keys of our own: the channels of a file, each between the
 * nodes it has there, at places of the chain that a test chain has.
 */
import { p2wsh } from '../../src/core/bitcoin/index.js';
import {
  type Bytes,
  compare,
  type NodeId,
  type ShortChannelId,
  shortChannelId,
  toHex,
} from '../../src/core/bytes/index.js';
import { fundingScript } from '../../src/core/channel/index.js';
import { publicKeyFromPrivate, sha256, sha256d, sign } from '../../src/core/crypto/index.js';
import { type Direction, type Graph, KNOWN } from '../../src/core/gossip/index.js';
import {
  encodeMessage,
  featureBits,
  type GossipKind,
  type MessageOf,
  signedPart,
} from '../../src/core/wire/index.js';

const NOW = Math.floor(Date.now() / 1000);
const ZERO = new Uint8Array(64);
export const FEATURES = featureBits([7, 11]);

export interface Party {
  readonly key: Bytes;
  readonly id: Bytes;
  readonly hex: NodeId;
}

export function party(name: string): Party {
  const key = sha256(new TextEncoder().encode(name));
  const id = publicKeyFromPrivate(key) as Bytes;
  return { key, id, hex: toHex(id) as NodeId };
}

const signed = (key: Bytes, message: MessageOf<GossipKind>): Bytes =>
  sign(key, sha256d(signedPart(message))) as Bytes;

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
  const swapped = compare(a.id, b.id) > 0;
  const [one, two] = swapped ? [b, a] : [a, b];
  const [first, second] = [party(`${c} 1`), party(`${c} 2`)];
  const bare: MessageOf<'channelAnnouncement'> = {
    kind: 'channelAnnouncement',
    nodeSignature1: ZERO,
    nodeSignature2: ZERO,
    bitcoinSignature1: ZERO,
    bitcoinSignature2: ZERO,
    features: new Uint8Array(0),
    chainHash,
    shortChannelId: scid,
    nodeId1: one.id,
    nodeId2: two.id,
    bitcoinKey1: first.id,
    bitcoinKey2: second.id,
  };
  const announcement = encodeMessage({
    ...bare,
    nodeSignature1: signed(one.key, bare),
    nodeSignature2: signed(two.key, bare),
    bitcoinSignature1: signed(first.key, bare),
    bitcoinSignature2: signed(second.key, bare),
  });
  const updates = ([0, 1] as const).flatMap((d) => {
    if (((graph.flags[2 * c + d] as number) & KNOWN) === 0) return [];
    const direction = (swapped ? d ^ 1 : d) as Direction;
    const by = direction === 0 ? one : two;
    return [makeUpdate(graph, 2 * c + d, scid, direction, by, chainHash)];
  });
  return {
    scid,
    messages: [announcement, ...updates],
    nodes: [one.hex, two.hex],
    script: p2wsh(fundingScript(first.id, second.id)),
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
  const bare: MessageOf<'channelUpdate'> = {
    kind: 'channelUpdate',
    signature: ZERO,
    chainHash,
    shortChannelId: scid,
    timestamp: NOW - 3600 - (e % 86_400),
    messageFlags: 1,
    channelFlags: direction | (policy.enabled ? 0 : 2),
    cltvExpiryDelta: policy.cltvDelta,
    htlcMinimumMsat: BigInt(policy.htlcMinimumMsat) as never,
    feeBaseMsat: policy.feeBaseMsat,
    feeProportionalMillionths: policy.feeProportionalMillionths,
    htlcMaximumMsat: BigInt(policy.htlcMaximumMsat) as never,
  };
  return encodeMessage({ ...bare, signature: signed(by.key, bare) });
}

function makeNode(n: number, who: Party): Bytes {
  const alias = new Uint8Array(32);
  alias.set(new TextEncoder().encode(`node ${n}`));
  const bare: MessageOf<'nodeAnnouncement'> = {
    kind: 'nodeAnnouncement',
    signature: ZERO,
    features: FEATURES,
    timestamp: NOW - 3600,
    nodeId: who.id,
    rgbColor: Uint8Array.of(1, 2, 3),
    alias,
    addresses: [{ kind: 'ipv4', address: Uint8Array.of(10, 0, n >> 8, n & 255), port: 9735 }],
  };
  return encodeMessage({ ...bare, signature: signed(who.key, bare) });
}
