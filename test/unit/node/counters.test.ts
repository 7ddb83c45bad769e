import { describe, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/store/sqlite/index.js';
import * as invoices from '../../../src/node/invoices/book.js';
import * as payments from '../../../src/node/payments/book.js';

describe('numbers of payments and invoices after a restart', () => {
  it('go on above the newest payment, though an older count was written after it', async () => {
    const store = await openStore({ path: ':memory:', inline: true });
    const row = {
      created_index: 7,
      updated_index: 5,
      payment_hash: '00'.repeat(32),
      groupid: 1,
      partid: 0,
      status: 'complete',
      created_at: 1,
      completed_at: 2,
      amount_msat: 1n,
      amount_sent_msat: 1n,
      destination: null,
      label: null,
      bolt11: null,
      description: null,
      preimage: '11'.repeat(32),
      route: '[]',
      shared_secrets: new Uint8Array(0),
      failure: null,
    };
    await store.commit([
      { put: 'payments', row },
      payments.countersWrite({ created: 6, updated: 4, deleted: 3 }),
    ]);
    expect(await payments.loadCounters(store)).toEqual({ created: 7, updated: 5, deleted: 3 });
    // What was deleted since keeps its number.
    await store.commit([payments.countersWrite({ created: 9, updated: 8, deleted: 4 })]);
    expect(await payments.loadCounters(store)).toEqual({ created: 9, updated: 8, deleted: 4 });
  });

  it('go on above the newest invoice', async () => {
    const store = await openStore({ path: ':memory:', inline: true });
    const row = {
      created_index: 7,
      updated_index: 5,
      label: 'a',
      payment_hash: '00'.repeat(32),
      preimage: '11'.repeat(32),
      status: 'paid',
      expires_at: 9,
      pay_index: 2,
      paid_at: 8,
      amount_received_msat: 1n,
      amount_msat: 1n,
      description: null,
      bolt11: 'lnbcrt1',
      payment_secret: '22'.repeat(32),
      created_at: 1,
      paid_htlcs: null,
    };
    await store.commit([
      { put: 'invoices', row },
      invoices.countersWrite({ created: 6, updated: 4, deleted: 3, pay: 1 }),
    ]);
    expect(await invoices.loadCounters(store)).toEqual({
      created: 7,
      updated: 5,
      deleted: 3,
      pay: 2,
    });
  });
});
