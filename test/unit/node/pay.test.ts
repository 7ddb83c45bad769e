import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { msat } from '../../../src/core/bytes/index.js';
import { idOf, PaymentKit, SCID } from './payment-kit.js';

let kit: PaymentKit;
beforeEach(async () => {
  kit = await PaymentKit.start();
});
afterEach(() => kit.stop());

async function invoice(amount?: bigint) {
  const made = await kit.invoices.create({
    ...(amount === undefined ? {} : { amountMsat: msat(amount) }),
    label: 'a',
    description: 'tea',
  });
  if (!made.ok) throw new Error(made.error.code);
  return made.value.row;
}

const route = (amount = 50_000, fee = 10n) => ({
  hops: kit.route(amount, fee),
  feeMsat: msat(fee),
  cost: 1,
});

const bobFails = async () => {
  await kit.clock.settleNow();
  await kit.goBack(
    kit.sent.shift()!,
    {
      kind: 'fail',
      failure: { kind: 'temporaryChannelFailure', channelUpdate: new Uint8Array(0) },
    },
    0,
  );
};

const tooDear = (fee: number, max: number) =>
  ({ code: 'too_dear', feeMsat: msat(fee), maxFeeMsat: msat(max) }) as const;

const messageOf = (end: Awaited<ReturnType<typeof kit.payments.pay>>): string | undefined =>
  end.ok || !('message' in end.error) ? undefined : end.error.message;

