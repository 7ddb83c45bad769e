import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, msat, toHex } from '../../../src/core/bytes/index.js';
import { sha256 } from '../../../src/core/crypto/index.js';
import { makePayment } from '../../../src/core/payment/index.js';
import type { SendpayParams } from '../../../src/node/payments/index.js';
import { HEIGHT, idOf, PaymentKit, SCID } from './payment-kit.js';

let kit: PaymentKit;
beforeEach(async () => {
  kit = await PaymentKit.start();
});
afterEach(() => kit.stop());

async function invoice(
  amount: bigint | undefined = 50_000n,
  label = `l${Math.trunc(amount === undefined ? 0 : Number(amount))}`,
) {
  const made = await kit.invoices.create({
    ...(amount === undefined ? {} : { amountMsat: msat(amount) }),
    label,
    description: 'tea',
  });
  if (!made.ok) throw new Error(made.error.code);
  return made.value.row;
}

const params = (row: { payment_hash: string; payment_secret: string }, amount = 50_000n) => ({
  route: kit.route(amount),
  paymentHash: row.payment_hash,
  paymentSecret: hex(row.payment_secret),
});

/** Sends, and delivers until it has ended. */
async function pay(wish: SendpayParams) {
  const result = kit.payments.sendpay(wish);
  await kit.clock.settleNow();
  await kit.deliver();
  return result;
}

