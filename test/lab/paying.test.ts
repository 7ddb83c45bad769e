import { expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

const AMOUNT = 1_500_000_000;
const MAX_FEE = 3_000_000;

/**
 * alice - bob - carol, alice - dave - carol and alice - erin - carol; what bob has for carol lies
 * nearly all on her side, so that a part fails there.
 */
async function network(seed: string): Promise<Lab> {
  const lab = await Lab.create({ seed });
  for (const name of ['alice', 'bob', 'carol', 'dave', 'erin']) await lab.node(name);
  for (const [from, to, pushMsat] of [
    ['alice', 'bob', 0],
    ['bob', 'carol', 900_000_000],
    ['alice', 'dave', 0],
    ['dave', 'carol', 0],
    ['alice', 'erin', 0],
    ['erin', 'carol', 0],
  ] as const) {
    await lab.fund(from, 2_000_000);
    await lab.channel(from, to, 1_000_000, { pushMsat });
  }
  await lab.settle();
  return lab;
}

/** The sender loses power at some moment of the payment, maybe twice. */
it.each(Array.from({ length: 6 }, (_, i) => `power ${i}`))(
  'a sender without power for a moment pays once, within its limit, and says so (%s)',
  async (seed) => {
    const lab = await network(seed);
    const { bolt11, payment_hash } = await lab.rpc('carol', 'invoice', {
      amount_msat: AMOUNT,
      label: 'a',
      description: 'b',
    });
    const chance = lab.entropy.fork('power');
    const alice = lab.get('alice');
    void lab.rpc('alice', 'pay', { bolt11, maxfee: MAX_FEE }).catch(() => {});
    for (let cuts = chance.between(1, 2); cuts > 0; cuts--) {
      await lab.wait(chance.between(1, 600));
      await alice.crash();
      await lab.wait(chance.between(1, 5_000));
      await alice.start();
    }
    await lab.wait(200_000);
    const { pays } = await lab.rpc('alice', 'listpays', { payment_hash });
    const { payments } = await lab.rpc('alice', 'listsendpays', { payment_hash });
    const [invoice] = (await lab.rpc('carol', 'listinvoices', { label: 'a' })).invoices;
    // Cut before the first part was on disk, nothing was begun.
    if (payments.length === 0) expect([pays, invoice.status]).toEqual([[], 'unpaid']);
    else {
      expect(pays).toMatchObject([{ status: 'complete', amount_msat: AMOUNT }]);
      expect(invoice).toMatchObject({ status: 'paid', amount_received_msat: AMOUNT });
      const arrived = payments.filter((part: { status: string }) => part.status === 'complete');
      type Part = { readonly amount_msat: number; readonly amount_sent_msat: number };
      const sum = (of: (part: Part) => number): number =>
        arrived.reduce((all: number, part: Part) => all + of(part), 0);
      expect(sum((part) => part.amount_msat)).toBe(AMOUNT);
      expect(sum((part) => part.amount_sent_msat) - AMOUNT).toBeLessThanOrEqual(MAX_FEE);
      expect(payments.some((part: { status: string }) => part.status === 'pending')).toBe(false);
    }
    await lab.close();
  },
);
