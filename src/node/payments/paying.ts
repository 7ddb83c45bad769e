/** The payments that go on: one run for each hash, taken up again after a restart. */
import { ok, type Result } from '../../core/bytes/index.js';
import { PayRun, type Sender } from './pay-run.js';
import { decodeWish, type PayRow, selectPays, type Wish } from './pays.js';
import type { Paid, PayError, PaymentRow, PaymentsDeps, PayProgress } from './types.js';

export interface PayingDeps {
  readonly payments: PaymentsDeps;
  readonly sender: Sender;
  /** All parts of all tries with a hash, oldest first. */
  rows(paymentHash: string): Promise<readonly PaymentRow[]>;
}

export class Paying {
  readonly #deps: PayingDeps;
  readonly #running = new Set<string>();
  #left: PayRow[] = [];

  constructor(deps: PayingDeps) {
    this.#deps = deps;
  }

  /** What a restart interrupted goes on from here on, as far as anybody can see. */
  async load(): Promise<void> {
    this.#left = await selectPays(this.#deps.payments.store, { status: 'pending' });
    for (const { payment_hash } of this.#left) this.#running.add(payment_hash);
  }

  /** Takes it up, once the channels are there. */
  resume(): void {
    for (const row of this.#left.splice(0)) {
      const { payment_hash, groupid } = row;
      const { log } = this.#deps.payments;
      void this.#resume(row).then(
        (end) =>
          log.info('a payment that a restart interrupted has ended', {
            payment_hash,
            groupid,
            end: end.ok ? 'complete' : end.error.code,
          }),
        (error) => {
          this.#running.delete(payment_hash);
          log.error('a payment cannot be taken up again', { payment_hash, error });
        },
      );
    }
  }

  async #resume(row: PayRow): Promise<Result<Paid, PayError>> {
    const { payments, sender, rows } = this.#deps;
    const run = new PayRun(decodeWish(row.wish), row.groupid, payments, sender);
    const all = await rows(row.payment_hash);
    return this.#until(row.payment_hash, () =>
      run.resume(
        row,
        all.filter(({ groupid }) => groupid === row.groupid),
      ),
    );
  }

  /** The hashes whose payments go on now, also between two of their parts. */
  get hashes(): ReadonlySet<string> {
    return new Set(this.#running);
  }

  /** Pays; what was paid already is answered as it was. */
  async start(wish: Wish, tell: PayProgress | undefined): Promise<Result<Paid, PayError>> {
    const { paymentHash } = wish;
    if (this.#running.has(paymentHash))
      return { ok: false, error: { code: 'in_progress', reason: 'another pay for it goes on' } };
    return this.#until(paymentHash, async () => {
      const { payments, sender, rows } = this.#deps;
      const before = await rows(paymentHash);
      // Contract, pay: a payment that was made stays made; its proof is the answer.
      const paid = before.filter(({ status }) => status === 'complete');
      if (paid.length > 0) return ok({ rows: paid, attempts: 0 });
      const newest = before.reduce((group, row) => Math.max(group, row.groupid), 0);
      return new PayRun(wish, newest + 1, payments, sender, tell).run();
    });
  }

  async #until<T>(paymentHash: string, run: () => Promise<T>): Promise<T> {
    this.#running.add(paymentHash);
    try {
      return await run();
    } finally {
      this.#running.delete(paymentHash);
    }
  }
}