describe('sendpay', () => {
  it('answers with the preimage once the payee has given it, not before', async () => {
    const row = await invoice();
    let answered = false;
    const result = kit.payments.sendpay(params(row));
    void result.then(() => {
      answered = true;
    });
    await kit.clock.settleNow();
    expect(kit.sent).toHaveLength(1);
    const [sent] = kit.sent;
    expect(sent!.htlc).toMatchObject({ amountMsat: 50_010n, cltvExpiry: HEIGHT + 1 + 24 });
    expect(sent!.payload).toMatchObject({
      amtToForward: 50_000n,
      outgoingCltvValue: HEIGHT + 1 + 18,
      paymentData: { totalMsat: 50_000n },
    });
    kit.arrive(sent!);
    const said = await kit.said(sent!);
    expect(said?.kind).toBe('fulfill');
    expect(answered).toBe(false);
    await kit.goBack(sent!, said!);
    const end = await result;
    expect(end).toMatchObject({
      ok: true,
      value: {
        status: 'complete',
        payment_hash: row.payment_hash,
        preimage: row.preimage,
        amount_msat: 50_000n,
        amount_sent_msat: 50_010n,
        destination: idOf('carol'),
        groupid: 1,
        partid: 0,
      },
    });
    expect(toHex(sha256(hex(row.preimage)))).toBe(row.payment_hash);
    expect((await kit.invoices.find(row.label))?.status).toBe('paid');
    expect(kit.lessons.map((l) => l.kind)).toEqual(['succeeded', 'succeeded']);
  });

  it('an invoice in place of the hash tells secret and amount', async () => {
    const row = await invoice();
    const paymentHash = `lightning:${row.bolt11.toUpperCase()}`;
    const end = await pay({ route: kit.route(50_000), paymentHash });
    expect(end).toMatchObject({ ok: true, value: { status: 'complete', bolt11: row.bolt11 } });
  });

  it('once paid, never again: 201 with the proof, also after a restart, also once deleted', async () => {
    const row = await invoice();
    await pay(params(row));
    const proof = {
      ok: false,
      error: {
        code: 'already_paid',
        proof: { payment_preimage: row.preimage, amount_msat: 50_000n, destination: idOf('carol') },
      },
    };
    expect(await kit.payments.sendpay(params(row))).toMatchObject(proof);
    await kit.restartPayer();
    expect(await kit.payments.sendpay(params(row))).toMatchObject(proof);
    expect(await kit.payments.delete(row.payment_hash, 'complete')).toMatchObject({ ok: true });
    expect(await kit.payments.list()).toEqual([]);
    expect(await kit.payments.sendpay(params(row))).toMatchObject(proof);
    expect(kit.sent).toHaveLength(0);
  });

  it('the proof outlives the invoice', async () => {
    const row = await invoice();
    await pay({ route: kit.route(50_000), paymentHash: row.bolt11 });
    await kit.clock.advance(700_000_000);
    const again = await kit.payments.sendpay({
      route: kit.route(50_000),
      paymentHash: row.bolt11,
    });
    expect(again).toMatchObject({ ok: false, error: { code: 'already_paid' } });
  });

  it('in flight: 200, and of two at once only one goes out', async () => {
    const row = await invoice();
    const both = [kit.payments.sendpay(params(row)), kit.payments.sendpay(params(row))];
    await kit.clock.settleNow();
    expect(kit.sent).toHaveLength(1);
    expect(await both[1]).toMatchObject({ ok: false, error: { code: 'in_progress' } });
    await kit.deliver();
    expect(await both[0]).toMatchObject({ ok: true });
  });

  it('refused by the payee: 203, nothing learned, and a new try is made', async () => {
    const row = await invoice();
    const end = await pay({ ...params(row), paymentSecret: new Uint8Array(32) });
    expect(end).toMatchObject({
      ok: false,
      error: {
        code: 'failed',
        failure: {
          kind: 'refused_by_payee',
          erring_index: 2,
          failcode: 0x400f,
          failcodename: 'WIRE_INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS',
          erring_node: idOf('carol'),
          erring_channel: '104x2x1',
          retry: false,
          learned: [],
        },
      },
    });
    expect(kit.lessons).toEqual([]);
    const second = await pay(params(row));
    expect(second).toMatchObject({ ok: true, value: { groupid: 2 } });
    expect((await kit.payments.list()).map((p) => p.status)).toEqual(['failed', 'complete']);
  });

  it('a node on the way fails: 204 with its channel, and the route table is taught', async () => {
    const row = await invoice();
    const result = kit.payments.sendpay(params(row));
    await kit.clock.settleNow();
    await kit.goBack(
      kit.sent[0]!,
      {
        kind: 'fail',
        failure: { kind: 'temporaryChannelFailure', channelUpdate: new Uint8Array(0) },
      },
      0,
    );
    expect(await result).toMatchObject({
      ok: false,
      error: {
        code: 'failed',
        failure: {
          kind: 'failed_on_the_way',
          erring_index: 1,
          failcode: 0x1007,
          failcodename: 'WIRE_TEMPORARY_CHANNEL_FAILURE',
          erring_node: idOf('bob'),
          erring_channel: '104x2x1',
          raw_message: '10070000',
          retry: true,
          learned: [{}, {}],
        },
      },
    });
    expect(kit.lessons).toMatchObject([
      { kind: 'upperBound', scid: SCID.second, amountMsat: 50_000n },
      { kind: 'lowerBound', scid: SCID.first, amountMsat: 50_010n },
    ]);
  });

  it('an unreadable reply: 202', async () => {
    const row = await invoice();
    const result = kit.payments.sendpay(params(row));
    await kit.clock.settleNow();
    const { origin } = kit.sent[0]!.htlc;
    await kit.payerStore.commit(
      kit.payments.htlcFailed(origin, { kind: 'encrypted', reason: new Uint8Array(292) }),
    );
    kit.payments.settled(origin);
    expect(await result).toMatchObject({
      ok: false,
      error: { code: 'failed', failure: { kind: 'unreadable_reply', retry: true } },
    });
    expect(kit.lessons).toMatchObject([{ kind: 'sharedBlame' }]);
  });

  it('our peer cannot read the onion: 204 by the peer', async () => {
    const row = await invoice();
    const result = kit.payments.sendpay(params(row));
    await kit.clock.settleNow();
    const { origin } = kit.sent[0]!.htlc;
    await kit.payerStore.commit(
      kit.payments.htlcFailed(origin, {
        kind: 'malformed',
        failureCode: 0xc005,
        sha256OfOnion: new Uint8Array(32),
      }),
    );
    kit.payments.settled(origin);
    expect(await result).toMatchObject({
      error: { failure: { erring_index: 1, failcodename: 'WIRE_INVALID_ONION_HMAC' } },
    });
  });

  it('our own channel refuses: 204 at index 0, kept as a try that failed', async () => {
    const row = await invoice();
    kit.refusals = [{ code: 'insufficient_balance', available: msat(1), actual: msat(50_010) }];
    expect(await kit.payments.sendpay(params(row))).toMatchObject({
      ok: false,
      error: {
        code: 'failed',
        failure: {
          kind: 'failed_on_the_way',
          erring_index: 0,
          erring_node: idOf('alice'),
          erring_channel: '103x1x0',
          message: expect.stringContaining('insufficient_balance: available 1, actual 50010'),
          retry: true,
        },
      },
    });
    expect(await kit.payments.list()).toMatchObject([{ status: 'failed' }]);
    expect(await pay(params(row))).toMatchObject({ ok: true });
  });

  it('a payer that stops and starts again ends the payment as it would have', async () => {
    const row = await invoice();
    void kit.payments.sendpay(params(row));
    await kit.clock.settleNow();
    const [sent] = kit.sent;
    await kit.restartPayer();
    await kit.payments.reconcile([sent!.htlc.origin]);
    expect(await kit.payments.sendpay(params(row))).toMatchObject({
      error: { code: 'in_progress' },
    });
    const waiting = kit.payments.waitsendpay(row.payment_hash);
    await kit.deliver();
    expect(await waiting).toMatchObject({ ok: true, value: { preimage: row.preimage } });
    // The channel may report it again after another crash: nothing changes.
    expect(kit.payments.htlcFulfilled(sent!.htlc.origin, hex(row.preimage))).toEqual([]);
  });

  it('a failure that comes after a restart is read with the stored secrets', async () => {
    const row = await invoice();
    void kit.payments.sendpay({ ...params(row), paymentSecret: new Uint8Array(32) });
    await kit.clock.settleNow();
    await kit.restartPayer();
    const waiting = kit.payments.waitsendpay(row.payment_hash);
    await kit.deliver();
    expect(await waiting).toMatchObject({ error: { failure: { erring_node: idOf('carol') } } });
  });

  it('after a restart a part that no channel holds has failed', async () => {
    const row = await invoice();
    void kit.payments.sendpay(params(row));
    await kit.clock.settleNow();
    await kit.restartPayer();
    const waiting = kit.payments.waitsendpay(row.payment_hash);
    await kit.payments.reconcile([]);
    expect(await waiting).toMatchObject({ error: { code: 'failed' } });
    expect(await kit.payments.list({ status: 'pending' })).toEqual([]);
  });

  it('the caller goes away: the payment goes on', async () => {
    const row = await invoice();
    const caller = new AbortController();
    const result = kit.payments.sendpay(params(row), caller.signal);
    await kit.clock.settleNow();
    caller.abort();
    expect(await result).toMatchObject({ ok: true, value: { status: 'pending' } });
    await kit.deliver();
    expect(await kit.payments.list()).toMatchObject([{ status: 'complete' }]);
  });

  it('with --sendpay-compat=cln: pending at once, and a success is repeated', async () => {
    await kit.stop();
    kit = await PaymentKit.start({ compat: 'cln' });
    const row = await invoice();
    expect(await kit.payments.sendpay(params(row))).toMatchObject({
      ok: true,
      value: { status: 'pending' },
    });
    await kit.deliver();
    expect(await kit.payments.sendpay(params(row))).toMatchObject({
      ok: true,
      value: { status: 'complete', preimage: row.preimage },
    });
  });
});

