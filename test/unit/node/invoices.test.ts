import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bytes, hex, msat, toHex } from '../../../src/core/bytes/index.js';
import { sha256 } from '../../../src/core/crypto/index.js';
import { decodeInvoice } from '../../../src/core/invoice/index.js';
import type { CreateInvoice } from '../../../src/node/invoices/index.js';
import { HEIGHT, idOf, PaymentKit } from './payment-kit.js';

let kit: PaymentKit;
beforeEach(async () => {
  kit = await PaymentKit.start();
});
afterEach(() => kit.stop());

async function create(wish: Partial<CreateInvoice> & { label: string }) {
  const made = await kit.invoices.create({
    amountMsat: msat(50_000),
    description: 'tea',
    ...wish,
  });
  if (!made.ok) throw new Error(made.error.code);
  return made.value.row;
}

interface Target {
  readonly payment_hash: string;
  readonly payment_secret: string;
}

/** An HTLC of alice on its way to carol. */
async function send(
  row: Target,
  options: { amount?: bigint; total?: bigint; part?: number; secret?: Bytes | null } = {},
) {
  const { amount = 50_000n, total, part = 0, secret = hex(row.payment_secret) } = options;
  const before = kit.sent.length;
  void kit.payments.sendpay({
    route: kit.route(amount),
    paymentHash: row.payment_hash,
    ...(secret === null ? {} : { paymentSecret: secret }),
    ...(part > 0 ? { partId: part, amountMsat: msat(total ?? amount) } : {}),
  });
  await kit.clock.settleNow();
  const sent = kit.sent[before];
  if (sent === undefined) throw new Error('nothing was sent');
  return sent;
}

const unknownDetails = (amount = 50_000n) => ({
  kind: 'fail',
  failure: { kind: 'incorrectOrUnknownPaymentDetails', htlcMsat: amount, height: HEIGHT },
});

describe('invoice', () => {
  it('is on disk before the answer, and is what was asked for', async () => {
    const row = await create({ label: 'a', expiry: 60, cltv: 30 });
    expect(await kit.payeeStore.select('invoices')).toEqual([row]);
    const read = decodeInvoice(row.bolt11);
    expect(read.ok && { ...read.value, payee: toHex(read.value.payee) }).toMatchObject({
      prefix: 'bcrt',
      amountMsat: 50_000n,
      description: 'tea',
      expiry: 60,
      minFinalCltvExpiryDelta: 30,
      payee: idOf('carol'),
      paymentHash: hex(row.payment_hash),
    });
    expect(row.payment_hash).toBe(toHex(sha256(hex(row.preimage))));
  });

  it('a label is used once, even by two at once; so is a preimage', async () => {
    const both = await Promise.all(
      [1, 2].map(() => kit.invoices.create({ label: 'a', description: 'x' })),
    );
    expect(both.map((r) => r.ok)).toEqual([true, false]);
    expect(both[1]).toMatchObject({ error: { code: 'label_exists', label: 'a' } });
    const preimage = new Uint8Array(32).fill(7);
    await create({ label: 'b', preimage });
    expect(await kit.invoices.create({ label: 'c', description: '', preimage })).toMatchObject({
      error: { code: 'preimage_exists', label: 'b' },
    });
    expect(await kit.invoices.find('c')).toBeUndefined();
  });

  it('a long description goes in as its hash only', async () => {
    const description = 'x'.repeat(640);
    expect(await kit.invoices.create({ label: 'a', description })).toMatchObject({
      error: { code: 'description_too_long', length: 640 },
    });
    const row = await create({ label: 'a', description, descriptionHashOnly: true });
    const read = decodeInvoice(row.bolt11);
    expect(read.ok && read.value.descriptionHash).toEqual(
      sha256(new TextEncoder().encode(description)),
    );
    expect(row.description).toBe(description);
  });

  it('fallback addresses of this network only', async () => {
    const address = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
    const row = await create({ label: 'a', fallbacks: [address] });
    const read = decodeInvoice(row.bolt11);
    expect(read.ok && read.value.fallbacks).toMatchObject([{ version: 0 }]);
    for (const bad of ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'nonsense'])
      expect(
        await kit.invoices.create({ label: 'b', description: '', fallbacks: [bad] }),
      ).toMatchObject({ error: { code: 'bad_fallback', address: bad } });
  });
});

