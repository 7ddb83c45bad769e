/**
 * Announcements of channels on their way into the graph: at most one of a channel is checked at a
 * time, and what arrives meanwhile for the channel and its nodes waits with it.
 */
import { equal, type NodeId, type ShortChannelId, toHex } from '../bytes/index.js';
import { encodeMessage, type MessageOf } from '../wire/index.js';

export type ChannelAnnouncement = MessageOf<'channelAnnouncement'>;
export type ChannelUpdate = MessageOf<'channelUpdate'>;
export type NodeAnnouncement = MessageOf<'nodeAnnouncement'>;

/** A message with who sent it (nobody: we did), and the `ref` to tell when it is done. */
export interface From<M> {
  readonly message: M;
  readonly peer: NodeId | undefined;
  readonly ref: number | undefined;
}

export interface PendingChannel extends From<ChannelAnnouncement> {
  /** `early`: it waits for more blocks. */
  stage: 'signatures' | 'funding' | 'early';
  /** We announce it too, and so to all, whoever was faster. */
  ours: boolean;
  readonly updates: [From<ChannelUpdate> | undefined, From<ChannelUpdate> | undefined];
  readonly nodes: Map<NodeId, From<NodeAnnouncement>>;
  /** Different announcements of the channel: one of them may be the true one. */
  readonly rivals: From<ChannelAnnouncement>[];
}

const RIVALS_KEPT = 2;

/** Whether a message that waits makes room for another of its kind; our own needs no check. */
const yields = (
  held: From<ChannelUpdate | NodeAnnouncement> | undefined,
  { message, peer }: From<ChannelUpdate | NodeAnnouncement>,
): boolean =>
  held === undefined ||
  peer === undefined ||
  (held.peer !== undefined && held.message.timestamp < message.timestamp);

export class PendingChannels {
  readonly #channels = new Map<ShortChannelId, PendingChannel>();
  /** Nodes of pending channels, with the channels that bring them. */
  readonly #coming = new Map<NodeId, Set<ShortChannelId>>();

  get size(): number {
    return this.#channels.size;
  }
  get(scid: ShortChannelId): PendingChannel | undefined {
    return this.#channels.get(scid);
  }
  early(): readonly PendingChannel[] {
    return [...this.#channels.values()].filter(({ stage }) => stage === 'early');
  }

  hold(from: From<ChannelAnnouncement>, stage: PendingChannel['stage']): PendingChannel {
    const { message, peer } = from;
    const scid = message.shortChannelId;
    const pending: PendingChannel = {
      ...from,
      stage,
      ours: peer === undefined,
      updates: [undefined, undefined],
      nodes: new Map(),
      rivals: [],
    };
    this.#channels.set(scid, pending);
    for (const id of nodesOf(message)) {
      const scids = this.#coming.get(id) ?? new Set();
      this.#coming.set(id, scids.add(scid));
    }
    return pending;
  }

  /** Another announcement of a channel that is pending. */
  join(pending: PendingChannel, from: From<ChannelAnnouncement>): void {
    const { message, peer } = from;
    const same = equal(encodeMessage(message), encodeMessage(pending.message));
    if (peer === undefined) {
      if (same) pending.ours = true;
      else pending.rivals.unshift({ ...from, ref: undefined });
    } else if (!same && peer !== pending.peer && pending.rivals.length < RIVALS_KEPT)
      pending.rivals.push({ ...from, ref: undefined });
  }

  joinUpdate(pending: PendingChannel, direction: 0 | 1, from: From<ChannelUpdate>): void {
    if (yields(pending.updates[direction], from))
      pending.updates[direction] = { ...from, ref: undefined };
  }

  /** Of a node that no channel is known of: kept where one is on its way. */
  joinNode(from: From<NodeAnnouncement>): void {
    const id = toHex(from.message.nodeId) as NodeId;
    const [scid] = this.#coming.get(id) ?? [];
    const nodes = scid === undefined ? undefined : this.#channels.get(scid)?.nodes;
    if (nodes !== undefined && yields(nodes.get(id), from))
      nodes.set(id, { ...from, ref: undefined });
  }

  /** The announcement was false: the next one takes its place, with all that waits for the channel. */
  next(
    pending: PendingChannel,
    isRefused: (message: ChannelAnnouncement) => boolean,
  ): PendingChannel | undefined {
    this.release(pending);
    const { rivals, updates, nodes } = pending;
    const rival = rivals.find(({ message }) => !isRefused(message));
    if (rival === undefined) return undefined;
    const next = this.hold(rival, 'signatures');
    next.rivals.push(...rivals.slice(rivals.indexOf(rival) + 1));
    for (const direction of [0, 1] as const) next.updates[direction] = updates[direction];
    for (const [id, node] of nodes) next.nodes.set(id, node);
    return next;
  }

  release({ message }: PendingChannel): void {
    const scid = message.shortChannelId;
    this.#channels.delete(scid);
    for (const id of nodesOf(message)) {
      const scids = this.#coming.get(id);
      scids?.delete(scid);
      if (scids?.size === 0) this.#coming.delete(id);
    }
  }
}

const nodesOf = ({ nodeId1, nodeId2 }: ChannelAnnouncement): readonly NodeId[] =>
  [nodeId1, nodeId2].map((id) => toHex(id) as NodeId);