describe('sendpay refuses a malformed request and names the field', () => {
  const route = () => kit.route(50_000);
  const hash = 'ab'.repeat(32);
  const cases: [string, () => SendpayParams, string][] = [
    ['no hops', () => ({ route: [], paymentHash: hash }), 'route'],
    [
      'an id that is no point',
      () => ({
        route: [{ ...route()[0]!, id: `02${'00'.repeat(32)}` as never }],
        paymentHash: hash,
      }),
      'route[0].id',
    ],
    [
      'a hop to ourselves at the start',
      () => ({ route: [{ ...route()[0]!, id: idOf('alice') }], paymentHash: hash }),
      'route[0].id',
    ],
    [
      'an amount of zero',
      () => ({ route: [{ ...route()[0]!, amountMsat: msat(0) }], paymentHash: hash }),
      'route[0].amount_msat',
    ],
    [
      'amounts that grow on the way',
      () => ({
        route: [route()[0]!, { ...route()[1]!, amountMsat: msat(60_000) }],
        paymentHash: hash,
      }),
      'route[1].amount_msat',
    ],
    [
      'delays that grow on the way',
      () => ({ route: [route()[0]!, { ...route()[1]!, delay: 100 }], paymentHash: hash }),
      'route[1].delay',
    ],
    [
      'a direction that the ids contradict',
      () => ({
        route: [{ ...route()[0]!, direction: (1 - route()[0]!.direction) as 0 | 1 }],
        paymentHash: hash,
      }),
      'route[0].direction',
    ],
    [
      'a hop without a channel between unknown nodes',
      () => ({ route: [{ ...route()[0]!, channel: undefined }], paymentHash: hash }),
      'route[0].channel',
    ],
    [
      'an invoice that is none',
      () => ({ route: route(), paymentHash: 'lnbcrt1qqqq' }),
      'payment_hash',
    ],
    [
      'parts without a total',
      () => ({ route: route(), paymentHash: hash, partId: 1 }),
      'amount_msat',
    ],
    [
      'a total without parts that differs',
      () => ({ route: route(), paymentHash: hash, amountMsat: msat(60_000) }),
      'amount_msat',
    ],
  ];
  it.each(cases)('sendpay (%s)', async (_, wish, field) => {
    expect(await kit.payments.sendpay(wish())).toMatchObject({
      ok: false,
      error: { code: 'bad_parameter', field },
    });
    expect(await kit.payments.list()).toEqual([]);
  });

  it('sendpay (less than the invoice asks, more than twice, another payee, expired)', async () => {
    const row = await invoice();
    const paymentHash = row.bolt11;
    for (const amount of [49_999, 100_001])
      expect(await kit.payments.sendpay({ route: kit.route(amount), paymentHash })).toMatchObject({
        error: { code: 'bad_parameter', field: 'route' },
      });
    expect(
      await kit.payments.sendpay({ route: kit.route(50_000).slice(0, 1), paymentHash }),
    ).toMatchObject({ error: { code: 'bad_parameter', field: 'route' } });
    await kit.clock.advance(604_800_000);
    expect(await kit.payments.sendpay({ route: kit.route(50_000), paymentHash })).toMatchObject({
      error: { code: 'invoice_expired' },
    });
  });
});

