/** Gossip of made-up nodes, truly signed. */
import { p2wsh } from '../../src/core/bitcoin/index.js';
import {
  type Bytes,
  compare,
  EMPTY,
  type NodeId,
  type ShortChannelId,
  toHex,
} from '../../src/core/bytes/index.js';
import { fundingScript } from '../../src/core/channel/index.js';
import { publicKeyFromPrivate, sha256, sha256d, sign } from '../../src/core/crypto/index.js';
import { type GossipKind, type MessageOf, signedPart } from '../../src/core/wire/index.js';

export interface Party {
  readonly key: Bytes;
  readonly id: Bytes;
  readonly hex: NodeId;
}

/** The same name, the same keys. */
export function party(name: string): Party {
  const key = sha256(new TextEncoder().encode(name));
  const id = publicKeyFromPrivate(key) as Bytes;
  return { key, id, hex: toHex(id) as NodeId };
}

export type Two = readonly [Party, Party];

/** In the order of a channel_announcement. */
export const inOrder = (a: Party, b: Party): Two => (compare(a.id, b.id) < 0 ? [a, b] : [b, a]);

const UNSIGNED = new Uint8Array(64);

const signed = (key: Bytes, message: MessageOf<GossipKind>): Bytes =>
  sign(key, sha256d(signedPart(message))) as Bytes;

export interface ToAnnounce {
  readonly chainHash: Bytes;
  readonly scid: ShortChannelId;
  /** In order. */
  readonly nodes: Two;
  readonly funding: Two;
  readonly features?: Bytes;
}

export function announcementOf(channel: ToAnnounce): MessageOf<'channelAnnouncement'> {
  const { chainHash, scid, nodes, funding, features } = channel;
  const bare: MessageOf<'channelAnnouncement'> = {
    kind: 'channelAnnouncement',
    nodeSignature1: UNSIGNED,
    nodeSignature2: UNSIGNED,
    bitcoinSignature1: UNSIGNED,
    bitcoinSignature2: UNSIGNED,
    features: features ?? EMPTY,
    chainHash,
    shortChannelId: scid,
    nodeId1: nodes[0].id,
    nodeId2: nodes[1].id,
    bitcoinKey1: funding[0].id,
    bitcoinKey2: funding[1].id,
  };
  return {
    ...bare,
    nodeSignature1: signed(nodes[0].key, bare),
    nodeSignature2: signed(nodes[1].key, bare),
    bitcoinSignature1: signed(funding[0].key, bare),
    bitcoinSignature2: signed(funding[1].key, bare),
  };
}

/** What the funding output pays to. */
export const fundingOutputOf = ([a, b]: Two): Bytes => p2wsh(fundingScript(a.id, b.id));

type Unsigned<K extends GossipKind> = Omit<MessageOf<K>, 'kind' | 'signature'>;

export function updateBy(by: Party, fields: Unsigned<'channelUpdate'>): MessageOf<'channelUpdate'> {
  const bare = { kind: 'channelUpdate', signature: UNSIGNED, ...fields } as const;
  return { ...bare, signature: signed(by.key, bare) };
}

/** Without addresses or features unless given. */
export function nodeAnnouncementBy(
  by: Party,
  fields: Partial<Unsigned<'nodeAnnouncement'>> & { readonly timestamp: number },
): MessageOf<'nodeAnnouncement'> {
  const bare = {
    kind: 'nodeAnnouncement',
    signature: UNSIGNED,
    features: EMPTY,
    nodeId: by.id,
    rgbColor: Uint8Array.of(1, 2, 3),
    alias: new Uint8Array(32),
    addresses: [],
    ...fields,
  } as const;
  return { ...bare, signature: signed(by.key, bare) };
}
