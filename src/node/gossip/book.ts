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
/** Rows that are written together; more of them where the disk cannot keep up. */
const FLUSH_ROWS = 150;
const MOST_TOGETHER = 600;
/** Rows that wait for the disk, above which no more are asked for. */
const MOST_ROWS = 2_000;
/** Rows read together at a start. */
const PAGE_ROWS = 1_000;

/**
 * The stored gossip: raw messages by key, and now and then the graph as one snapshot, so that a
 * start reads that and the few rows that came after it.
 */
export class GossipBook {
  readonly #store: Pick<Store, 'commit' | 'select'>;
  readonly #fatal: (error: unknown) => void;
  readonly #relieved: () => void;
  /** Rows that no commit has taken up yet. */
  readonly #waiting = new Map<string, Row>();
  /** Tombstones on disk that the next snapshot makes needless, with their `seq`. */
  readonly #dead = new Map<string, number>();
  #seq = 0;
  #snapshotSeq = 0;
  /** The commit that is on its way to the disk: one at a time. */
  #writing: Promise<void> | undefined;

  constructor(deps: {
    readonly store: Pick<Store, 'commit' | 'select'>;
    readonly fatal: (error: unknown) => void;
    /** Few rows wait again, where there were many. */
    readonly relieved: () => void;
  }) {
    this.#store = deps.store;
    this.#fatal = deps.fatal;
    this.#relieved = deps.relieved;
  }

  /** Rows written since the last snapshot. */
  get changes(): number {
    return this.#seq - this.#snapshotSeq;
  }

  /** Whether the disk is behind: what waits for it fills memory. */
  get pressed(): boolean {
    return this.#waiting.size > MOST_ROWS;
  }

  /**
   * Fills the parts from the snapshot, then hands on the rows that came after it, oldest first, a
   * page at a time; answers how many these were.
   */
  async load(parts: SnapshotParts, take: (rows: readonly Row[]) => void): Promise<number> {
    const [stored] = await this.#store.select('vars', { where: { name: SNAPSHOT } });
    const seq = stored === undefined ? undefined : decodeSnapshot(stored.value, parts);
    this.#snapshotSeq = this.#seq = seq ?? 0;
    for (let count = 0; ; ) {
      const query = { order: 'seq', from: this.#seq + 1, limit: PAGE_ROWS } as const;
      const rows = await this.#store.select('gossip', query);
      count += rows.length;
      this.#seq = rows.at(-1)?.seq ?? this.#seq;
      for (const row of rows) if (row.message.length === 0) this.#dead.set(row.key, row.seq);
      take(rows);
      if (rows.length < PAGE_ROWS) return count;
    }
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
    // Behind all others, so that rows wait in the order of `seq`.
    this.#waiting.delete(row.key);
    this.#waiting.set(row.key, row);
    if (row.message.length === 0) this.#dead.set(row.key, row.seq);
    else this.#dead.delete(row.key);
    this.#writeIfMany();
  }

  /** The raw messages under these keys, in their order; what is not there is left out. */
  async read(keys: readonly string[]): Promise<readonly Bytes[]> {
    const rows = new Map<string, Row>();
    const missing: string[] = [];
    for (const key of keys) {
      const waiting = this.#waiting.get(key);
      if (waiting === undefined) missing.push(key);
      else rows.set(key, waiting);
    }
    if (missing.length > 0)
      for (const row of await this.#store.select('gossip', { keys: missing }))
        rows.set(row.key, row);
    return keys.flatMap((key) => {
      const message = rows.get(key)?.message;
      return message === undefined || message.length === 0 ? [] : [message];
    });
  }

  async #row(key: string): Promise<Row | undefined> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    const [row] = await this.#store.select('gossip', { keys: [key] });
    return row;
  }

  /** Resolves when all that was put before is with the store. */
  async flush(): Promise<void> {
    const last = this.#seq;
    for (;;) {
      const [oldest] = this.#waiting.values();
      if (this.#writing !== undefined) await this.#writing;
      else if (oldest !== undefined && oldest.seq <= last) this.#writeSome();
      else return;
    }
  }

  #writeIfMany(): void {
    if (this.#writing === undefined && this.#waiting.size >= FLUSH_ROWS) this.#writeSome();
  }

  /**
   * One commit at a time, and not a large one: a payment's commit and a command's question to the
   * store are never behind more than that.
   */
  #writeSome(): void {
    const writes: Write[] = [];
    const count = this.pressed ? MOST_TOGETHER : FLUSH_ROWS;
    for (const row of this.#waiting.values()) {
      this.#waiting.delete(row.key);
      if (writes.push({ put: 'gossip', row }) === count) break;
    }
    // What a power cut takes of it, peers tell again.
    this.#writing = this.#store.commit(writes, { lazy: true }).then(() => {
      this.#writing = undefined;
      this.#writeIfMany();
      if (!this.pressed) this.#relieved();
    }, this.#fatal);
  }

  /** Writes a snapshot and clears the tombstones it makes needless. */
  async snapshot(parts: SnapshotParts): Promise<void> {
    if (this.changes === 0) return;
    const seq = this.#seq;
    const value = encodeSnapshot(parts, seq);
    this.#snapshotSeq = seq;
    await this.flush();
    await this.#store.commit([{ put: 'vars', row: { name: SNAPSHOT, value } }]);
    const dead = [...this.#dead].filter(([, written]) => written <= seq);
    for (let at = 0; at < dead.length; at += FLUSH_ROWS)
      await this.#store.commit(
        dead
          .slice(at, at + FLUSH_ROWS)
          .map(([key, written]): Write => ({ delete: 'gossip', where: { key, seq: written } })),
      );
    for (const [key, written] of dead) if (this.#dead.get(key) === written) this.#dead.delete(key);
  }
}