describe('parts', () => {
  const part = (
    row: { payment_hash: string; payment_secret: string },
    partId: number,
    amount = 25_000n,
  ) => kit.payments.sendpay({ ...params(row, amount), partId, amountMsat: msat(50_000) });

  it('are pending at once, wait for each other at the payee, and end together', async () => {
    const row = await invoice();
    expect(await part(row, 1)).toMatchObject({
      ok: true,
      value: { status: 'pending', groupid: 1 },
    });
    await kit.deliver();
    expect(kit.settled.size).toBe(0);
    expect(await part(row, 1)).toMatchObject({ error: { code: 'in_progress' } });
    expect(await kit.payments.sendpay(params(row))).toMatchObject({
      error: { code: 'in_progress' },
    });
    expect(await part(row, 2)).toMatchObject({ ok: true, value: { groupid: 1, partid: 2 } });
    expect(await part(row, 3)).toMatchObject({ error: { code: 'in_progress' } });
    const waiting = [1, 2].map((partId) => kit.payments.waitsendpay(row.payment_hash, { partId }));
    await kit.deliver();
    for (const end of await Promise.all(waiting))
      expect(end).toMatchObject({ ok: true, value: { preimage: row.preimage } });
    expect(await kit.invoices.find(row.label)).toMatchObject({ amount_received_msat: 50_000n });
  });

  it('time out after 60 seconds, and another group may try', async () => {
    const row = await invoice();
    await part(row, 1);
    await kit.deliver();
    await kit.clock.advance(59_000);
    expect(kit.settled.size).toBe(0);
    const waiting = kit.payments.waitsendpay(row.payment_hash, { partId: 1 });
    await kit.clock.advance(1_000);
    const [sent] = kit.sent.splice(0);
    await kit.goBack(sent!, (await kit.said(sent!))!);
    expect(await waiting).toMatchObject({
      error: { failure: { failcodename: 'WIRE_MPP_TIMEOUT', retry: false } },
    });
    expect(await part(row, 1)).toMatchObject({ ok: true, value: { groupid: 2 } });
  });
});