describe('pay', () => {
  it('asks for a route and pays along it', async () => {
    const row = await invoice(50_000n);
    kit.routes = [route()];
    const result = kit.payments.pay({ bolt11: row.bolt11, label: 'mine' });
    await kit.clock.settleNow();
    await kit.deliver();
    expect(await result).toMatchObject({
      ok: true,
      value: { attempts: 1, rows: [{ preimage: row.preimage, label: 'mine' }] },
    });
    expect(kit.queries).toMatchObject([
      { destination: idOf('carol'), amountMsat: 50_000n, finalCltv: 21, riskFactor: 10 },
    ]);
  });

  it('a node on the way fails: again, until it is paid, in one group', async () => {
    const row = await invoice(50_000n);
    kit.routes = [route(), route()];
    const result = kit.payments.pay({ bolt11: row.bolt11 });
    await bobFails();
    await kit.clock.settleNow();
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true, value: { attempts: 2 } });
    const rows = await kit.payments.list();
    expect(rows.map((r) => [r.groupid, r.status])).toEqual([
      [1, 'failed'],
      [1, 'complete'],
    ]);
  });

  it('our own channel that refuses is not asked again, another one not for ever', async () => {
    const row = await invoice(50_000n);
    kit.routes = Array.from({ length: 6 }, () => route());
    kit.refusals = [{ code: 'peer_offline' }];
    const result = kit.payments.pay({ bolt11: row.bolt11 });
    for (let i = 0; i < 5; i++) await bobFails();
    expect(await result).toMatchObject({ error: { code: 'stuck', stuck: { code: 'no_route' } } });
    expect(kit.queries.map((q) => q.exclude?.length)).toEqual([0, 1, 1, 1, 1, 2, 2]);
    expect(kit.queries.at(-1)!.exclude).toMatchObject([
      { channel: { scid: SCID.first } },
      { channel: { scid: SCID.second } },
    ]);
  });

  it('the payee refuses: the end', async () => {
    const row = await invoice(50_000n);
    await kit.invoices.delete('a', 'unpaid');
    kit.routes = [route(), route()];
    const result = kit.payments.pay({ bolt11: row.bolt11 });
    await kit.clock.settleNow();
    await kit.deliver();
    expect(await result).toMatchObject({
      error: { code: 'refused', failure: { erring_node: idOf('carol') } },
    });
    expect(kit.queries).toHaveLength(1);
  });

  it('no route, or none that is affordable: says so with the figures', async () => {
    const row = await invoice(50_000n);
    kit.routes = [{ code: 'unknown_destination', nodeId: idOf('carol') }, tooDear(7_000, 5_000)];
    expect(await kit.payments.pay({ bolt11: row.bolt11 })).toMatchObject({
      error: {
        code: 'stuck',
        stuck: { code: 'no_route', reason: { code: 'unknown_destination' } },
        attempts: [],
      },
    });
    const dear = await kit.payments.pay({ bolt11: row.bolt11 });
    expect(dear).toMatchObject({ error: { code: 'stuck', stuck: { code: 'too_dear' } } });
    expect(messageOf(dear)).toBe(
      'Fee limit: the cheapest found costs 7000msat, over the 5000msat allowed',
    );
  });

  it('our own balance: says what it is, and asks for no route', async () => {
    const row = await invoice(50_000n);
    kit.spendable = 49_999n;
    const end = await kit.payments.pay({ bolt11: row.bolt11 });
    expect(messageOf(end)).toMatch(/our channels send 49999msat at most, and 50000msat/);
    expect(kit.queries).toEqual([]);
  });

  it.each([
    ['half a percent', {}, 10_000_000n, 50_000n],
    ['the exempt fee, where that is more', {}, 100_000n, 5_000n],
    ['a percentage of our own', { maxFeePercent: 0.123 }, 100_000_000n, 123_000n],
    ['maxfee and nothing else', { maxFee: msat(1) }, 100_000_000n, 1n],
  ])('the fee budget is %s', async (_, limits, amount, budget) => {
    const row = await invoice(amount);
    await kit.payments.pay({ bolt11: row.bolt11, ...limits });
    expect(kit.queries).toMatchObject([{ maxFeeMsat: budget }]);
  });

  it('out of time: no new try is begun', async () => {
    const row = await invoice(50_000n);
    kit.routes = [route(), route()];
    const result = kit.payments.pay({ bolt11: row.bolt11, retryFor: 10 });
    await kit.clock.advance(10_000);
    await bobFails();
    expect(await result).toMatchObject({ error: { code: 'out_of_time', attempts: [{}] } });
  });

  it('what was paid is not paid again: the proof is the answer', async () => {
    const row = await invoice(50_000n);
    kit.routes = [route(), route()];
    const first = kit.payments.pay({ bolt11: row.bolt11 });
    await kit.clock.settleNow();
    await kit.deliver();
    await first;
    const again = await kit.payments.pay({ bolt11: row.bolt11 });
    expect(again).toMatchObject({ ok: true, value: { rows: [{ preimage: row.preimage }] } });
    expect(kit.sent).toHaveLength(0);
  });

  it('between two tries it still goes on, and a second pay is told so', async () => {
    const row = await invoice(50_000n);
    kit.routes = [route(), route()];
    const result = kit.payments.pay({ bolt11: row.bolt11 });
    await bobFails();
    expect(kit.payments.paying.has(row.payment_hash)).toBe(true);
    expect(await kit.payments.pay({ bolt11: row.bolt11 })).toMatchObject({
      error: { code: 'in_progress' },
    });
    await kit.clock.settleNow();
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true });
    expect(kit.payments.paying.has(row.payment_hash)).toBe(false);
  });

  it('amounts: the invoice says it, or the payer must', async () => {
    const row = await invoice();
    expect(await kit.payments.pay({ bolt11: row.bolt11 })).toMatchObject({
      error: { code: 'bad_parameter', field: 'amount_msat' },
    });
    kit.routes = [route(7)];
    const result = kit.payments.pay({ bolt11: row.bolt11, amountMsat: msat(7) });
    await kit.clock.settleNow();
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true });
    expect(await kit.invoices.find('a')).toMatchObject({ amount_received_msat: 7n });
  });

  it('an invoice that says its amount takes no other', async () => {
    const row = await invoice(50_000n);
    expect(await kit.payments.pay({ bolt11: row.bolt11, amountMsat: msat(60_000) })).toMatchObject({
      error: { code: 'bad_parameter', field: 'amount_msat' },
    });
  });
});

