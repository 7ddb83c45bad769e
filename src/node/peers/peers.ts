import {
  type Bytes,
  err,
  fromHex,
  type NodeId,
  ok,
  type Result,
  toHex,
} from '../../core/bytes/index.js';
import { isValidPublicKey } from '../../core/crypto/index.js';
import type { Message } from '../../core/wire/index.js';
import type { Connection, Listener, Logger, NetAddress } from '../../ports/index.js';
import { categoryOf } from './categories.js';
import { Keeper } from './keeper.js';
import { Link, type LinkOwner, type Phase } from './link.js';
import { MAX_PING } from './pings.js';
import { peerName, printedAddress } from './text.js';
import {
  type CloseReason,
  type ConnectError,
  DEFAULT_LIMITS,
  type Direction,
  type MessageCategory,
  type MessageHandler,
  type PeerInfo,
  type PeerLimits,
  type PeersDeps,
  type PeersOptions,
  type PeerView,
  type PingResult,
} from './types.js';

type ConnectResult = Result<PeerInfo, ConnectError>;

/** Calls that cross each other on the way are that close together. */
const CROSSING_MS = 5_000;

/** The connections of this node: who is there, what they say, and what we say to them. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #limits: PeerLimits;
  readonly #deps: PeersDeps;
  readonly #log: Logger;
  readonly #ownId: NodeId;
  readonly #keeper: Keeper;
  readonly #owner: LinkOwner;
  readonly #links = new Set<Link>();
  /** The one link of each node whose handshake is done. */
  readonly #byNode = new Map<NodeId, Link>();
  /** Calls of ours that wait for their end, by node. */
  readonly #waiting = new Map<NodeId, Set<(result: ConnectResult) => void>>();
  readonly #calls = new Map<string, Promise<ConnectResult>>();
  readonly #connected: ((peer: PeerInfo) => void)[] = [];
  readonly #disconnected: ((peer: PeerInfo, reason: CloseReason) => void)[] = [];
  readonly #handlers: Record<MessageCategory, MessageHandler[]> = {
    channel: [],
    gossip: [],
    other: [],
  };
  readonly #abort = new AbortController();
  #listeners: Listener[] = [];
  #stopped = false;

  constructor(options: PeersOptions, deps: PeersDeps) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#deps = deps;
    this.#log = deps.log;
    this.#ownId = toHex(deps.signer.nodeId) as NodeId;
    this.#keeper = new Keeper(this.#limits, {
      clock: deps.clock,
      entropy: deps.entropy,
      store: deps.store,
      fatal: deps.fatal,
      isConnected: (nodeId) => this.#byNode.has(nodeId),
      call: async (nodeId) => (await this.connect(nodeId)).ok,
    });
    this.#owner = {
      authenticated: (link, nodeId) => this.#authenticated(link, nodeId),
      opened: (link, info) => this.#opened(link, info),
      received: (link, message) => this.#received(link, message),
      closed: (link, reason, phase) => this.#closed(link, reason, phase),
    };
  }

  /** Listens and calls the kept peers. Rejects where an address cannot be listened on. */
  async start(): Promise<void> {
    for (const address of this.#options.listen) {
      const listener = await this.#deps.net.listen(address, (c) => this.#called(c));
      this.#listeners.push(listener);
      this.#log.info('listening', { address: printedAddress(listener.address) });
    }
    await this.#keeper.start(this.#options.reconnect ?? true);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#keeper.stop();
    this.#abort.abort();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const link of [...this.#links])
      link.close({ code: 'stopping', message: 'the node is stopping' });
  }

  /** Where we listen, with the ports that the system chose. */
  get listening(): readonly NetAddress[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** Called once both inits are exchanged, before any message of the connection. */
  onConnected(fn: (peer: PeerInfo) => void): void {
    this.#connected.push(fn);
  }

  /** Called at once when an open connection ends, also within `disconnect`. */
  onDisconnected(fn: (peer: PeerInfo, reason: CloseReason) => void): void {
    this.#disconnected.push(fn);
  }

  onMessage(category: MessageCategory, fn: MessageHandler): void {
    this.#handlers[category].push(fn);
  }

  /** The peer, where both inits are exchanged. */
  connected(nodeId: NodeId): PeerInfo | undefined {
    return this.#byNode.get(nodeId)?.info;
  }

  /** Connected peers and kept ones, in the order of their ids. */
  list(): readonly PeerView[] {
    const ids = new Set(this.#keeper.nodeIds);
    for (const [nodeId, link] of this.#byNode) if (link.phase === 'open') ids.add(nodeId);
    return [...ids].sort().map((nodeId) => {
      const connected = this.connected(nodeId);
      return { nodeId, kept: this.#keeper.has(nodeId), ...(connected && { connected }) };
    });
  }

  /**
   * Sends a message, or one that is encoded already. False: the peer is not connected, or it was
   * an announcement or update to a peer that reads too slowly.
   */
  send(nodeId: NodeId, message: Message | Bytes): boolean {
    return this.#byNode.get(nodeId)?.send(message) ?? false;
  }

  /** Bytes sent to the peer that it has not read: who sends much waits until these are few. */
  backlog(nodeId: NodeId): number {
    return this.#byNode.get(nodeId)?.backlog ?? 0;
  }

  disconnect(nodeId: NodeId, message: string): boolean {
    const link = this.#byNode.get(nodeId);
    link?.close({ code: 'asked', message });
    return link !== undefined;
  }

  /** BOLT 1: a warning that names no channel, and the end of the connection. */
  warnAndDisconnect(nodeId: NodeId, message: string): void {
    this.#byNode.get(nodeId)?.warnAndClose({ code: 'asked', message });
  }

  /**
   * A channel ties us to this peer: call it again whenever it is lost, and after a restart, at the
   * address where it was dialled, or at the one given.
   */
  keep(nodeId: NodeId, _reason: 'channel' = 'channel', address?: NetAddress): void {
    const info = this.connected(nodeId);
    const dialled = info?.direction === 'out' ? info.address : address;
    this.#keeper.keep(nodeId, dialled, info?.features);
  }

  /** Nothing ties us to this peer any more. */
  release(nodeId: NodeId): void {
    this.#keeper.release(nodeId);
  }

  /** Whether the peer is there: sends `length` bytes and asks for `pongBytes` back. */
  ping(nodeId: NodeId, length = 128, pongBytes = 128): Promise<PingResult> {
    const link = this.#byNode.get(nodeId);
    if (link?.phase !== 'open') return Promise.resolve(err({ code: 'not_connected' }));
    if (length > MAX_PING) return Promise.resolve(err({ code: 'too_long', maximum: MAX_PING }));
    return new Promise((resolve) => link.ping(length, pongBytes, resolve));
  }

  /**
   * Calls a node and answers once both inits are exchanged; at once where it is connected.
   * The address given, the stored one and those that gossip knows are tried in turn.
   */
  async connect(nodeId: NodeId, host?: string, port?: number): Promise<ConnectResult> {
    const already = this.connected(nodeId);
    if (already !== undefined) return ok(already);
    const addresses = await this.#addressesOf(
      nodeId,
      host === undefined ? undefined : { host, port: port ?? this.#options.defaultPort },
    );
    if (addresses.length === 0) return err({ code: 'no_known_address' });
    const causes: string[] = [];
    for (const address of addresses) {
      const result = await this.#call(nodeId, address);
      if (result.ok || result.error.code !== 'all_addresses_failed') return result;
      causes.push(result.error.message);
    }
    return err({ code: 'all_addresses_failed', message: causes.join('; ') });
  }

  /** Where the peer may be called: the stored address and those that gossip knows. */
  addressesOf(nodeId: NodeId): Promise<readonly NetAddress[]> {
    return this.#addressesOf(nodeId, undefined);
  }

  async #addressesOf(
    nodeId: NodeId,
    given: NetAddress | undefined,
  ): Promise<readonly NetAddress[]> {
    const stored = this.#keeper.address(nodeId);
    const known = (await this.#deps.addresses?.(nodeId)) ?? [];
    const all = [given, stored, ...known].filter((address) => address !== undefined);
    const distinct = new Map(all.map((address) => [printedAddress(address), address]));
    return [...distinct.values()];
  }

  /** One call at a time to a node at an address; who asks meanwhile shares its outcome. */
  #call(nodeId: NodeId, address: NetAddress): Promise<ConnectResult> {
    const key = `${nodeId}@${printedAddress(address)}`;
    const running = this.#calls.get(key);
    if (running !== undefined) return running;
    const call = this.#dial(nodeId, address).finally(() => this.#calls.delete(key));
    this.#calls.set(key, call);
    return call;
  }

  async #dial(nodeId: NodeId, address: NetAddress): Promise<ConnectResult> {
    const failed = (cause: string) =>
      err({
        code: 'all_addresses_failed' as const,
        message: `${printedAddress(address)}: ${cause}`,
      });
    const expected = fromHex(nodeId);
    if (expected === undefined || !isValidPublicKey(expected)) return failed('no node id');
    if (nodeId === this.#ownId) return failed('that is this node itself');
    let connection: Connection;
    try {
      connection = await this.#deps.net.connect(address, this.#abort.signal);
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    }
    if (this.#stopped) {
      connection.close();
      return failed('the node is stopping');
    }
    const already = this.connected(nodeId);
    if (already !== undefined) {
      connection.close();
      return ok(already);
    }
    try {
      this.#link(connection, 'out', address, expected);
    } catch (error) {
      this.#log.error('a call could not be made', { error: String(error) });
      connection.close();
      return failed('internal error');
    }
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(nodeId) ?? new Set();
      waiting.add(resolve);
      this.#waiting.set(nodeId, waiting);
    });
  }

  #called(connection: Connection): void {
    if (this.#stopped) {
      connection.close();
      return;
    }
    const pending = [...this.#links].filter(
      (link) => link.direction === 'in' && link.phase === 'handshake',
    );
    // The oldest gives way: who means it needs only a moment for the handshake.
    if (pending.length >= this.#limits.pendingIncoming)
      pending[0]?.close({ code: 'too_many', message: 'too many calls at once' });
    try {
      this.#link(connection, 'in', connection.remote, undefined);
    } catch (error) {
      this.#log.error('a call could not be taken', { error: String(error) });
      connection.close();
    }
  }

  /** Whether this caller is one too many; kept peers always find a place. */
  #crowded(link: Link, nodeId: NodeId): boolean {
    if (link.direction === 'out' || this.#keeper.has(nodeId)) return false;
    let strangers = 0;
    for (const [other, { direction }] of this.#byNode)
      if (direction === 'in' && other !== nodeId && !this.#keeper.has(other)) strangers++;
    return strangers >= this.#limits.incoming;
  }

  #link(
    connection: Connection,
    direction: Direction,
    address: NetAddress,
    expected: Bytes | undefined,
  ): void {
    const { chainHash, features } = this.#options;
    const { clock, entropy, signer, log } = this.#deps;
    const link = new Link(
      connection,
      { direction, address, expected, chainHash, features, limits: this.#limits },
      { clock, entropy, signer, log, owner: this.#owner },
    );
    this.#links.add(link);
  }

  #authenticated(link: Link, nodeId: NodeId): boolean {
    if (nodeId === this.#ownId) {
      link.close({ code: 'handshake_failed', message: 'that is this node itself' });
      return false;
    }
    if (this.#crowded(link, nodeId)) {
      link.close({ code: 'too_many', message: 'too many peers' });
      return false;
    }
    const existing = this.#byNode.get(nodeId);
    if (existing !== undefined) {
      const replaced = { code: 'replaced', message: 'another connection is used' } as const;
      if (!this.#prefers(link, existing, nodeId)) {
        link.close(replaced);
        return false;
      }
      this.#byNode.set(nodeId, link);
      existing.close(replaced);
    }
    this.#byNode.set(nodeId, link);
    return true;
  }

  /** BOLT 1, Connection Handling: one connection a peer. The newer one is the better one. */
  #prefers(link: Link, existing: Link, nodeId: NodeId): boolean {
    const crossed =
      link.direction !== existing.direction && link.since - existing.since < CROSSING_MS;
    if (!crossed) return true;
    // Both called at once: both must keep the same connection, the one that the lesser id made.
    const ours = this.#ownId < nodeId;
    return (link.direction === 'out') === ours;
  }

  #opened(link: Link, info: PeerInfo): void {
    const { nodeId, direction, address, features } = info;
    this.#log.child(peerName(nodeId)).info('connected', {
      address: printedAddress(address),
      direction,
      features: toHex(features),
    });
    this.#keeper.connected(nodeId, direction === 'out' ? address : undefined, features);
    for (const fn of this.#connected) fn(info);
    if (link.phase === 'open') this.#settle(nodeId, ok(info));
  }

  #received(link: Link, message: Message): Promise<void> | undefined {
    const category = categoryOf(message.kind);
    if (category === 'link') return undefined;
    const open: Promise<void>[] = [];
    for (const handler of this.#handlers[category]) {
      const work = handler(link.nodeId as NodeId, message);
      if (work instanceof Promise) open.push(work);
    }
    if (open.length < 2) return open[0];
    return Promise.all(open).then(() => {});
  }

  #closed(link: Link, reason: CloseReason, phase: Phase): void {
    this.#links.delete(link);
    const { nodeId } = link;
    this.#log.debug('connection closed', {
      address: printedAddress(link.address),
      ...(nodeId && { nodeId }),
      phase,
      ...reason,
    });
    const current = nodeId !== undefined && this.#byNode.get(nodeId) === link;
    if (current) this.#byNode.delete(nodeId);
    if (nodeId !== undefined && phase === 'open') {
      const { features, address, remote, direction } = link;
      const info = { nodeId, features, address, remote, direction };
      this.#log.child(peerName(nodeId)).info('disconnected', { ...reason });
      for (const fn of this.#disconnected) fn(info, reason);
    }
    if (current) this.#keeper.lost(nodeId);
    this.#failCalls(link, reason, phase);
  }

  /** A call of ours failed, unless another connection with the node is on its way. */
  #failCalls(link: Link, reason: CloseReason, phase: Phase): void {
    const nodeId = link.nodeId ?? link.expected;
    if (nodeId === undefined || this.#byNode.has(nodeId)) return;
    for (const other of this.#links) if ((other.nodeId ?? other.expected) === nodeId) return;
    const message = `${printedAddress(link.address)}: ${reason.message}`;
    const code = phase === 'handshake' ? 'all_addresses_failed' : 'disconnected_during';
    this.#settle(nodeId, err({ code, message }));
  }

  #settle(nodeId: NodeId, result: ConnectResult): void {
    const waiting = this.#waiting.get(nodeId);
    this.#waiting.delete(nodeId);
    for (const resolve of waiting ?? []) resolve(result);
  }
}