describe('receive an HTLC for an invoice', () => {
  it.each([
    ['too little', { amount: 49_999n }],
    ['more than twice as much', { amount: 100_001n }],
    ['a wrong secret', { secret: new Uint8Array(32) }],
    ['no secret', { secret: null }],
  ])('(%s): refused alike, and the invoice stays unpaid', async (_, options) => {
    const row = await create({ label: 'a' });
    const sent = await send(row, options);
    kit.arrive(sent);
    expect(await kit.said(sent)).toEqual(
      unknownDetails('amount' in options ? options.amount : undefined),
    );
    expect((await kit.invoices.find('a'))?.status).toBe('unpaid');
  });

  it('(an unknown hash): refused alike', async () => {
    const row = await create({ label: 'a' });
    const sent = await send({ ...row, payment_hash: 'ab'.repeat(32) });
    kit.arrive(sent);
    expect(await kit.said(sent)).toEqual(unknownDetails());
  });

  it('(an expired invoice): refused alike', async () => {
    const row = await create({ label: 'a', expiry: 60 });
    const sent = await send(row);
    await kit.clock.advance(60_000);
    kit.arrive(sent);
    expect(await kit.said(sent)).toEqual(unknownDetails());
    expect((await kit.invoices.find('a'))?.status).toBe('expired');
  });

  it('(too early an expiry): refused alike; the last block in time is taken', async () => {
    const row = await create({ label: 'a' });
    const sent = await send(row);
    kit.height = HEIGHT + 2;
    kit.arrive(sent);
    expect(await kit.said(sent)).toMatchObject({
      failure: { kind: 'incorrectOrUnknownPaymentDetails', height: HEIGHT + 2 },
    });
    kit.settled.clear();
    kit.height = HEIGHT + 1;
    kit.arrive(sent);
    expect(await kit.said(sent)).toMatchObject({ kind: 'fulfill' });
  });

  it('asks for the blocks that this node needs, where fewer were named', async () => {
    const row = await create({ label: 'a', cltv: 5 });
    const read = decodeInvoice(row.bolt11);
    expect(read.ok && read.value.minFinalCltvExpiryDelta).toBe(18);
  });

  it('(its fulfillment deadline is past): refused alike, however little the invoice asks for', async () => {
    const row = await create({ label: 'a', cltv: 5 });
    const sent = await send(row);
    kit.height = HEIGHT + 2;
    kit.arrive(sent);
    expect(await kit.said(sent)).toMatchObject({ failure: { height: HEIGHT + 2 } });
    kit.settled.clear();
    kit.height = HEIGHT + 1;
    kit.arrive(sent);
    expect(await kit.said(sent)).toMatchObject({ kind: 'fulfill' });
  });

  it('(a part whose deadline passed while the others were waited for): all refused', async () => {
    const row = await create({ label: 'a' });
    const first = await send(row, { part: 1, amount: 25_000n, total: 50_000n });
    kit.height = HEIGHT + 1;
    kit.arrive(first);
    expect(await kit.said(first)).toBeUndefined();
    kit.height = HEIGHT + 2;
    const second = await send(row, { part: 2, amount: 25_000n, total: 50_000n });
    kit.arrive(second, { cltvExpiry: HEIGHT + 40 });
    for (const part of [first, second])
      expect(await kit.said(part)).toMatchObject({ failure: { height: HEIGHT + 2 } });
    expect((await kit.invoices.find('a'))?.status).toBe('unpaid');
  });

  it('(already paid): a second payer is refused alike', async () => {
    const row = await create({ label: 'a' });
    const sent = await send(row);
    kit.arrive(sent);
    expect(await kit.said(sent)).toEqual({ kind: 'fulfill', preimage: hex(row.preimage) });
    const second = { ...sent, key: `${'dd'.repeat(32)}/0` };
    kit.arrive(second);
    expect(await kit.said(second)).toEqual(unknownDetails());
  });

  it('(less than its onion says, or an earlier expiry): the last relay is named', async () => {
    const row = await create({ label: 'a' });
    const sent = await send(row);
    kit.arrive(sent, { amountMsat: 49_999n });
    expect(await kit.said(sent)).toEqual({
      kind: 'fail',
      failure: { kind: 'finalIncorrectHtlcAmount', incomingHtlcAmt: 49_999n },
    });
    kit.arrive(sent, { cltvExpiry: HEIGHT + 18 });
    expect(await kit.said(sent)).toEqual({
      kind: 'fail',
      failure: { kind: 'finalIncorrectCltvExpiry', cltvExpiry: HEIGHT + 18 },
    });
  });

  it('(up to twice as much, or any amount where none is asked): paid', async () => {
    const row = await create({ label: 'a' });
    const twice = await send(row, { amount: 100_000n });
    kit.arrive(twice);
    expect(await kit.said(twice)).toMatchObject({ kind: 'fulfill' });
    const made = await kit.invoices.create({ label: 'any', description: 'gift' });
    const any = made.ok ? made.value.row : row;
    const sent = await send(any, { amount: 3n });
    kit.arrive(sent);
    expect(await kit.said(sent)).toMatchObject({ kind: 'fulfill' });
    expect(await kit.invoices.find('any')).toMatchObject({ amount_received_msat: 3n });
  });

  it('a restart after it was paid: its HTLC is fulfilled again, no other one', async () => {
    const row = await create({ label: 'a' });
    const sent = await send(row);
    kit.arrive(sent);
    await kit.said(sent);
    kit.settled.clear();
    await kit.restartPayee();
    kit.arrive(sent);
    expect(await kit.said(sent)).toEqual({ kind: 'fulfill', preimage: hex(row.preimage) });
    const other = { ...sent, key: `${'dd'.repeat(32)}/0` };
    kit.arrive(other);
    expect(await kit.said(other)).toEqual(unknownDetails());
    expect(await kit.invoices.find('a')).toMatchObject({ pay_index: 1, status: 'paid' });
  });

  it('(we do not see the present): taken once we do, else refused for the time being', async () => {
    const row = await create({ label: 'a' });
    let answer = (_: boolean) => {};
    kit.current = new Promise((go) => {
      answer = go;
    });
    const sent = await send(row);
    kit.arrive(sent);
    expect(await kit.said(sent)).toBeUndefined();
    answer(true);
    expect(await kit.said(sent)).toEqual({ kind: 'fulfill', preimage: hex(row.preimage) });
    kit.settled.clear();
    // What was accepted before ends as it was to end.
    kit.current = Promise.resolve(false);
    await kit.restartPayee();
    kit.arrive(sent);
    expect(await kit.said(sent)).toEqual({ kind: 'fulfill', preimage: hex(row.preimage) });
    const late = await send(await create({ label: 'b' }));
    kit.arrive(late);
    const failure = { kind: 'temporaryNodeFailure' };
    expect(await kit.said(late)).toEqual({ kind: 'fail', failure });
    expect((await kit.invoices.find('b'))?.status).toBe('unpaid');
  });

  it('(by a channel that is not to be relied on): refused, unless it was accepted before', async () => {
    const refusal = { kind: 'temporaryChannelFailure', channelUpdate: new Uint8Array(0) } as const;
    const row = await create({ label: 'a' });
    const sent = await send(row);
    kit.arrive(sent, { refusal });
    expect(await kit.said(sent)).toEqual({ kind: 'fail', failure: refusal });
    kit.arrive(sent);
    expect(await kit.said(sent)).toMatchObject({ kind: 'fulfill' });
    kit.settled.clear();
    await kit.restartPayee();
    kit.arrive(sent, { refusal });
    expect(await kit.said(sent)).toEqual({ kind: 'fulfill', preimage: hex(row.preimage) });
  });

  it('parts whose totals differ: all refused', async () => {
    const row = await create({ label: 'a' });
    const first = await send(row, { part: 1, amount: 20_000n, total: 50_000n });
    kit.arrive(first);
    expect(await kit.said(first)).toBeUndefined();
    const second = await send(row, { part: 2, amount: 30_000n, total: 60_000n });
    kit.arrive(second);
    expect(await kit.said(second)).toEqual(unknownDetails(30_000n));
    expect(await kit.said(first)).toEqual(unknownDetails(20_000n));
    expect((await kit.invoices.find('a'))?.status).toBe('unpaid');
  });

  it('a part that comes twice (after a restart) counts once', async () => {
    const row = await create({ label: 'a' });
    const part = await send(row, { part: 1, amount: 25_000n, total: 50_000n });
    kit.arrive(part);
    kit.arrive(part);
    expect(await kit.said(part)).toBeUndefined();
  });

  it('a restart in the middle of a set: its parts come again, and complete it', async () => {
    const row = await create({ label: 'a' });
    const first = await send(row, { part: 1, amount: 25_000n, total: 50_000n });
    kit.arrive(first);
    await kit.said(first);
    await kit.restartPayee();
    const second = await send(row, { part: 2, amount: 25_000n, total: 50_000n });
    for (const part of [first, second]) kit.arrive(part);
    expect(await kit.said(first)).toMatchObject({ kind: 'fulfill' });
    expect(await kit.said(second)).toMatchObject({ kind: 'fulfill' });
  });

  it('the invoice expires while a set waits: what came in time still counts', async () => {
    const row = await create({ label: 'a', expiry: 30 });
    const first = await send(row, { part: 1, amount: 25_000n, total: 50_000n });
    kit.arrive(first);
    await kit.clock.advance(31_000);
    expect(await kit.said(first)).toBeUndefined();
    await kit.clock.advance(30_000);
    expect(await kit.said(first)).toEqual({ kind: 'fail', failure: { kind: 'mppTimeout' } });
    await kit.clock.advance(2_000);
    expect(await kit.payeeStore.select('invoices')).toMatchObject([{ status: 'expired' }]);
  });
});

