import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, until } from '../support/daemon.js';
import type { RpcFailure } from '../support/daemon-rpc.js';
import { CHANNEL_TYPES, LdkNetwork } from '../support/ldk-network.js';

const sha256 = (hex: string): string =>
  createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');

const failure = (call: Promise<unknown>): Promise<RpcFailure> =>
  call.then(
    (answer) => {
      throw new Error(`it succeeded: ${JSON.stringify(answer)}`);
    },
    (error: RpcFailure) => error,
  );

/** alice (ours) -- ldk (rust-lightning) -- bob (ours), over TCP, on a real bitcoind. */
describe.each(CHANNEL_TYPES)('with rust-lightning, $type', ({ anchors }) => {
  let network: LdkNetwork;
  let lightning: LdkNetwork['lightning'];
  let alice: Daemon;
  let bob: Daemon;
  let ldk: LdkNetwork['ldk'];
  let aliceToLdk: string;
  let ldkToBob: string;

  beforeAll(async () => {
    network = await LdkNetwork.start('interop', anchors);
    ({ lightning, ldk } = network);
    [alice, bob] = await Promise.all([lightning.node('alice'), lightning.node('bob')]);
    await lightning.fund(alice, 5_000_000);
  }, 60_000);

  afterAll(() => network?.stop(), 30_000);
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(network?.tails());
  });

  const channelOf = async (node: Daemon) =>
    until(`${node.name}'s channel`, async () => {
      const { channels } = await node.call('listpeerchannels', { id: ldk.nodeId });
      const usable = channels.find(
        (c: { state: string; short_channel_id?: string }) =>
          c.state === 'CHANNELD_NORMAL' && c.short_channel_id,
      );
      return usable;
    });
  const invoice = (label: string, amountMsat: number) =>
    bob.call('invoice', { amount_msat: amountMsat, label, description: label });
  const route = async (id: string, amountMsat: number) =>
    (await alice.call('getroute', { id, amount_msat: amountMsat, riskfactor: 10, cltv: 42 })).route;

  it('we open a channel to it', async () => {
    await alice.call('connect', { id: ldk.nodeId, host: '127.0.0.1', port: ldk.port });
    const { txid } = await alice.call('fundchannel', { id: ldk.nodeId, amount: 1_000_000 });
    await until('the funding', async () =>
      (await lightning.chain.rpc('getrawmempool')).includes(txid),
    );
    await lightning.mine(6);
    await ldk.usable(alice.id);
    const channel = await channelOf(alice);
    aliceToLdk = channel.short_channel_id;
    const names = channel.channel_type.names as string[];
    expect(names.some((name) => name.startsWith('anchors'))).toBe(anchors);
  });

  it('it opens a channel to us', async () => {
    await ldk.connect(bob.id, bob.port);
    await ldk.open(bob.id, 800_000, { pushMsat: 400_000_000 });
    await lightning.mine(6);
    await ldk.usable(bob.id);
    ldkToBob = (await channelOf(bob)).short_channel_id;
  });

  it('the payee: sendpay by the invoice alone, and the preimage is the one of its hash', async () => {
    const bolt11 = ldk.invoice(20_000_000, 'to rust-lightning');
    const { payment_hash } = await alice.call('decode', { string: bolt11 });
    const answer = await alice.call('sendpay', {
      route: await route(ldk.nodeId, 20_000_000),
      payment_hash: bolt11,
    });
    expect(sha256(answer.payment_preimage)).toBe(payment_hash);
    await until('its event', () => ldk.received.get(payment_hash) === 20_000_000n);
  });

  it('the payee refuses: error 203, and nothing is learned', async () => {
    const bolt11 = ldk.invoice(1_000_000, 'refused');
    const { payment_hash } = await alice.call('decode', { string: bolt11 });
    ldk.refuse.add(payment_hash);
    const error = await failure(
      alice.call('sendpay', {
        route: await route(ldk.nodeId, 1_000_000),
        payment_hash: bolt11,
      }),
    );
    expect(error.code).toBe(203);
    expect(error.data).toMatchObject({ erring_node: ldk.nodeId, retry: false, learned: [] });
  });

  it('the payer: it pays an invoice of ours', async () => {
    const made = await invoice('from rust-lightning', 5_000_000);
    const outcome = await ldk.pay(made.bolt11);
    expect(outcome).toMatchObject({ kind: 'sent' });
    if (outcome.kind === 'sent') expect(sha256(outcome.preimage)).toBe(made.payment_hash);
    const { invoices } = await bob.call('listinvoices', { label: 'from rust-lightning' });
    expect(invoices[0]).toMatchObject({ status: 'paid', amount_received_msat: 5_000_000 });
  });

  it('the middle hop: it relays between two of ours', async () => {
    await lightning.gossiped([alice], 2);
    const made = await invoice('by rust-lightning', 30_000_000);
    const found = await route(bob.id, 30_000_000);
    expect(found.map((hop: { channel: string }) => hop.channel)).toEqual([aliceToLdk, ldkToBob]);
    const { payment_hash, payment_secret } = made;
    const answer = await alice.call('sendpay', { route: found, payment_hash, payment_secret });
    expect(sha256(answer.payment_preimage)).toBe(payment_hash);
    await until('its fee', () => ldk.forwarded.length === 1);
    expect(ldk.forwarded[0]).toBe(BigInt(found[0].amount_msat - 30_000_000));
  });

  it('it has not enough to pass on: error 204 names it and its channel, getroute has learned', async () => {
    const made = await invoice('too much', 500_000_000);
    const found = await route(bob.id, 500_000_000);
    const { payment_hash, payment_secret } = made;
    const error = await failure(
      alice.call('sendpay', { route: found, payment_hash, payment_secret }),
    );
    expect(error.code).toBe(204);
    expect(error.data).toMatchObject({
      erring_index: 1,
      erring_node: ldk.nodeId,
      erring_channel: ldkToBob,
      failcodename: 'WIRE_TEMPORARY_CHANNEL_FAILURE',
      retry: true,
    });
    expect(JSON.stringify(error.data.learned)).toContain(ldkToBob);
    const none = await failure(route(bob.id, 500_000_000));
    expect(none.code).toBe(205);
    expect(none.message).toContain(ldkToBob);
  });

  it('it asks for more than the route pays: its channel_update is read and used', async () => {
    const made = await invoice('dearer', 10_000_000);
    const cheap = await route(bob.id, 10_000_000);
    ldk.setFees(bob.id, 50_000, 10);
    const { payment_hash, payment_secret } = made;
    const error = await failure(
      alice.call('sendpay', { route: cheap, payment_hash, payment_secret }),
    );
    expect(error.code).toBe(204);
    expect(error.data).toMatchObject({
      erring_index: 1,
      erring_node: ldk.nodeId,
      erring_channel: ldkToBob,
      failcodename: 'WIRE_FEE_INSUFFICIENT',
      retry: true,
    });
    // It leaves the update out of the failure and sends it by gossip, before or after.
    const dear = await until('the dearer route', () =>
      route(bob.id, 10_000_000).catch(() => undefined),
    );
    expect(dear[0].amount_msat).toBe(10_000_000 + 50_000 + 100);
    const answer = await alice.call('sendpay', { route: dear, payment_hash, payment_secret });
    expect(sha256(answer.payment_preimage)).toBe(payment_hash);
  });

  it('after a restart of ours the channel is taken up again', async () => {
    await alice.restart();
    await lightning.ready(alice);
    const bolt11 = ldk.invoice(2_000_000, 'after the restart');
    const answer = await alice.call('sendpay', {
      route: await route(ldk.nodeId, 2_000_000),
      payment_hash: bolt11,
    });
    expect(answer.status).toBe('complete');
  });

  it('both close: one mutual close by us, one by it', async () => {
    const closed = alice.call('close', { id: ldk.nodeId });
    ldk.close(bob.id);
    expect((await closed).type).toBe('mutual');
    await ldk.until('both closes', () => ldk.closures.length === 2);
    for (const why of ldk.closures) expect(why).toContain('cooperatively closed');
    await until(
      'two closing transactions',
      async () => (await lightning.chain.rpc('getrawmempool')).length === 2,
    );
  });
});