describe('pay in parts', () => {
  const start = async (limits = {}) => {
    const row = await invoice(4_000_000n);
    const result = kit.payments.pay({ bolt11: row.bolt11, ...limits });
    await kit.clock.settleNow();
    return { row, result };
  };
  const amounts = () => kit.sent.map((sent) => sent.payload.amtToForward);
  const halves = () => kit.inParts(2_000_000n, 2_000_000n);

  it('what goes in two parts is answered as one', async () => {
    kit.routes = [halves()];
    const { result } = await start();
    expect(amounts()).toEqual([2_000_000n, 2_000_000n]);
    for (const sent of kit.sent) expect(sent.payload.paymentData?.totalMsat).toBe(4_000_000n);
    await kit.deliver();
    const end = await result;
    expect(end).toMatchObject({ ok: true, value: { attempts: 2 } });
    expect(end.ok && end.value.rows.map((r) => r.amount_sent_msat)).toEqual([
      2_000_010n,
      2_000_010n,
    ]);
    expect(await kit.invoices.find('a')).toMatchObject({ amount_received_msat: 4_000_000n });
  });

  it('a part that fails goes another way while the others wait, on what they leave', async () => {
    kit.routes = [halves(), kit.inParts(1_000_000n, 1_000_000n)];
    const { result } = await start({ maxFee: msat(100) });
    const [first] = kit.sent;
    kit.arrive(first!);
    kit.sent = kit.sent.slice(1);
    await bobFails();
    await kit.clock.settleNow();
    expect(amounts()).toEqual([1_000_000n, 1_000_000n]);
    // The whole may cost 100 msat, and the first part costs 10 of them; it holds 2,000,000 of what
    // bob has for carol. What it holds of our own channel its balance tells.
    expect(kit.queries[1]).toMatchObject({ amountMsat: 2_000_000n, maxFeeMsat: 90n });
    expect(kit.queries[1]?.reserved).toEqual([
      { scid: SCID.second, direction: expect.any(Number), amountMsat: 2_000_000n },
    ]);
    kit.sent.unshift(first!);
    await kit.deliver();
    const end = await result;
    expect(end).toMatchObject({ ok: true, value: { attempts: 4 } });
    const statuses = (await kit.payments.list()).map((r) => [r.groupid, r.partid, r.status]);
    expect(statuses).toEqual([
      [1, 1, 'complete'],
      [1, 2, 'failed'],
      [1, 3, 'complete'],
      [1, 4, 'complete'],
    ]);
  });

  it('a channel that fails beside a part of ours has less than both together', async () => {
    kit.routes = [halves(), halves()];
    const { result } = await start();
    const [, second] = kit.sent.splice(0);
    kit.sent.push(second!);
    await bobFails();
    expect(kit.lessons).toMatchObject([
      { kind: 'upperBound', scid: SCID.second, amountMsat: 4_000_000n },
      { kind: 'lowerBound', scid: SCID.first },
    ]);
    void result;
  });

  it('our own channel has too little after all: the next plan goes by what it has', async () => {
    kit.routes = [kit.asAsked, halves()];
    const refusal = { available: msat(3_000_000), actual: msat(4_000_010) };
    kit.refusals = [{ code: 'insufficient_balance', ...refusal }];
    const { result } = await start();
    expect(amounts()).toEqual([2_000_000n, 2_000_000n]);
    expect(kit.queries[1]?.exclude).toEqual([]);
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true, value: { attempts: 3 } });
  });

  it('it has not failed before the last part in flight has', async () => {
    kit.routes = [halves()];
    let ended = false;
    const { row, result } = await start();
    void result.then(() => {
      ended = true;
    });
    const [first, second] = kit.sent.splice(0);
    kit.sent.push(second!);
    await bobFails();
    kit.sent.push(first!);
    await kit.deliver();
    await kit.clock.advance(59_000);
    expect(ended).toBe(false);
    expect(kit.payments.paying.has(row.payment_hash)).toBe(true);
    await kit.clock.advance(1_000);
    const [sent] = kit.sent.splice(0);
    await kit.goBack(sent!, (await kit.said(sent!))!);
    const end = await result;
    expect(end).toMatchObject({ error: { attempts: [{ partid: 2 }, { partid: 1 }] } });
    expect(messageOf(end)).toMatch(
      /^No route: no way .* 2 of 2 parts failed, the last: mpp_timeout/,
    );
    expect(await kit.payments.list({ status: 'pending' })).toEqual([]);
    expect(await kit.payments.pays()).toMatchObject([
      { status: 'failed', failure: { code: 'no_route', message: messageOf(end) } },
    ]);
  });

  it('the payee gave up waiting: the part is sent again', async () => {
    kit.routes = [halves(), kit.asAsked];
    const { result } = await start({ retryFor: 300 });
    const [first, second] = kit.sent.splice(0);
    kit.arrive(first!);
    await kit.clock.advance(60_000);
    await kit.goBack(first!, (await kit.said(first!))!);
    await kit.clock.settleNow();
    expect(kit.sent).toHaveLength(1);
    kit.sent.push(second!);
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true, value: { attempts: 3 } });
  });

  it('the minute that parts wait at the payee for one that cannot be sent does not count', async () => {
    kit.routes = [halves(), { code: 'no_path' }, kit.asAsked];
    const { result } = await start({ retryFor: 30 });
    const [first, second] = kit.sent.splice(0);
    kit.sent.push(second!);
    await bobFails();
    await kit.clock.settleNow();
    kit.arrive(first!);
    await kit.clock.advance(60_000);
    await kit.goBack(first!, (await kit.said(first!))!);
    await kit.clock.settleNow();
    expect(kit.queries[2]).toMatchObject({ amountMsat: 4_000_000n });
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true, value: { attempts: 3 } });
  });

  it('the fee limit holds for all parts together: the message tells what is left of it', async () => {
    kit.routes = [halves(), tooDear(991, 990), tooDear(1001, 1000)];
    const { result } = await start({ maxFee: msat(1000) });
    const [first, second] = kit.sent.splice(0);
    kit.sent.push(second!);
    await bobFails();
    await kit.clock.settleNow();
    expect(kit.queries[1]).toMatchObject({ maxFeeMsat: 990n });
    kit.sent.push(first!);
    await bobFails();
    expect(messageOf(await result)).toMatch(/costs 1001msat, over the 1000msat allowed; 2 of 2/);
    expect(kit.queries[2]).toMatchObject({ amountMsat: 4_000_000n, maxFeeMsat: 1000n });
  });

  it('part of a whole that others pay too: the set is the whole, ours goes as a part', async () => {
    kit.routes = [kit.asAsked];
    const { result } = await start({ partialMsat: msat(1_000_000) });
    expect(kit.sent[0]?.payload).toMatchObject({
      amtToForward: 1_000_000n,
      paymentData: { totalMsat: 4_000_000n },
    });
    expect(kit.sent[0]?.htlc.origin.partId).toBe(1);
    void result;
  });

  it('two payments at once: the second leaves the room that the first one takes', async () => {
    const second = await kit.invoices.create({
      amountMsat: msat(3_000_000),
      label: 'b',
      description: 'b',
    });
    if (!second.ok) throw new Error(second.error.code);
    kit.routes = [kit.asAsked, kit.asAsked];
    await start();
    void kit.payments.pay({ bolt11: second.value.row.bolt11 });
    await kit.clock.settleNow();
    expect(kit.queries[1]?.reserved).toEqual([
      { scid: SCID.second, direction: expect.any(Number), amountMsat: 4_000_000n },
    ]);
  });

  it('tells what it does to who wants to know', async () => {
    kit.routes = [halves(), kit.asAsked];
    const row = await invoice(4_000_000n);
    const told: string[] = [];
    const result = kit.payments.pay({ bolt11: row.bolt11 }, (e) => told.push(e.kind));
    await kit.clock.settleNow();
    const [first, second] = kit.sent.splice(0);
    kit.sent.push(second!);
    await bobFails();
    await kit.clock.settleNow();
    kit.sent.push(first!);
    await kit.deliver();
    await result;
    expect(told).toEqual(['sending', 'sending', 'failed', 'retrying', 'sending']);
  });
});