describe('listinvoices', () => {
  it('pages by the order of creation and of change', async () => {
    for (const label of ['a', 'b', 'c', 'd']) await create({ label });
    const rows = await kit.invoices.list();
    expect(rows.map((row) => row.label)).toEqual(['a', 'b', 'c', 'd']);
    expect(rows.map((row) => row.created_index)).toEqual([1, 2, 3, 4]);
    const labels = async (query: Parameters<typeof kit.invoices.list>[0]) =>
      (await kit.invoices.list(query)).map((row) => row.label);
    expect(await labels({ index: 'created', start: 2, limit: 2 })).toEqual(['b', 'c']);
    expect(await labels({ label: 'c' })).toEqual(['c']);
    expect(await labels({ label: 'nobody' })).toEqual([]);
    expect(await labels({ paymentHash: rows[3]!.payment_hash })).toEqual(['d']);
    const sent = await send(rows[2]!);
    kit.arrive(sent);
    await kit.said(sent);
    expect(await labels({ index: 'updated', start: 1 })).toEqual(['c']);
    expect(await labels({ index: 'updated' })).toEqual(['a', 'b', 'd', 'c']);
  });

  it('numbers are never given again, whatever is deleted', async () => {
    await create({ label: 'a' });
    await create({ label: 'b' });
    expect(await kit.invoices.delete('b', 'unpaid')).toMatchObject({ ok: true });
    await kit.restartPayee();
    expect((await create({ label: 'c' })).created_index).toBe(3);
  });
});

