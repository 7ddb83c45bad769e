import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, LightningNetwork } from '../support/daemon.js';
import type { RpcFailure } from '../support/daemon-rpc.js';

const sha256 = (hex: string): string =>
  createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');

/** The error of a call that must fail. */
const failure = (call: Promise<unknown>): Promise<RpcFailure> =>
  call.then(
    (answer) => {
      throw new Error(`it succeeded: ${JSON.stringify(answer)}`);
    },
    (error: RpcFailure) => error,
  );

/**
 * The story that docs/contract.md tells, on a real bitcoind: alice pays carol by bob, or by
 * dave who asks for more; erin is a second payer.
 */
describe('the story of sendpay', () => {
  let lightning: LightningNetwork;
  let alice: Daemon;
  let bob: Daemon;
  let carol: Daemon;
  let dave: Daemon;
  let erin: Daemon;
  const scids: Record<string, string> = {};

  beforeAll(async () => {
    lightning = await LightningNetwork.start();
    [alice, bob, carol, dave, erin] = await Promise.all([
      lightning.node('alice'),
      lightning.node('bob', { args: ['--fee-base=1000', '--fee-per-satoshi=10'] }),
      lightning.node('carol'),
      lightning.node('dave', { args: ['--fee-base=8000', '--fee-per-satoshi=10'] }),
      lightning.node('erin'),
    ]);
    for (const node of [alice, bob, dave, erin]) await lightning.fund(node, 20_000_000);
    scids['alice-bob'] = await lightning.channel(alice, bob, 2_000_000);
    scids['bob-carol'] = await lightning.channel(bob, carol, 1_000_000);
    scids['alice-dave'] = await lightning.channel(alice, dave, 2_000_000);
    scids['dave-carol'] = await lightning.channel(dave, carol, 1_000_000);
    scids['erin-bob'] = await lightning.channel(erin, bob, 1_000_000);
    await lightning.gossiped([alice, erin], 5);
  }, 120_000);

  afterAll(() => lightning?.stop(), 30_000);
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(lightning?.tails());
  });

  const invoice = (label: string, amountMsat: number) =>
    carol.call('invoice', { amount_msat: amountMsat, label, description: label });
  const getroute = async (from: Daemon, amountMsat: number) =>
    (await from.call('getroute', { id: carol.id, amount_msat: amountMsat, riskfactor: 10 })).route;
  const status = async (label: string) =>
    (await carol.call('listinvoices', { label })).invoices[0].status;
  const constraints = async () => JSON.stringify(await alice.call('listconstraints'));
  /** Moves what `from` can still spend towards carol, less a rest of some sat. */
  const drain = async (from: Daemon) => {
    const { channels } = await from.call('listpeerchannels', { id: carol.id });
    const amount_msat = channels[0].spendable_msat - 20_000_000;
    const label = `drain ${from.name}`;
    const made = await invoice(label, amount_msat);
    const route = await getroute(from, amount_msat);
    expect(route).toHaveLength(1);
    await from.call('sendpay', { route, ...key(made) });
  };
  const key = (made: { payment_hash: string; payment_secret: string }) => ({
    payment_hash: made.payment_hash,
    payment_secret: made.payment_secret,
  });

  it('wrong hash: the final node refuses, and the route table stays as it was', async () => {
    const made = await invoice('wrong hash', 50_000_000);
    const route = await getroute(alice, 50_000_000);
    expect(route.map((hop: { id: string }) => hop.id)).toEqual([bob.id, carol.id]);
    const before = await constraints();
    const error = await failure(
      alice.call('sendpay', {
        route,
        payment_hash: randomBytes(32).toString('hex'),
        payment_secret: made.payment_secret,
      }),
    );
    expect(error.code).toBe(203);
    expect(error.data).toMatchObject({
      erring_index: 2,
      failcode: 0x400f,
      failcodename: 'WIRE_INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS',
      erring_node: carol.id,
      retry: false,
      learned: [],
    });
    expect(await constraints()).toBe(before);
    expect(await getroute(alice, 50_000_000)).toEqual(route);
  });

  it('one msat too little: refused alike, and the invoice stays unpaid', async () => {
    const made = await invoice('too little', 50_000_000);
    const route = await getroute(alice, 49_999_999);
    const error = await failure(alice.call('sendpay', { route, ...key(made) }));
    expect(error.code).toBe(203);
    expect(error.data).toMatchObject({ failcode: 0x400f, erring_node: carol.id, retry: false });
    expect(await status('too little')).toBe('unpaid');
  });

  let paid: { payment_hash: string; payment_secret: string; bolt11: string };
  let proof: string;

  it('paid: sendpay answers with the preimage of the hash, and the invoice is paid', async () => {
    paid = await invoice('paid', 50_000_000);
    const route = await getroute(alice, 50_000_000);
    const answer = await alice.call('sendpay', { route, ...key(paid) });
    expect(answer).toMatchObject({
      status: 'complete',
      payment_hash: paid.payment_hash,
      amount_msat: 50_000_000,
      amount_sent_msat: route[0].amount_msat,
      destination: carol.id,
      preimage: answer.payment_preimage,
    });
    expect(sha256(answer.payment_preimage)).toBe(paid.payment_hash);
    expect(await status('paid')).toBe('paid');
    proof = answer.payment_preimage;
  });

  const expectUsed = (error: RpcFailure) => {
    expect(error.code).toBe(201);
    expect(error.data).toMatchObject({
      payment_preimage: proof,
      amount_msat: 50_000_000,
      destination: carol.id,
    });
    expect(error.data.completed_at).toBeGreaterThan(0);
  };

  it('again: error 201 with the proof', async () => {
    const route = await getroute(alice, 50_000_000);
    expectUsed(await failure(alice.call('sendpay', { route, ...key(paid) })));
  });

  it('again after a restart: error 201 with the proof', async () => {
    const route = await getroute(alice, 50_000_000);
    await alice.restart();
    expectUsed(await failure(alice.call('sendpay', { route, ...key(paid) })));
    const { payments } = await alice.call('listsendpays', { payment_hash: paid.payment_hash });
    expect(payments).toHaveLength(1);
    expect(payments[0]).toMatchObject({ status: 'complete', payment_preimage: proof });
  });

  it('a second payer of a paid invoice: refused by the final node', async () => {
    const route = await getroute(erin, 50_000_000);
    const error = await failure(erin.call('sendpay', { route, ...key(paid) }));
    expect(error.code).toBe(203);
    expect(error.data).toMatchObject({ failcode: 0x400f, erring_node: carol.id });
  });

  it('a drained middle channel: error 204 says where, getroute avoids it, the second try pays', async () => {
    await drain(bob);
    await lightning.ready(alice);
    const made = await invoice('second try', 100_000_000);
    const route = await getroute(alice, 100_000_000);
    expect(route.map((hop: { id: string }) => hop.id)).toEqual([bob.id, carol.id]);
    const error = await failure(alice.call('sendpay', { route, ...key(made) }));
    expect(error.code).toBe(204);
    expect(error.message).toContain(scids['bob-carol']);
    expect(error.data).toMatchObject({
      erring_index: 1,
      failcode: 0x1007,
      failcodename: 'WIRE_TEMPORARY_CHANNEL_FAILURE',
      erring_node: bob.id,
      erring_channel: scids['bob-carol'],
      retry: true,
    });
    expect(error.data.learned.length).toBeGreaterThan(0);
    expect(JSON.stringify(error.data.learned)).toContain(scids['bob-carol']);
    expect(await constraints()).toContain(scids['bob-carol']);

    const second = await getroute(alice, 100_000_000);
    expect(second.map((hop: { id: string }) => hop.id)).toEqual([dave.id, carol.id]);
    const answer = await alice.call('sendpay', { route: second, ...key(made) });
    expect(sha256(answer.payment_preimage)).toBe(made.payment_hash);
    expect(await status('second try')).toBe('paid');
  });

  it('no way left: error 205 says why', async () => {
    await drain(dave);
    const made = await invoice('no way', 100_000_000);
    const route = await getroute(alice, 100_000_000);
    const error = await failure(alice.call('sendpay', { route, ...key(made) }));
    expect(error.data).toMatchObject({
      erring_node: dave.id,
      erring_channel: scids['dave-carol'],
    });
    const none = await failure(getroute(alice, 100_000_000));
    expect(none.code).toBe(205);
    for (const scid of [scids['bob-carol'], scids['dave-carol']])
      expect(none.message).toContain(scid);
    // What was learned is about this amount: a small one still finds its way.
    expect(await getroute(alice, 1_000_000)).toHaveLength(2);
  });

  it('what was learned outlives a restart, until delconstraints', async () => {
    await alice.restart();
    await lightning.ready(alice);
    expect((await failure(getroute(alice, 100_000_000))).message).toContain(scids['bob-carol']);
    await alice.call('delconstraints', {});
    expect(await getroute(alice, 100_000_000)).toHaveLength(2);
  });
});
