/**
 * The parts of payments that are under way: in memory from before their HTLC is offered until
 * their end is on disk. The end itself is written in the commit of the channel that reports it.
 */
import { type Bytes, toHex } from '../../core/bytes/index.js';
import type { HtlcFailure } from '../../core/channel/index.js';
import {
  InFlight,
  readOpaqueFailure,
  readPaymentFailure,
  triedHops,
} from '../../core/payment/index.js';
import { lessonsOfSuccess, type RouteHop } from '../../core/routing/index.js';
import { seconds, type Write } from '../../ports/index.js';
import {
  countersWrite,
  decodeRoute,
  decodeSecrets,
  encodeFailure,
  loadCounters,
  NO_COUNTERS,
  opaqueFailure,
  type PaymentCounters,
  storedFailure,
} from './book.js';
import type {
  LocalOrigin,
  PaymentRow,
  PaymentsDeps,
  PaymentsOptions,
  StoredFailure,
} from './types.js';

export interface Part {
  readonly key: string;
  readonly row: PaymentRow;
  readonly route: readonly RouteHop[];
  readonly sharedSecrets: readonly Bytes[];
  /** Resolves with the row as it ended, once that is on disk. */
  readonly ended: Promise<PaymentRow>;
}

interface OpenPart extends Part {
  end(row: PaymentRow): void;
  /** Its end is on its way to the disk. */
  final?: PaymentRow;
}

const keyOf = (row: Pick<PaymentRow, 'payment_hash' | 'groupid' | 'partid'>): string =>
  `${row.payment_hash}/${row.groupid}/${row.partid}`;

const keyOfOrigin = (origin: LocalOrigin): string =>
  `${toHex(origin.paymentHash)}/${origin.groupId}/${origin.partId}`;

type NewRow = Omit<PaymentRow, 'created_index' | 'updated_index' | 'created_at'>;

export class Parts {
  readonly #options: PaymentsOptions;
  readonly #deps: PaymentsDeps;
  readonly #open = new Map<string, OpenPart>();
  counters: PaymentCounters = { ...NO_COUNTERS };
  /** What parts hold of the channels they go through. */
  readonly inFlight = new InFlight();