describe('delinvoice', () => {
  it('deletes what has the status that is expected', async () => {
    await create({ label: 'a' });
    expect(await kit.invoices.delete('nobody', 'unpaid')).toMatchObject({
      error: { code: 'not_found' },
    });
    expect(await kit.invoices.delete('a', 'paid')).toMatchObject({
      error: { code: 'status_unexpected', current: 'unpaid', expected: 'paid' },
    });
    expect(await kit.invoices.delete('a', 'unpaid')).toMatchObject({ ok: true });
    expect(await kit.invoices.list()).toEqual([]);
    await create({ label: 'a' });
  });

  it('an expired one is expired, no longer unpaid', async () => {
    await create({ label: 'a', expiry: 10 });
    await kit.clock.advance(10_000);
    expect(await kit.invoices.delete('a', 'unpaid')).toMatchObject({
      error: { current: 'expired' },
    });
    expect(await kit.invoices.delete('a', 'expired')).toMatchObject({ ok: true });
  });

  it('deletes the description alone, once', async () => {
    await create({ label: 'a' });
    expect(await kit.invoices.delete('a', 'unpaid', true)).toMatchObject({
      value: { description: null },
    });
    expect(await kit.invoices.delete('a', 'unpaid', true)).toMatchObject({
      error: { code: 'no_description' },
    });
    const [row] = await kit.invoices.list();
    const sent = await send(row!);
    kit.arrive(sent);
    expect(await kit.said(sent)).toMatchObject({ kind: 'fulfill' });
    expect(await kit.invoices.find('a')).toMatchObject({ description: null, status: 'paid' });
  });

  it('of the description leaves the parts that wait their minute, and no more', async () => {
    const row = await create({ label: 'a' });
    const part = await send(row, { part: 1, amount: 25_000n, total: 50_000n });
    kit.arrive(part);
    await kit.clock.settleNow();
    await kit.invoices.delete('a', 'unpaid', true);
    await kit.clock.advance(61_000);
    expect(await kit.said(part)).toMatchObject({ failure: { kind: 'mppTimeout' } });
  });

  it('refuses the parts that wait for the rest of their set', async () => {
    const row = await create({ label: 'a' });
    const part = await send(row, { part: 1, amount: 25_000n, total: 50_000n });
    kit.arrive(part);
    await kit.said(part);
    await kit.invoices.delete('a', 'unpaid');
    expect(await kit.said(part)).toEqual(unknownDetails(25_000n));
  });
});

