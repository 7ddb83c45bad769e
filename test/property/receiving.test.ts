import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChannelId, hex, msat } from '../../src/core/bytes/index.js';
import type { CompletePayload } from '../../src/core/onion/index.js';
import type { InvoiceRow, InvoiceSettlement } from '../../src/node/invoices/index.js';
import { HEIGHT, PaymentKit } from '../unit/node/payment-kit.js';

const CHANNEL = 'cc'.repeat(32) as ChannelId;
const ASKED = 1000n;

interface Part {
  readonly id: number;
  readonly amount: bigint;
  readonly total: bigint;
}

type Event =
  | { readonly kind: 'arrive'; readonly amount: bigint; readonly total: bigint }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'delete' };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      amount: fc.constantFrom(1n, 250n, 500n, 1000n, 1500n, 2500n),
      total: fc.constantFrom(999n, 1000n, 1000n, 1000n, 2000n, 2001n),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 30, 61, 400),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'delete' as const }) },
);

/** Plays the events; HTLCs that have no answer yet come again after a restart, as channels do it. */
class Run {
  readonly kit: PaymentKit;
  readonly row: InvoiceRow;
  readonly parts: Part[] = [];
  readonly answers = new Map<number, InvoiceSettlement>();
  deleted = false;

  constructor(kit: PaymentKit, row: InvoiceRow) {
    this.kit = kit;
    this.row = row;
  }

  #receive(part: Part): void {
    const payload: CompletePayload = {
      amtToForward: msat(part.amount),
      outgoingCltvValue: HEIGHT + 100,
      paymentData: { paymentSecret: hex(this.row.payment_secret), totalMsat: msat(part.total) },
    };
    this.kit.invoices.receive({
      channelId: CHANNEL,
      htlcId: BigInt(part.id),
      amountMsat: msat(part.amount),
      cltvExpiry: HEIGHT + 100,
      paymentHash: hex(this.row.payment_hash),
      payload,
      sharedSecret: new Uint8Array(32),
    });
  }

  async #collect(): Promise<void> {
    await this.kit.clock.settleNow();
    for (const [key, said] of this.kit.settled) {
      const id = Number(key.split('/')[1]);
      const before = this.answers.get(id);
      if (before !== undefined) expect(said.kind, `part ${id}, twice`).toBe(before.kind);
      if (said.kind === 'fulfill') {
        const [row] = await this.kit.payeeStore.select('invoices');
        expect(row?.status, 'on disk before the preimage is told').toBe('paid');
      }
      this.answers.set(id, said);
    }
    this.kit.settled.clear();
  }

  async play(next: Event): Promise<void> {
    switch (next.kind) {
      case 'arrive': {
        const part = { id: this.parts.length, amount: next.amount, total: next.total };
        this.parts.push(part);
        this.#receive(part);
        break;
      }
      case 'wait':
        await this.kit.clock.advance(next.seconds * 1000);
        break;
      case 'restart':
        await this.kit.invoices.stop();
        await this.kit.restartPayee();
        // Also those that were answered, for their channel may not have been told in time.
        for (const part of this.parts)
          if (this.answers.get(part.id)?.kind !== 'fail') this.#receive(part);
        break;
      case 'delete': {
        const result = await this.kit.invoices.delete('a', 'unpaid');
        this.deleted ||= result.ok;
      }
    }
    await this.#collect();
  }

  async end(): Promise<void> {
    await this.kit.clock.advance(120_000);
    await this.#collect();
    const fulfilled = this.parts.filter((part) => this.answers.get(part.id)?.kind === 'fulfill');
    expect(this.answers.size, 'every HTLC has its answer').toBe(this.parts.length);
    const [row] = await this.kit.payeeStore.select('invoices');
    expect(row === undefined).toBe(this.deleted);
    expect(fulfilled.length > 0).toBe(row?.status === 'paid');
    if (row?.status !== 'paid') return;
    const sum = fulfilled.reduce((all, part) => all + part.amount, 0n);
    expect(row.amount_received_msat).toBe(sum);
    expect(new Set(fulfilled.map((part) => part.total)).size).toBe(1);
    const total = fulfilled[0]!.total;
    expect(total >= ASKED && total <= 2n * ASKED).toBe(true);
    expect(sum >= total && sum <= 2n * total).toBe(true);
  }
}

describe('receiving', () => {
  it('all parts of one set are fulfilled or none, once, whatever happens in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 14 }), async (events) => {
        const kit = await PaymentKit.start();
        try {
          const made = await kit.invoices.create({
            label: 'a',
            description: '',
            amountMsat: msat(ASKED),
            expiry: 900,
          });
          if (!made.ok) throw new Error(made.error.code);
          const run = new Run(kit, made.value.row);
          for (const next of events) await run.play(next);
          await run.end();
          expect(kit.fatal).toEqual([]);
        } finally {
          await kit.stop();
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
