import { type Bytes, fromHex, type NodeId, toHex } from '../../core/bytes/index.js';
import type { Clock, Entropy, NetAddress, Store, Tables } from '../../ports/index.js';
import { parsedAddress, printedAddress } from './text.js';

export interface KeeperOptions {
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export interface KeeperDeps {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly store: Pick<Store, 'commit' | 'select'>;
  /** Calls a kept peer; true once both inits are exchanged. */
  readonly call: (nodeId: NodeId) => Promise<boolean>;
  readonly isConnected: (nodeId: NodeId) => boolean;
  readonly fatal: (error: unknown) => void;
}

interface Kept {
  address: NetAddress | undefined;
  features: Bytes | undefined;
  retryMs: number;
  connectedAt: number | undefined;
  cancel: (() => void) | undefined;
}

/** A connection that held this long, or as long as we would wait, was a good one: try soon again. */
const GOOD_MS = 10_000;

/** The peers that a channel ties us to: called again, later and later, until they are there. */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #deps: KeeperDeps;
  readonly #kept = new Map<NodeId, Kept>();
  #running = false;
  #calling = false;

  constructor(options: KeeperOptions, deps: KeeperDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Reads the table, adds what was kept before, and begins to call (where `calling`). */
  async start(calling: boolean): Promise<void> {
    const early = new Map(this.#kept);
    for (const row of await this.#deps.store.select('peers', { order: 'node_id' })) {
      const nodeId = row.node_id as NodeId;
      const kept = early.get(nodeId) ?? this.#fresh(undefined, undefined);
      kept.address ??= parsedAddress(row.address);
      kept.features ??= row.feature_bits === '' ? undefined : fromHex(row.feature_bits);
      this.#kept.set(nodeId, kept);
      early.delete(nodeId);
    }
    this.#running = true;
    this.#calling = calling;
    for (const [nodeId, kept] of early) this.#write([{ put: 'peers', row: rowOf(nodeId, kept) }]);
    for (const nodeId of this.#kept.keys()) this.#soon(nodeId);
  }

  stop(): void {
    this.#running = false;
    for (const kept of this.#kept.values()) kept.cancel?.();
  }

  has(nodeId: NodeId): boolean {
    return this.#kept.has(nodeId);
  }

  get nodeIds(): readonly NodeId[] {
    return [...this.#kept.keys()];
  }

  address(nodeId: NodeId): NetAddress | undefined {
    return this.#kept.get(nodeId)?.address;
  }

  keep(nodeId: NodeId, address: NetAddress | undefined, features: Bytes | undefined): void {
    if (this.#kept.has(nodeId)) return;
    const kept = this.#fresh(address, features);
    this.#kept.set(nodeId, kept);
    if (this.#deps.isConnected(nodeId)) kept.connectedAt = this.#deps.clock.now();
    if (!this.#running) return;
    this.#write([{ put: 'peers', row: rowOf(nodeId, kept) }]);
    this.#soon(nodeId);
  }

  release(nodeId: NodeId): void {
    const kept = this.#kept.get(nodeId);
    if (kept === undefined) return;
    kept.cancel?.();
    this.#kept.delete(nodeId);
    this.#write([{ delete: 'peers', where: { node_id: nodeId } }]);
  }

  /** `address` is where the peer can be called, where that is known. */
  connected(nodeId: NodeId, address: NetAddress | undefined, features: Bytes): void {
    const kept = this.#kept.get(nodeId);
    if (kept === undefined) return;
    kept.cancel?.();
    kept.cancel = undefined;
    kept.connectedAt = this.#deps.clock.now();
    const before = JSON.stringify(rowOf(nodeId, kept));
    kept.address = address ?? kept.address;
    kept.features = features;
    const row = rowOf(nodeId, kept);
    if (this.#running && JSON.stringify(row) !== before) this.#write([{ put: 'peers', row }]);
  }

  lost(nodeId: NodeId): void {
    const kept = this.#kept.get(nodeId);
    if (kept === undefined) return;
    const { connectedAt } = kept;
    kept.connectedAt = undefined;
    const held = connectedAt === undefined ? -1 : this.#deps.clock.now() - connectedAt;
    if (held >= Math.min(GOOD_MS, kept.retryMs)) kept.retryMs = this.#options.retryMinMs;
    this.#later(nodeId, kept);
  }

  #fresh(address: NetAddress | undefined, features: Bytes | undefined): Kept {
    return {
      address,
      features,
      retryMs: this.#options.retryMinMs,
      connectedAt: undefined,
      cancel: undefined,
    };
  }

  /** Up to a second from now, so that a start with many peers does not call all in one moment. */
  #soon(nodeId: NodeId): void {
    const kept = this.#kept.get(nodeId);
    if (kept === undefined || this.#deps.isConnected(nodeId)) return;
    this.#schedule(nodeId, kept, Math.floor(this.#options.retryMinMs * this.#fraction()));
  }

  #later(nodeId: NodeId, kept: Kept): void {
    // Two nodes that lost each other must not call at the same moment for ever.
    const wait = Math.floor(kept.retryMs * (0.75 + 0.5 * this.#fraction()));
    kept.retryMs = Math.min(kept.retryMs * 2, this.#options.retryMaxMs);
    this.#schedule(nodeId, kept, wait);
  }

  #schedule(nodeId: NodeId, kept: Kept, ms: number): void {
    kept.cancel?.();
    if (!this.#running || !this.#calling) return;
    kept.cancel = this.#deps.clock.after(ms, () => {
      kept.cancel = undefined;
      void this.#call(nodeId, kept);
    });
  }

  async #call(nodeId: NodeId, kept: Kept): Promise<void> {
    if (this.#deps.isConnected(nodeId)) return;
    const connected = await this.#deps.call(nodeId);
    const current = this.#running && this.#kept.get(nodeId) === kept;
    if (!connected && current && kept.cancel === undefined && !this.#deps.isConnected(nodeId))
      this.#later(nodeId, kept);
  }

  #fraction(): number {
    const [high, low] = this.#deps.entropy.bytes(2) as unknown as [number, number];
    return (high * 256 + low) / 65_536;
  }

  #write(writes: Parameters<Store['commit']>[0]): void {
    this.#deps.store.commit(writes).catch(this.#deps.fatal);
  }
}

function rowOf(nodeId: NodeId, kept: Kept): Tables['peers'] {
  return {
    node_id: nodeId,
    address: kept.address === undefined ? '' : printedAddress(kept.address),
    feature_bits: kept.features === undefined ? '' : toHex(kept.features),
  };
}