describe('waitsendpay', () => {
  it('of a hash that was never sent: unknown; with a timeout: timeout, and the payment goes on', async () => {
    expect(await kit.payments.waitsendpay('00'.repeat(32))).toMatchObject({
      error: { code: 'unknown_payment' },
    });
    const row = await invoice();
    void kit.payments.sendpay(params(row));
    await kit.clock.settleNow();
    expect(await kit.payments.waitsendpay(row.payment_hash, { timeout: 0 })).toMatchObject({
      error: { code: 'timeout' },
    });
    const waiting = kit.payments.waitsendpay(row.payment_hash, { timeout: 5 });
    await kit.clock.advance(5_000);
    expect(await waiting).toMatchObject({ error: { code: 'timeout' } });
    await kit.deliver();
    expect(await kit.payments.waitsendpay(row.payment_hash)).toMatchObject({ ok: true });
  });
});

describe('sendonion', () => {
  /** An onion as the payment of `row` would have it, and the secrets of its hops. */
  const onionFor = (row: { payment_hash: string; payment_secret: string }) => {
    const route = kit.route(50_000);
    const made = makePayment({
      route,
      paymentHash: hex(row.payment_hash),
      height: HEIGHT,
      sessionKey: new Uint8Array(32).fill(9),
      paymentSecret: hex(row.payment_secret),
    });
    if (!made.ok) throw new Error(made.error.code);
    return { ...made.value, firstHop: { ...route[0]!, channel: undefined } };
  };

  it('pays with an onion of the caller, and is waited for', async () => {
    const row = await invoice();
    const { onion, firstHop, sharedSecrets } = onionFor(row);
    const { payment_hash: paymentHash } = row;
    const sent = await kit.payments.sendonion({ onion, firstHop, sharedSecrets, paymentHash });
    expect(sent).toMatchObject({ ok: true, value: { status: 'pending', amount_msat: null } });
    const waiting = kit.payments.waitsendpay(paymentHash);
    await kit.deliver();
    expect(await waiting).toMatchObject({ ok: true, value: { preimage: row.preimage } });
  });

  it('reads failures with the secrets, and hands them out as they came without', async () => {
    const row = await invoice();
    const { onion, firstHop, sharedSecrets } = onionFor({
      ...row,
      payment_secret: '00'.repeat(32),
    });
    const { payment_hash: paymentHash } = row;
    for (const secrets of [sharedSecrets, undefined]) {
      await kit.payments.sendonion({ onion, firstHop, paymentHash, sharedSecrets: secrets });
      const waiting = kit.payments.waitsendpay(paymentHash);
      await kit.deliver();
      const end = await waiting;
      expect(end).toMatchObject({
        error: {
          failure: secrets
            ? { kind: 'refused_by_payee', erring_index: 2, failcode: 0x400f, retry: false }
            : { kind: 'unreadable_reply', onionreply: expect.stringMatching(/^[0-9a-f]{584}$/) },
        },
      });
    }
    expect(kit.lessons).toEqual([]);
  });

  it('our own channel refuses, or the hash is paid', async () => {
    const row = await invoice();
    const { onion, firstHop } = onionFor(row);
    const { payment_hash: paymentHash } = row;
    kit.refusals = [{ code: 'peer_offline' }];
    expect(await kit.payments.sendonion({ onion, firstHop, paymentHash })).toMatchObject({
      ok: true,
      value: { status: 'failed' },
    });
    await pay(params(row));
    expect(await kit.payments.sendonion({ onion, firstHop, paymentHash })).toMatchObject({
      error: { code: 'already_paid' },
    });
  });
});
