import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, msat, toHex } from '../../src/core/bytes/index.js';
import { sha256 } from '../../src/core/crypto/index.js';
import { PaymentKit, type Sent } from '../unit/node/payment-kit.js';

type Event =
  /** Somebody asks for a payment, in one part or as one of several. */
  | { readonly kind: 'sendpay'; readonly hash: number; readonly part: number }
  /** The end of some HTLC in flight. */
  | { readonly kind: 'end'; readonly which: number; readonly paid: boolean }
  /** The daemon dies: what is on disk is all that is left. */
  | { readonly kind: 'crash' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'delete'; readonly hash: number };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('sendpay' as const),
      hash: fc.nat(1),
      part: fc.constantFrom(0, 0, 1, 2, 3),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      which: fc.nat(9),
      paid: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'refuse' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), hash: fc.nat(1) }),
  },
);

const PREIMAGES = [1, 2].map((n) => new Uint8Array(32).fill(n));
const HASHES = PREIMAGES.map((preimage) => toHex(sha256(preimage)));
const secret = new Uint8Array(32).fill(5);
const AMOUNT = 50_000n;

class Run {
  readonly kit: PaymentKit;
  /** HTLCs of ours that the channel holds. */
  flying: Sent[] = [];
  /** Hashes whose preimage we were ever given. */
  readonly proven = new Set<string>();

  constructor(kit: PaymentKit) {
    this.kit = kit;
  }

  async play(next: Event): Promise<void> {
    const { kit } = this;
    switch (next.kind) {
      case 'sendpay':
        await this.#send(HASHES[next.hash] as string, next.part);
        break;
      case 'end':
        await this.#end(next.which, next.paid);
        break;
      case 'crash':
        await kit.restartPayer();
        await kit.payments.reconcile(this.flying.map((sent) => sent.htlc.origin));
        break;
      case 'refuse':
        kit.refusals.push({ code: 'peer_offline' });
        break;
      case 'delete':
        await kit.payments.delete(HASHES[next.hash] as string, 'complete');
    }
    await kit.clock.settleNow();
    await this.#check();
  }

  async #send(paymentHash: string, partId: number): Promise<void> {
    const { kit } = this;
    const caller = new AbortController();
    const proven = this.proven.has(paymentHash);
    const busy = this.flying.some((sent) => toHex(sent.htlc.paymentHash) === paymentHash);
    const result = kit.payments.sendpay(
      {
        route: kit.route(partId === 0 ? AMOUNT : AMOUNT / 2n),
        paymentHash,
        paymentSecret: secret,
        ...(partId === 0 ? {} : { partId, amountMsat: msat(AMOUNT) }),
      },
      caller.signal,
    );
    await kit.clock.settleNow();
    caller.abort();
    const sent = kit.sent.splice(0);
    expect(sent.length <= 1).toBe(true);
    this.flying.push(...sent);
    const end = await result;
    if (proven) expect(end).toMatchObject({ error: { code: 'already_paid' } });
    if (proven || (busy && partId === 0)) expect(sent).toEqual([]);
  }

  async #end(which: number, paid: boolean): Promise<void> {
    const { kit } = this;
    const sent = this.flying[which % Math.max(1, this.flying.length)];
    if (sent === undefined) return;
    this.flying = this.flying.filter((other) => other !== sent);
    const hash = toHex(sent.htlc.paymentHash);
    const preimage = PREIMAGES[HASHES.indexOf(hash)]!;
    if (paid) this.proven.add(hash);
    await kit.goBack(
      sent,
      paid ? { kind: 'fulfill', preimage } : { kind: 'fail', failure: { kind: 'mppTimeout' } },
    );
  }

  async #check(): Promise<void> {
    const rows = await this.kit.payments.list();
    const pending = rows.filter((row) => row.status === 'pending');
    const key = (hash: string, group: number, part: number) => `${hash}/${group}/${part}`;
    expect(pending.map((r) => key(r.payment_hash, r.groupid, r.partid)).sort()).toEqual(
      this.flying
        .map(({ htlc: { origin } }) =>
          key(toHex(origin.paymentHash), origin.groupId, origin.partId),
        )
        .sort(),
    );
    for (const hash of HASHES) {
      const same = pending.filter((row) => row.payment_hash === hash);
      expect(new Set(same.map((row) => row.groupid)).size <= 1, 'one group in flight').toBe(true);
      const sum = same.reduce((all, row) => all + row.amount_msat!, 0n);
      expect(sum <= AMOUNT, 'no more in flight than is to be paid').toBe(true);
      const complete = rows.filter((r) => r.payment_hash === hash && r.status === 'complete');
      if (complete.length > 0) expect(this.proven.has(hash)).toBe(true);
      for (const row of complete) expect(toHex(sha256(hex(row.preimage!)))).toBe(hash);
    }
  }
}

describe('paying', () => {
  it('one success a hash, and the list tells the truth, whatever happens in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 16 }), async (events) => {
        const kit = await PaymentKit.start();
        try {
          const run = new Run(kit);
          for (const next of events) await run.play(next);
          expect(kit.fatal).toEqual([]);
        } finally {
          await kit.stop();
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
