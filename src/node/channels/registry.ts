import {
  type Bytes,
  type ChannelId,
  type NodeId,
  type ShortChannelId,
  toHex,
} from '../../core/bytes/index.js';
import type { RelayPolicy } from '../../core/channel/index.js';
import { isPending, relayScids } from './facts.js';
import type { ChannelRunner } from './runner.js';
import type { PeerPolicy } from './types.js';

/** A channel and what runs it. */
export interface Entry {
  id: ChannelId;
  readonly peerId: NodeId;
  readonly runner: ChannelRunner;
  /** Our newest channel_update, with its message type. */
  update: Bytes;
  closedAt: number | null;
  /** Whether a row of it is on disk, or on its way. */
  stored: boolean;
  /** The transaction of ours that ends the channel, once it was broadcast. */
  closingTx?: Bytes;
  peerPolicy?: PeerPolicy;
  /** Our terms before their last change, which payers may go by until then (milliseconds). */
  earlier?: { readonly policy: RelayPolicy; readonly until: number };
}

/** The channels in memory, by each of their names. */
export class Registry {
  readonly #byId = new Map<ChannelId, Entry>();
  readonly #byScid = new Map<ShortChannelId, Entry>();
  /** Ids that channels are about to have. */
  readonly #claimed = new Map<ChannelId, Entry>();

  has(id: ChannelId): boolean {
    return this.#byId.has(id) || this.#claimed.has(id);
  }

  /** Keeps an id for a channel that is about to have it; false where another has it, or will. */
  claim(entry: Entry, id: ChannelId): boolean {
    const holder = this.#byId.get(id) ?? this.#claimed.get(id) ?? entry;
    if (holder === entry) this.#claimed.set(id, entry);
    return holder === entry;
  }

  get(id: ChannelId): Entry | undefined {
    return this.#byId.get(id);
  }

  byScid(scid: ShortChannelId): Entry | undefined {
    return this.#byScid.get(scid);
  }

  /** A copy: what is done with them may end some. */
  all(): Entry[] {
    return [...this.#byId.values()];
  }

  of(nodeId: NodeId): Entry[] {
    return this.all().filter((entry) => entry.peerId === nodeId);
  }

  /** Channels that are being opened with peers who have no other, where this one is of those. */
  pendingBeside(nodeId: NodeId): number {
    const entries = this.all();
    const known = new Set<NodeId>();
    for (const { peerId, runner } of entries) if (!isPending(runner.state)) known.add(peerId);
    return known.has(nodeId) ? 0 : entries.filter(({ peerId }) => !known.has(peerId)).length;
  }

  /** The channel that this peer means by these 32 bytes. */
  find(nodeId: NodeId, id: Bytes): Entry | undefined {
    const entry = this.#byId.get(toHex(id) as ChannelId);
    return entry?.peerId === nodeId ? entry : undefined;
  }

  add(entry: Entry): void {
    this.#byId.set(entry.id, entry);
    this.reindex(entry);
  }

  /** The names for relaying may have changed. */
  reindex(entry: Entry): void {
    for (const scid of relayScids(entry.runner.state)) this.#byScid.set(scid, entry);
  }

  rename(entry: Entry, id: ChannelId): void {
    this.#forget(entry);
    entry.id = id;
    this.#byId.set(id, entry);
  }

  remove(entry: Entry): void {
    this.#forget(entry);
    for (const [scid, other] of this.#byScid) if (other === entry) this.#byScid.delete(scid);
  }

  #forget(entry: Entry): void {
    if (this.#byId.get(entry.id) === entry) this.#byId.delete(entry.id);
    for (const [id, other] of this.#claimed) if (other === entry) this.#claimed.delete(id);
  }
}
