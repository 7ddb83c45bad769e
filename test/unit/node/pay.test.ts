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

  it('what fails twice is not asked for a third time; our own channel not a second time', async () => {
    const row = await invoice(50_000n);
    kit.routes = [route(), route(), route()];
    kit.refusals = [{ code: 'peer_offline' }];
    const result = kit.payments.pay({ bolt11: row.bolt11 });
    await bobFails();
    await bobFails();
    expect(await result).toMatchObject({ error: { code: 'no_route', attempts: [{}, {}, {}] } });
    expect(kit.queries.map((q) => q.exclude.length)).toEqual([0, 1, 1, 2]);
    expect(kit.queries[3]!.exclude).toMatchObject([
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
    kit.routes = [{ code: 'unknown_destination', nodeId: idOf('carol') }, route(50_000, 5_001n)];
    expect(await kit.payments.pay({ bolt11: row.bolt11 })).toMatchObject({
      error: { code: 'no_route', reason: { code: 'unknown_destination' }, attempts: [] },
    });
    expect(await kit.payments.pay({ bolt11: row.bolt11 })).toMatchObject({
      error: { code: 'too_expensive', feeMsat: 5_001n, maxFeeMsat: 5_000n },
    });
  });

  it.each([
    ['half a percent', {}, 10_000_000n, 50_000n],
    ['the exempt fee, where that is more', {}, 100_000n, 5_000n],
    ['a percentage of our own', { maxFeePercent: 0.123 }, 100_000_000n, 123_000n],
    ['maxfee and nothing else', { maxFee: msat(1) }, 100_000_000n, 1n],
  ])('the fee budget is %s', async (_, limits, amount, budget) => {
    const row = await invoice(amount);
    kit.routes = [route(Number(amount), budget + 1n)];
    expect(await kit.payments.pay({ bolt11: row.bolt11, ...limits })).toMatchObject({
      error: { code: 'too_expensive', maxFeeMsat: budget },
    });
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
    expect(kit.payments.isPaying(row.payment_hash)).toBe(true);
    expect(await kit.payments.pay({ bolt11: row.bolt11 })).toMatchObject({
      error: { code: 'in_progress' },
    });
    await kit.clock.settleNow();
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true });
    expect(kit.payments.isPaying(row.payment_hash)).toBe(false);
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
  const noCapacity = { code: 'no_capacity', amountMsat: msat(0) } as const;
  const start = async (limits = {}) => {
    const row = await invoice(4_000_000n);
    const result = kit.payments.pay({ bolt11: row.bolt11, ...limits });
    await kit.clock.settleNow();
    return { row, result };
  };
  const amounts = () => kit.sent.map((sent) => sent.payload.value.amtToForward);

  it('what no single route can carry goes in two, and the answer is about the whole', async () => {
    kit.routes = [noCapacity, kit.asAsked, kit.asAsked];
    const { row, result } = await start();
    expect(amounts()).toEqual([2_000_000n, 2_000_000n]);
    for (const sent of kit.sent) expect(sent.payload.value.paymentData?.totalMsat).toBe(4_000_000n);
    await kit.deliver();
    const end = await result;
    expect(end).toMatchObject({ ok: true, value: { attempts: 2 } });
    expect(end.ok && end.value.rows.map((r) => r.amount_sent_msat)).toEqual([
      2_000_010n,
      2_000_010n,
    ]);
    expect(await kit.invoices.find('a')).toMatchObject({ amount_received_msat: 4_000_000n });
    expect(row.label).toBe('a');
  });

  it('the larger part is what can surely pass, where that is known', async () => {
    const reason = {
      code: 'source_capacity',
      nodeId: idOf('alice'),
      largestMsat: msat(3_000_000),
      amountMsat: msat(4_000_000),
    } as const;
    kit.routes = [reason, kit.asAsked, kit.asAsked];
    const { result } = await start();
    expect(amounts()).toEqual([2_850_000n, 1_150_000n]);
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true });
  });

  it('a part that fails goes another way, or is split again, while the others wait', async () => {
    kit.routes = [noCapacity, kit.asAsked, kit.asAsked, noCapacity, kit.asAsked, kit.asAsked];
    const { result } = await start();
    const [first] = kit.sent;
    kit.arrive(first!);
    kit.sent = kit.sent.slice(1);
    await bobFails();
    await kit.clock.settleNow();
    expect(amounts()).toEqual([1_000_000n, 1_000_000n]);
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

  it('our own channel refuses the whole: what it cannot carry alone goes in parts', async () => {
    kit.routes = [kit.asAsked, { code: 'excluded_by_request' }, kit.asAsked, kit.asAsked];
    const refusal = { available: msat(3_000_000), actual: msat(4_000_010) };
    kit.refusals = [{ code: 'insufficient_balance', ...refusal }];
    const { result } = await start();
    expect(amounts()).toEqual([2_000_000n, 2_000_000n]);
    await kit.deliver();
    expect(await result).toMatchObject({ ok: true, value: { attempts: 3 } });
  });

  it('what the caller excludes is no reason to split', async () => {
    kit.routes = [{ code: 'excluded_by_request' }];
    const { result } = await start({ exclude: [{ nodeId: idOf('bob') }] });
    expect(await result).toMatchObject({ error: { code: 'no_route' } });
    expect(kit.queries).toHaveLength(1);
  });

  it('it has not failed before the last part in flight has', async () => {
    kit.routes = [noCapacity, kit.asAsked, noCapacity, noCapacity];
    let ended = false;
    const { result } = await start();
    void result.then(() => {
      ended = true;
    });
    await kit.deliver();
    await kit.clock.advance(59_000);
    expect(ended).toBe(false);
    await kit.clock.advance(1_000);
    const [sent] = kit.sent.splice(0);
    await kit.goBack(sent!, (await kit.said(sent!))!);
    const end = await result;
    expect(end).toMatchObject({ error: { code: 'no_route', attempts: [{ partid: 1 }] } });
    expect(!end.ok && 'message' in end.error && end.error.message).toContain('In parts: ');
    expect(await kit.payments.list({ status: 'pending' })).toEqual([]);
  });

  it('the payee gave up waiting: the part is sent again', async () => {
    kit.routes = [noCapacity, kit.asAsked, kit.asAsked, kit.asAsked, kit.asAsked];
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

  it('the fee budget holds for all parts together', async () => {
    kit.routes = [noCapacity, (q) => kit.asAsked(q, 600n), (q) => kit.asAsked(q, 401n)];
    const { result } = await start({ maxFee: msat(1000) });
    expect(kit.sent).toHaveLength(1);
    await kit.deliver();
    await kit.clock.advance(60_000);
    const [sent] = kit.sent.splice(0);
    await kit.goBack(sent!, (await kit.said(sent!))!);
    expect(await result).toMatchObject({
      error: { code: 'too_expensive', feeMsat: 401n, maxFeeMsat: 400n },
    });
  });

  it('nothing is split below a thousand satoshi', async () => {
    const row = await invoice(1_999_999n);
    kit.routes = [noCapacity];
    expect(await kit.payments.pay({ bolt11: row.bolt11 })).toMatchObject({
      error: { code: 'no_route', reason: { code: 'no_capacity' } },
    });
    expect(kit.queries).toHaveLength(1);
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
    expect(payload.value.keysendPreimage).toHaveLength(32);
    expect(payload.value.unknown).toEqual([{ type: 133773311n, value: Uint8Array.of(1, 2) }]);
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