  constructor(options: PaymentsOptions, deps: PaymentsDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async load(): Promise<void> {
    this.counters = await loadCounters(this.#deps.store);
    const rows = await this.#deps.store.select('payments', { where: { status: 'pending' } });
    for (const row of rows as PaymentRow[])
      this.accepted(this.#remember(row, decodeRoute(row.route), decodeSecrets(row.shared_secrets)));
  }

  find(row: Pick<PaymentRow, 'payment_hash' | 'groupid' | 'partid'>): Part | undefined {
    return this.#open.get(keyOf(row));
  }

  /** Numbers a new row; `writes` put it on disk, in the commit of the HTLC. */
  open(
    row: NewRow,
    route: readonly RouteHop[],
    secrets: readonly Bytes[],
  ): { part: Part; writes: readonly Write[] } {
    this.counters.created++;
    const full: PaymentRow = {
      created_index: this.counters.created,
      updated_index: null,
      created_at: seconds(this.#deps.clock),
      ...row,
    };
    const part = this.#remember(full, route, secrets);
    return { part, writes: [{ put: 'payments', row: full }, countersWrite(this.counters)] };
  }

  /** The channel has taken the HTLC; its balance counts it. */
  accepted({ key }: Part): void {
    this.inFlight.counted(key);
  }

  /** The channel refused the HTLC: the try is kept as one that failed here. */
  async refuse(part: Part, failure: StoredFailure): Promise<PaymentRow> {
    const row = this.#failed(part.row, failure);
    this.#open.delete(part.key);
    this.inFlight.end(part.key);
    await this.commit([{ put: 'payments', row }]);
    return row;
  }

  /** Commits rows together with the counters. A disk that fails stops the node. */
  async commit(writes: readonly Write[]): Promise<void> {
    try {
      await this.#deps.store.commit([...writes, countersWrite(this.counters)]);
    } catch (error) {
      this.#deps.fatal(error);
      throw error;
    }
  }

  /** Rows for the commit in which a channel notes the preimage. */
  fulfilled(origin: LocalOrigin, preimage: Bytes): readonly Write[] {
    const part = this.#open.get(keyOfOrigin(origin));
    if (part === undefined || part.final !== undefined) return [];
    this.inFlight.end(part.key);
    this.#deps.learn(lessonsOfSuccess(triedHops(part.route)));
    part.final = {
      ...part.row,
      status: 'complete',
      updated_index: ++this.counters.updated,
      completed_at: seconds(this.#deps.clock),
      preimage: toHex(preimage),
    };
    return [{ put: 'payments', row: part.final }, countersWrite(this.counters)];
  }

  /** Rows for the commit in which a channel notes that the HTLC is gone without a preimage. */
  failed(origin: LocalOrigin, failure: HtlcFailure): readonly Write[] {
    const part = this.#open.get(keyOfOrigin(origin));
    if (part === undefined || part.final !== undefined) return [];
    this.inFlight.end(part.key);
    part.final = this.#failed(part.row, this.#read(part, failure));
    return [{ put: 'payments', row: part.final }, countersWrite(this.counters)];
  }

  #read(part: Part, failure: HtlcFailure): StoredFailure {
    const { route, sharedSecrets } = part;
    // sendonion: the route is the caller's secret.
    if (route.length === 0) {
      const reason = failure.kind === 'encrypted' ? failure.reason : undefined;
      return opaqueFailure(readOpaqueFailure(sharedSecrets, failure), reason);
    }
    const read = readPaymentFailure(this.#options.nodeId, route, sharedSecrets, failure);
    const lessons = this.inFlight.amid(read.lessons);
    const learned = lessons.length === 0 ? [] : this.#deps.learn(lessons);
    return storedFailure(read.failure, learned, route.length);
  }

  /** The rows of `fulfilled` or `failed` are durable: those who wait are answered. */
  settled(origin: LocalOrigin): void {
    const key = keyOfOrigin(origin);
    const part = this.#open.get(key);
    if (part?.final === undefined) return;
    this.#open.delete(key);
    part.end(part.final);
  }

  /** Ends the parts whose HTLC exists nowhere any more. */
  async reconcile(live: readonly LocalOrigin[]): Promise<void> {
    const alive = new Set(live.map(keyOfOrigin));
    for (const part of [...this.#open.values()]) {
      if (alive.has(part.key) || part.final !== undefined) continue;
      const { payment_hash, groupid, partid } = part.row;
      this.#deps.log.warn('no channel holds this payment any more', {
        payment_hash,
        groupid,
        partid,
      });
      const row = await this.refuse(part, this.#read(part, { kind: 'onchain' }));
      part.end(row);
    }
  }

  #failed(row: PaymentRow, failure: StoredFailure): PaymentRow {
    return {
      ...row,
      status: 'failed',
      updated_index: ++this.counters.updated,
      completed_at: seconds(this.#deps.clock),
      failure: encodeFailure(failure),
    };
  }

  #remember(row: PaymentRow, route: readonly RouteHop[], secrets: readonly Bytes[]): Part {
    let end: (row: PaymentRow) => void = () => {};
    const ended = new Promise<PaymentRow>((resolve) => {
      end = resolve;
    });
    // A try that has ended on disk, and whose waiters are only just to be told, makes room.
    const before = this.#open.get(keyOf(row));
    if (before?.final !== undefined) before.end(before.final);
    const part: OpenPart = { key: keyOf(row), row, route, sharedSecrets: secrets, ended, end };
    this.#open.set(part.key, part);
    this.inFlight.begin(part.key, route);
    return part;
  }
}
