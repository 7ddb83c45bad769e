/** BOLT 1, peer_storage: what peers keep for us, and what we keep for them. */
import type { Bytes, NodeId, Result } from '../../core/bytes/index.js';
import { hasFeature, type Message } from '../../core/wire/index.js';
import type { Clock, Logger, Store } from '../../ports/index.js';
import type { BackupPeer } from './types.js';

/** Blocks for which a blob is kept when the last channel with its owner is gone. */
const KEEP_BLOCKS = 2016;
/** A peer's blob is written once a minute at most. */
const WRITE_MS = 60_000;
/** A peer tells at once what it has of ours; only then we send it what it has not. */
const LISTEN_MS = 3_000;

export interface PeerStorageDeps {
  readonly store: Pick<Store, 'commit' | 'select'>;
  readonly clock: Clock;
  readonly log: Logger;
  connected(nodeId: NodeId): BackupPeer | undefined;
  send(nodeId: NodeId, message: Message): boolean;
  /** Peers with whom there is a channel. */
  peersWithChannels(): ReadonlySet<NodeId>;
  height(): number;
  /** What a peer is to keep for us. */
  ours(): { readonly blob: Bytes; readonly fingerprint: string } | undefined;
  /** A peer returned this; answers the fingerprint of what it holds. */
  returned(from: NodeId, blob: Bytes): Promise<Result<string, { readonly code: string }>>;
  fatal(error: unknown): void;
}

/** A peer's newest blob that is not on disk yet. */
interface Pending {
  blob: Bytes | undefined;
  writtenAt: number;
  cancel: () => void;
}

export class PeerStorage {
  readonly #deps: PeerStorageDeps;
  readonly #pending = new Map<NodeId, Pending>();
  /** What each connected peer holds of ours, as far as we know. */
  readonly #held = new Map<NodeId, string>();
  /** Peers of whom the log has told already that they return what is not ours. */
  readonly #blamed = new Set<NodeId>();
  /** Rows on disk: the height at which the last channel with the peer was gone, if it is. */
  readonly #rows = new Map<NodeId, number | null>();

  constructor(_options: Record<string, never>, deps: PeerStorageDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    for (const { node_id, unused_since } of await this.#deps.store.select('peer_storage'))
      this.#rows.set(node_id as NodeId, unused_since);
  }

  /** What waits for its minute is written now. */
  async stop(): Promise<void> {
    for (const [nodeId, pending] of this.#pending) {
      pending.cancel();
      await this.#write(nodeId, pending);
    }
  }

  peerConnected({ nodeId }: BackupPeer): void {
    void this.#return(nodeId);
    this.#held.delete(nodeId);
    this.#deps.clock.after(LISTEN_MS, () => this.#offer(nodeId));
  }

  /** Our own backup has changed: every peer that keeps one gets the new one. */
  changed(): void {
    for (const nodeId of this.#deps.peersWithChannels()) this.#offer(nodeId);
  }

  message(from: NodeId, message: Message): Promise<void> | undefined {
    switch (message.kind) {
      case 'peerStorage':
        return this.#take(from, message.blob);
      case 'peerStorageRetrieval':
        return this.#takeBack(from, message.blob);
      default:
        return undefined;
    }
  }

  async connectBlock({ height }: { readonly height: number }): Promise<void> {
    const tied = this.#deps.peersWithChannels();
    for (const [nodeId, unusedSince] of [...this.#rows]) {
      const since = tied.has(nodeId) ? null : (unusedSince ?? height);
      // BOLT 1, peer_storage_retrieval: 2016 blocks at least after the last channel is closed.
      if (since !== null && height >= since + KEEP_BLOCKS) {
        this.#rows.delete(nodeId);
        await this.#deps.store.commit([{ delete: 'peer_storage', where: { node_id: nodeId } }]);
      } else if (since !== unusedSince) await this.#mark(nodeId, since);
    }
  }

  async #mark(nodeId: NodeId, since: number | null): Promise<void> {
    const [row] = await this.#deps.store.select('peer_storage', { where: { node_id: nodeId } });
    this.#rows.set(nodeId, since);
    if (row !== undefined)
      await this.#deps.store.commit([
        { put: 'peer_storage', row: { ...row, unused_since: since } },
      ]);
  }

  /** BOLT 1, peer_storage_retrieval: after each exchange of init, the last blob it stored. */
  async #return(nodeId: NodeId): Promise<void> {
    const newest = this.#pending.get(nodeId)?.blob;
    const blob = newest ?? (await this.#stored(nodeId));
    if (blob !== undefined) this.#deps.send(nodeId, { kind: 'peerStorageRetrieval', blob });
  }

  async #stored(nodeId: NodeId): Promise<Bytes | undefined> {
    if (!this.#rows.has(nodeId)) return undefined;
    const [row] = await this.#deps.store.select('peer_storage', { where: { node_id: nodeId } });
    return row?.blob;
  }

  async #take(from: NodeId, blob: Bytes): Promise<void> {
    // BOLT 1, peer_storage: a channel obliges us to store it; for strangers we do nothing.
    if (!this.#deps.peersWithChannels().has(from) && !this.#rows.has(from)) return;
    const now = this.#deps.clock.now();
    const pending = this.#pending.get(from) ?? {
      blob: undefined,
      writtenAt: Number.NEGATIVE_INFINITY,
      cancel: () => {},
    };
    this.#pending.set(from, pending);
    const waits = pending.blob !== undefined;
    pending.blob = blob;
    // BOLT 1, peer_storage: storing may be delayed, so that a peer cannot wear out the disk.
    const due = pending.writtenAt + WRITE_MS;
    if (now >= due) return this.#write(from, pending);
    if (!waits)
      pending.cancel = this.#deps.clock.after(due - now, () => void this.#write(from, pending));
  }

  async #write(nodeId: NodeId, pending: Pending): Promise<void> {
    const { blob } = pending;
    if (blob === undefined) return;
    const { store, clock, fatal } = this.#deps;
    pending.writtenAt = clock.now();
    this.#rows.set(nodeId, null);
    const row = { node_id: nodeId, blob, unused_since: null };
    await store.commit([{ put: 'peer_storage', row }]).catch(fatal);
    if (pending.blob === blob) pending.blob = undefined;
  }

  async #takeBack(from: NodeId, blob: Bytes): Promise<void> {
    const { log } = this.#deps;
    const returned = await this.#deps.returned(from, blob);
    if (returned.ok) this.#held.set(from, returned.value);
    else if (!this.#blamed.has(from))
      log.warn('what a peer returned is no backup of ours', { peer: from, ...returned.error });
    if (!returned.ok) this.#blamed.add(from);
  }

  #offer(nodeId: NodeId): void {
    const peer = this.#deps.connected(nodeId);
    if (peer === undefined || !hasFeature(peer.features, 'optionProvideStorage')) return;
    if (!this.#deps.peersWithChannels().has(nodeId)) return;
    const ours = this.#deps.ours();
    if (ours === undefined || this.#held.get(nodeId) === ours.fingerprint) return;
    if (this.#deps.send(nodeId, { kind: 'peerStorage', blob: ours.blob }))
      this.#held.set(nodeId, ours.fingerprint);
  }
}