describe('waitinvoice', () => {
  it('answers when it is paid, at once if it was', async () => {
    const row = await create({ label: 'a' });
    const waiting = kit.invoices.wait('a');
    const sent = await send(row);
    kit.arrive(sent);
    expect(await waiting).toMatchObject({ ok: true, value: { status: 'paid', pay_index: 1 } });
    expect(await kit.invoices.wait('a')).toMatchObject({ ok: true, value: { pay_index: 1 } });
  });

  it('errs where there is none, when it expires, when it is deleted, when nobody waits', async () => {
    expect(await kit.invoices.wait('a')).toMatchObject({ error: { code: 'not_found' } });
    await create({ label: 'a', expiry: 10 });
    const expires = kit.invoices.wait('a');
    await kit.clock.advance(11_000);
    expect(await expires).toMatchObject({ error: { code: 'expired', row: { label: 'a' } } });
    await create({ label: 'b' });
    const deleted = kit.invoices.wait('b');
    await kit.clock.settleNow();
    await kit.invoices.delete('b', 'unpaid');
    expect(await deleted).toMatchObject({ error: { code: 'deleted' } });
    await create({ label: 'c' });
    const caller = new AbortController();
    const left = kit.invoices.wait('c', caller.signal);
    await kit.clock.settleNow();
    caller.abort();
    expect(await left).toMatchObject({ error: { code: 'aborted' } });
  });
});

describe('waitanyinvoice', () => {
  it('gives every payment once, in order, over restarts', async () => {
    for (const label of ['a', 'b', 'c']) {
      const row = await create({ label });
      const sent = await send(row);
      if (label === 'c') await kit.restartPayee();
      kit.arrive(sent);
      await kit.said(sent);
    }
    const seen = [];
    for (let last = 0; last < 3; ) {
      const next = await kit.invoices.waitAny(last, { timeout: 0 });
      if (!next.ok) throw new Error(next.error.code);
      last = next.value.pay_index!;
      seen.push(next.value.label);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('waits for the next, for as long as it is told', async () => {
    const late = kit.invoices.waitAny(0, { timeout: 5 });
    await kit.clock.advance(5_000);
    expect(await late).toMatchObject({ error: { code: 'timeout' } });
    const waiting = kit.invoices.waitAny(0);
    const row = await create({ label: 'a' });
    const sent = await send(row);
    kit.arrive(sent);
    expect(await waiting).toMatchObject({ ok: true, value: { label: 'a' } });
  });
});
