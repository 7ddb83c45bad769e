/** A deep reorg brings the preimage of a payment that had failed by the chain. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, msat } from '../../../src/core/bytes/index.js';
import { idOf, PaymentKit, type Sent } from './payment-kit.js';

let kit: PaymentKit;
beforeEach(async () => {
  kit = await PaymentKit.start();
});
afterEach(() => kit.stop());

const newInvoice = async () => {
  const made = await kit.invoices.create({
    ...{ amountMsat: msat(50_000n), label: 'tea', description: 'tea' },
  });
  if (!made.ok) throw new Error(made.error.code);
  return made.value.row;
};
type InvoiceRow = Awaited<ReturnType<typeof newInvoice>>;

const wish = (row: InvoiceRow) => ({
  route: kit.route(50_000n),
  paymentHash: row.payment_hash,
  paymentSecret: hex(row.payment_secret),
});

/** Sends; the HTLC comes back by the chain. */
async function failed(row: InvoiceRow): Promise<Sent> {
  const result = kit.payments.sendpay(wish(row));
  await kit.clock.settleNow();
  const sent = kit.sent.pop() as Sent;
  const { origin } = sent.htlc;
  await kit.payerStore.commit(kit.payments.htlcFailed(origin, { kind: 'onchain' }));
  kit.payments.settled(origin);
  expect(await result).toMatchObject({ ok: false, error: { code: 'failed' } });
  return sent;
}

async function seenPaid({ htlc: { origin, amountMsat } }: Sent, row: InvoiceRow) {
  const preimage = hex(row.preimage);
  const writes = await kit.payments.paidAfterAll({ origin, amountMsat, preimage });
  await kit.payerStore.commit(writes);
  kit.payments.settled(origin);
  return writes;
}

describe('a payment that counted as failed, and whose preimage a reorg brings', () => {
  it('is complete, with its proof, and is never made again', async () => {
    const row = await newInvoice();
    const sent = await failed(row);
    await seenPaid(sent, row);
    expect(await kit.payments.list()).toMatchObject([
      { status: 'complete', preimage: row.preimage, failure: null, updated_index: 2 },
    ]);
    const proof = { payment_preimage: row.preimage, destination: idOf('carol') };
    for (const again of [() => undefined, () => kit.restartPayer()]) {
      await again();
      const result = await kit.payments.sendpay(wish(row));
      expect(result).toMatchObject({ ok: false, error: { code: 'already_paid', proof } });
      const waited = await kit.payments.waitsendpay(row.payment_hash);
      expect(waited).toMatchObject({ ok: true, value: { preimage: row.preimage } });
    }
    expect(kit.errors).toEqual([expect.stringMatching(/WAS PAID/)]);
  });

  it('keeps its proof where its row was deleted meanwhile', async () => {
    const row = await newInvoice();
    const sent = await failed(row);
    await kit.payments.delete(row.payment_hash, 'failed');
    await seenPaid(sent, row);
    const result = await kit.payments.sendpay(wish(row));
    const proof = { payment_preimage: row.preimage };
    expect(result).toMatchObject({ ok: false, error: { code: 'already_paid', proof } });
  });

  it('is the try that was paid, of two: the other one stays as it was', async () => {
    const row = await newInvoice();
    const first = await failed(row);
    await failed(row);
    await seenPaid(first, row);
    const rows = await kit.payments.list();
    expect(rows.map(({ groupid, status }) => [groupid, status])).toEqual([
      [1, 'complete'],
      [2, 'failed'],
    ]);
  });

  it('is told once: what is known as paid is no news', async () => {
    const row = await newInvoice();
    const sent = await failed(row);
    await seenPaid(sent, row);
    expect(await seenPaid(sent, row)).toEqual([]);
    await kit.payments.delete(row.payment_hash, 'complete');
    expect(await seenPaid(sent, row)).toEqual([]);
  });

  it('makes the pay whole that it belonged to', async () => {
    const row = await newInvoice();
    kit.routes = [kit.asAsked];
    const result = kit.payments.pay({ bolt11: row.bolt11, retryFor: 1 });
    await kit.clock.settleNow();
    const sent = kit.sent.pop() as Sent;
    await kit.payerStore.commit(kit.payments.htlcFailed(sent.htlc.origin, { kind: 'onchain' }));
    kit.payments.settled(sent.htlc.origin);
    expect(await result).toMatchObject({ ok: false });
    await seenPaid(sent, row);
    expect(await kit.payments.pays()).toMatchObject([{ status: 'complete', failure: undefined }]);
  });
});
