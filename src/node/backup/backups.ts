/**
 * The static channel backup: the file `emergency.recover`, rewritten with every channel that comes
 * or goes, and how channels are taken up from it when the store is lost.
 */
import {
  type Bytes,
  type ChannelId,
  err,
  type NodeId,
  ok,
  type Result,
  toHex,
} from '../../core/bytes/index.js';
import {
  type BackupAddress,
  backedUpId,
  backupOf,
  type ChannelBackup,
  decodeBackup,
  encodeBackup,
  openBackups,
  type SealedError,
  sealBackups,
  sealForPeer,
} from '../../core/channel/index.js';
import { seconds } from '../../ports/index.js';
import { Recovery } from './recovery.js';
import type { BackupsDeps, RecoverError } from './types.js';

const FILE = 'emergency.recover';
/** What of a file could not be read is put aside under this name before a new one is written. */
const ASIDE = 'emergency.recover.unreadable';
/** A peer may announce many addresses; so many are kept. */
const MAX_ADDRESSES = 4;

const idOf = (backup: ChannelBackup): ChannelId => toHex(backedUpId(backup)) as ChannelId;

export class Backups {
  readonly #deps: BackupsDeps;
  readonly #recovery: Recovery;
  readonly #key: Bytes;
  /** Channels that a backup knows and the store does not: kept until they are recovered. */
  readonly #unclaimed = new Map<ChannelId, ChannelBackup>();
  /** Ids of channels that the store knows, closed ones too. */
  readonly #known = new Set<string>();
  readonly #addresses = new Map<NodeId, readonly BackupAddress[]>();
  readonly #listeners: (() => void)[] = [];
  #channels: readonly ChannelBackup[] = [];
  #written = '';
  #dirty = false;
  #work: Promise<void> = Promise.resolve();
  #working = false;
  #begin: () => void = () => {};
  readonly #begun = new Promise<void>((resolve) => {
    this.#begin = resolve;
  });
  #leave: () => void = () => {};

  constructor(_options: Record<string, never>, deps: BackupsDeps) {
    this.#deps = deps;
    this.#key = deps.signer.secret('static channel backup');
    this.#recovery = new Recovery(deps);
  }

  /** Call it once the channels are there, and before anybody connects. */
  async start(): Promise<void> {
    const { store, log, channels } = this.#deps;
    for (const row of await store.select('channels')) this.#known.add(row.channel_id);
    const file = await this.#readFile();
    if (!file.ok) {
      log.error(`${FILE} cannot be read and is put aside`, { reason: file.error.code });
      await this.#putAside();
    } else {
      this.#written = fingerprint(file.value);
      this.#channels = file.value;
      this.#learn(file.value, `the file ${FILE}`);
    }
    this.#leave = channels.onChange(() => this.#changed());
    this.#begin();
    await this.backedUp();
    this.#recovery.resume();
  }

  async stop(): Promise<void> {
    this.#leave();
    this.#recovery.stop();
    await this.#work;
  }

  /** Calls `fn` whenever what the backup holds has changed, and is in the file. */
  onWritten(fn: () => void): void {
    this.#listeners.push(fn);
  }

  /** Resolves once the file holds every channel there is. */
  async backedUp(): Promise<void> {
    await this.#begun;
    this.#changed();
    await this.#work;
  }

  /** Each channel's own backup, not encrypted. */
  async list(): Promise<readonly Bytes[]> {
    await this.backedUp();
    return this.#channels.map(encodeBackup);
  }

  /** What a peer is to keep for us; nothing where there is nothing to lose. */
  forPeer(): { readonly blob: Bytes; readonly fingerprint: string } | undefined {
    if (this.#channels.length === 0) return undefined;
    const { blob, left } = sealForPeer(this.#key, this.#nonce(), this.#set(this.#channels));
    if (left > 0) this.#deps.log.warn('peer storage has no room for every channel', { left });
    return { blob, fingerprint: this.#written };
  }

  /** A blob that a peer kept for us. Answers its fingerprint, or why it is none of ours. */
  async returned(from: NodeId, blob: Bytes): Promise<Result<string, SealedError>> {
    await this.#begun;
    const opened = openBackups(this.#key, blob);
    if (!opened.ok) return opened;
    const { channels } = opened.value;
    if (this.#learn(channels, `peer ${from}`)) await this.backedUp();
    return ok(fingerprint(channels));
  }

  /**
   * Takes up every channel that the file or the peers' storage knows and the store does not.
   * Answers the ids of those taken up; each peer is asked to close.
   */
  async recover(): Promise<Result<readonly ChannelId[], RecoverError>> {
    const file = await this.#readFile();
    if (!file.ok) return err({ code: 'unreadable_file', reason: file.error.code });
    // It may have been put there while we ran.
    this.#learn(file.value, `the file ${FILE}`);
    return this.takeUp([...this.#unclaimed.values()]);
  }

  /** As `recover`, for backups that the operator names: see `list`. */
  async takeUp(
    backups: readonly ChannelBackup[],
  ): Promise<Result<readonly ChannelId[], RecoverError>> {
    const unknown = new Map(backups.map((backup) => [idOf(backup), backup]));
    for (const id of unknown.keys()) if (this.#isKnown(id)) unknown.delete(id);
    const taken = await this.#recovery.takeUp(unknown);
    if (!taken.ok) return taken;
    for (const id of taken.value) {
      this.#known.add(id);
      this.#unclaimed.delete(id);
    }
    await this.backedUp();
    return taken;
  }

  #isKnown(id: ChannelId): boolean {
    if (this.#known.has(id)) return true;
    return this.#deps.channels.liveStates().some((state) => toHex(state.channelId) === id);
  }

  /** Keeps what nobody else here knows of; answers whether there was any. */
  #learn(channels: readonly ChannelBackup[], source: string): boolean {
    let fresh = 0;
    for (const backup of channels) {
      const peer = toHex(backup.peerId) as NodeId;
      if (!this.#addresses.has(peer)) this.#addresses.set(peer, backup.addresses);
      const id = idOf(backup);
      if (this.#isKnown(id) || this.#unclaimed.has(id)) continue;
      this.#unclaimed.set(id, backup);
      // BOLT 3: whoever knows per-commitment secrets of that channel must not meet them again, be it
      // that the store is an old one.
      this.#deps.channels.keyUsed(backup.key).catch(this.#deps.fatal);
      fresh++;
    }
    if (fresh > 0)
      this.#deps.log.warn(
        `${source} knows channels that the store does not: emergencyrecover takes them up`,
        { channels: fresh },
      );
    return fresh > 0;
  }

  async #readFile(): Promise<Result<readonly ChannelBackup[], SealedError>> {
    const sealed = await this.#deps.files.read(FILE);
    if (sealed === undefined) return ok([]);
    const opened = openBackups(this.#key, sealed);
    return opened.ok ? ok(opened.value.channels) : opened;
  }

  async #putAside(): Promise<void> {
    const { files } = this.#deps;
    const sealed = await files.read(FILE);
    if (sealed !== undefined) await files.write(ASIDE, sealed);
  }

  #nonce = (): Bytes => this.#deps.entropy.bytes(12);

  #set = (channels: readonly ChannelBackup[]) => ({
    writtenAt: seconds(this.#deps.clock),
    channels,
  });

  #changed(): void {
    this.#dirty = true;
    if (this.#working) return;
    this.#working = true;
    this.#work = this.#write().catch((error: unknown) => this.#deps.fatal(error));
  }

  async #write(): Promise<void> {
    await this.#begun;
    try {
      while (this.#dirty) {
        this.#dirty = false;
        await this.#writeIfChanged();
      }
    } finally {
      this.#working = false;
    }
  }

  async #writeIfChanged(): Promise<void> {
    const channels = await this.#gather();
    const written = fingerprint(channels);
    if (written === this.#written) return;
    const sealed = sealBackups(this.#key, this.#nonce(), this.#set(channels));
    await this.#deps.files.write(FILE, sealed);
    this.#written = written;
    this.#channels = channels;
    for (const fn of this.#listeners) fn();
  }

  async #gather(): Promise<readonly ChannelBackup[]> {
    const states = this.#deps.channels.liveStates();
    const live: ChannelBackup[] = [];
    for (const state of states) {
      const peer = toHex(state.params.peerId) as NodeId;
      live.push(backupOf(state, await this.#addressesOf(peer)));
    }
    const ids = new Set(live.map(idOf));
    // A peer may yet return a backup that is older than their ends.
    for (const id of ids) this.#known.add(id);
    const unclaimed = [...this.#unclaimed.values()].filter((backup) => !ids.has(idOf(backup)));
    return [...live, ...unclaimed].sort((a, b) => a.key - b.key);
  }

  /** Those known now, or else the ones that were known before. */
  async #addressesOf(peer: NodeId): Promise<readonly BackupAddress[]> {
    const known = await this.#deps.peers.addressesOf(peer);
    if (known.length === 0) return this.#addresses.get(peer) ?? [];
    const addresses = known
      .filter(({ port }) => port > 0 && port <= 0xffff)
      .slice(0, MAX_ADDRESSES)
      .map(({ host, port }) => ({ host, port }));
    this.#addresses.set(peer, addresses);
    return addresses;
  }
}

/** Equal for equal backups, in whatever order. */
const fingerprint = (channels: readonly ChannelBackup[]): string =>
  channels
    .map((backup) => toHex(encodeBackup(backup)))
    .sort()
    .join();

/** Reads what `list` gave; an index says which of them is none. */
export function readBackups(list: readonly Bytes[]): Result<readonly ChannelBackup[], number> {
  const backups: ChannelBackup[] = [];
  for (const [index, data] of list.entries()) {
    const backup = decodeBackup(data);
    if (!backup.ok) return err(index);
    backups.push(backup.value);
  }
  return ok(backups);
}
