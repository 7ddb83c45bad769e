import type { Bytes } from '../../core/bytes/index.js';
import {
  decodeSnapshot,
  encodeSnapshot,
  type GossipEffect,
  type SnapshotParts,
} from '../../core/gossip/index.js';
import type { Store, Tables, Write } from '../../ports/index.js';

type Row = Tables['gossip'];

const SNAPSHOT = 'gossip.snapshot';
const EMPTY = new Uint8Array(0);
/** Rows that wait in memory before they are written together. */
const FLUSH_ROWS = 500;

/**
 * The stored gossip: raw messages by key, and now and then the graph as one snapshot, so that a
 * start reads that and the few rows that came after it.
 */
export class GossipBook {
  readonly #store: Pick<Store, 'commit' | 'select'>;
  readonly #fatal: (error: unknown) => void;
  readonly #waiting = new Map<string, Row>();
  #seq = 0;
  #snapshotSeq = 0;
  #committed: Promise<void> = Promise.resolve();

  constructor(deps: {
    readonly store: Pick<Store, 'commit' | 'select'>;
    readonly fatal: (error: unknown) => void;
  }) {
    this.#store = deps.store;
    this.#fatal = deps.fatal;
  }

  /** Rows written since the last snapshot. */
  get changes(): number {
    return this.#seq - this.#snapshotSeq;
  }

  /** Fills the parts from the snapshot; answers the rows that came after it, oldest first. */
  async load(parts: SnapshotParts): Promise<readonly Row[]> {
    const [stored] = await this.#store.select('vars', { where: { name: SNAPSHOT } });
    const seq = stored === undefined ? undefined : decodeSnapshot(stored.value, parts);
    this.#snapshotSeq = seq ?? 0;
    const rows = await this.#store.select('gossip', { order: 'seq', from: this.#snapshotSeq + 1 });
    this.#seq = rows.at(-1)?.seq ?? this.#snapshotSeq;
    return rows;
  }

  put(effect: GossipEffect & { kind: 'put' }): void {
    this.#write({
      key: effect.key,
      seq: ++this.#seq,
      timestamp: effect.timestamp,
      amount_sat: effect.amountSat,
      funding_txid: effect.fundingTxid ?? null,
      message: effect.message,
    });
  }

  /** A tombstone, until the next snapshot no longer needs it. */
  drop(key: string): void {
    const row = { key, timestamp: 0, amount_sat: 0, funding_txid: null, message: EMPTY };
    this.#write({ ...row, seq: ++this.#seq });
  }

  /** Notes the height at which a stored channel's output was spent. */
  async spent(key: string, height: number): Promise<void> {
    const row = await this.#row(key);
    if (row !== undefined && row.message.length > 0)
      this.#write({ ...row, timestamp: height, seq: ++this.#seq });
  }

  #write(row: Row): void {
    this.#waiting.set(row.key, row);
    if (this.#waiting.size >= FLUSH_ROWS) void this.flush();
  }

  /** The raw messages under these keys, in their order; what is not there is left out. */
  async read(keys: readonly string[]): Promise<readonly Bytes[]> {
    const rows = await Promise.all(keys.map((key) => this.#row(key)));
    return rows.flatMap((row) =>
      row === undefined || row.message.length === 0 ? [] : [row.message],
    );
  }

  async #row(key: string): Promise<Row | undefined> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    const [row] = await this.#store.select('gossip', { where: { key } });
    return row;
  }

  /** Resolves when all that was put before is on disk. */
  flush(): Promise<void> {
    if (this.#waiting.size > 0) {
      const writes = [...this.#waiting.values()].map((row): Write => ({ put: 'gossip', row }));
      this.#waiting.clear();
      this.#commit(writes);
    }
    return this.#committed;
  }

  #commit(writes: readonly Write[]): void {
    const commit = this.#store.commit(writes).catch(this.#fatal);
    this.#committed = Promise.all([this.#committed, commit]).then(() => undefined);
  }

  /** Writes a snapshot and clears the tombstones it makes needless. */
  async snapshot(parts: SnapshotParts): Promise<void> {
    if (this.changes === 0) return;
    const value = encodeSnapshot(parts, this.#seq);
    const from = this.#snapshotSeq + 1;
    this.#snapshotSeq = this.#seq;
    void this.flush();
    this.#commit([{ put: 'vars', row: { name: SNAPSHOT, value } }]);
    const rows = await this.#store.select('gossip', { order: 'seq', from });
    const dead = rows.filter((row) => row.message.length === 0 && row.seq <= this.#snapshotSeq);
    if (dead.length > 0)
      this.#commit(dead.map(({ key, seq }): Write => ({ delete: 'gossip', where: { key, seq } })));
    await this.#committed;
  }
}