describe('pay over a restart of the payer', () => {
  const begin = async (limits = {}) => {
    const row = await invoice(4_000_000n);
    kit.routes = [kit.inParts(2_000_000n, 2_000_000n)];
    void kit.payments.pay({ bolt11: row.bolt11, ...limits });
    await kit.clock.settleNow();
    return row;
  };
  const restart = async () => {
    await kit.restartPayer();
    await kit.payments.reconcile(kit.sent.map(({ htlc }) => htlc.origin));
    kit.payments.resume();
    await kit.clock.settleNow();
  };
  const statuses = async () =>
    (await kit.payments.list()).map((row) => `${row.groupid}/${row.partid} ${row.status}`);

  it('it goes on: a part that fails is replaced, within what is left of the fee limit', async () => {
    const row = await begin({ maxFee: msat(100) });
    await restart();
    expect(kit.payments.paying.has(row.payment_hash)).toBe(true);
    expect(await kit.payments.pay({ bolt11: row.bolt11 })).toMatchObject({
      error: { code: 'in_progress' },
    });
    kit.routes = [kit.asAsked];
    kit.queries = [];
    await bobFails();
    await kit.clock.settleNow();
    expect(kit.queries).toMatchObject([{ amountMsat: 2_000_000n, maxFeeMsat: 90n }]);
    await kit.deliver();
    expect(await statuses()).toEqual(['1/1 failed', '1/2 complete', '1/3 complete']);
    await kit.clock.settleNow();
    expect(kit.payments.paying.has(row.payment_hash)).toBe(false);
    expect(await kit.payments.pays()).toMatchObject([{ status: 'complete' }]);
    // Never twice.
    const again = await kit.payments.pay({ bolt11: row.bolt11 });
    expect(again).toMatchObject({ ok: true, value: { rows: [{ preimage: row.preimage }, {}] } });
    expect(kit.sent).toEqual([]);
  });

  it('what fails while peers are away is sent again once they are back', async () => {
    await begin();
    kit.connected = false;
    await restart();
    await bobFails();
    expect(kit.sent).toHaveLength(1);
    kit.routes = [kit.asAsked];
    kit.connected = true;
    await kit.clock.advance(300);
    expect(kit.sent).toHaveLength(2);
  });

  it('the time is over: what is in flight may still arrive, nothing is sent any more', async () => {
    const row = await begin({ retryFor: 60 });
    await kit.clock.advance(61_000);
    await restart();
    kit.routes = [kit.asAsked];
    await bobFails();
    expect(kit.payments.paying.has(row.payment_hash)).toBe(true);
    await bobFails();
    await kit.clock.settleNow();
    expect(kit.payments.paying.has(row.payment_hash)).toBe(false);
    expect(await kit.payments.pays()).toMatchObject([
      { status: 'failed', failure: { code: 'out_of_time' } },
    ]);
    expect(kit.queries).toHaveLength(1);
  });

  it('it goes on under the layers that were asked for', async () => {
    await begin({ layers: ['mine'] });
    await restart();
    kit.routes = [kit.asAsked];
    await bobFails();
    await kit.clock.settleNow();
    expect(kit.layers).toEqual([['mine'], ['mine']]);
  });

  it('an end in order: it has not failed, and goes on after the next start', async () => {
    const row = await invoice(4_000_000n);
    kit.routes = [kit.inParts(2_000_000n, 2_000_000n)];
    const result = kit.payments.pay({ bolt11: row.bolt11 });
    await kit.clock.settleNow();
    kit.payments.halt();
    expect(await result).toMatchObject({ error: { code: 'stopping' } });
    await restart();
    await kit.deliver();
    expect(await statuses()).toEqual(['1/1 complete', '1/2 complete']);
  });

  it('delpay takes away what was asked together with its last part', async () => {
    const row = await begin();
    await kit.deliver();
    await kit.clock.settleNow();
    await kit.payments.delete(row.payment_hash, 'complete', { partId: 1 });
    expect(await kit.payments.pays()).toHaveLength(1);
    await kit.payments.delete(row.payment_hash, 'complete');
    expect(await kit.payments.pays()).toEqual([]);
  });
});

describe('keysend', () => {
  it('takes the preimage along', async () => {
    kit.routes = [route()];
    const result = kit.payments.keysend({
      destination: idOf('carol'),
      amountMsat: msat(50_000),
      extraTlvs: [{ type: 133773311n, value: Uint8Array.of(1, 2) }],
    });
    await kit.clock.settleNow();
    const { payload } = kit.sent[0]!;
    expect(payload.keysendPreimage).toHaveLength(32);
    expect(payload.unknown).toEqual([{ type: 133773311n, value: Uint8Array.of(1, 2) }]);
    const [sent] = kit.sent;
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true, value: { attempts: 1 } });
    const [row] = await kit.invoices.list();
    expect(row).toMatchObject({ status: 'paid', description: 'keysend', pay_index: 1 });
    // Again after a restart: fulfilled again. From another HTLC: refused.
    kit.settled.clear();
    await kit.restartPayee();
    kit.arrive(sent!);
    expect(await kit.said(sent!)).toMatchObject({ kind: 'fulfill' });
    const other = { ...sent!, key: `${'dd'.repeat(32)}/0` };
    kit.arrive(other);
    expect(await kit.said(other)).toMatchObject({ kind: 'fail' });
  });
});
