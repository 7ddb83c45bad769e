import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

it('alice pays carol by bob; when his channel runs dry she learns it and pays by dave', async () => {
  const lab = await Lab.create({ seed: 'docs' });
  const [alice, bob, carol] = [
    await lab.node('alice'),
    await lab.node('bob'),
    await lab.node('carol'),
  ];
  await lab.node('dave', { feeBaseMsat: 5_000 });
  for (const name of ['alice', 'bob', 'dave']) await lab.fund(name, 5_000_000);
  await lab.channel('alice', 'bob', 1_000_000);
  const drained = await lab.channel('bob', 'carol', 1_000_000);
  await lab.fund('alice', 5_000_000);
  await lab.channel('alice', 'dave', 1_000_000);
  await lab.channel('dave', 'carol', 1_000_000);
  await lab.settle();

  const amount_msat = 100_000_000;
  const find = async () =>
    (await lab.rpc('alice', 'getroute', { id: carol.id, amount_msat, riskfactor: 10 })).route;
  const ask = (label: string) =>
    lab.rpc('carol', 'invoice', { amount_msat, label, description: label });

  const first = await ask('first');
  const route = await find();
  expect(route[0].id).toBe(bob.id);
  const paid = await lab.rpc('alice', 'sendpay', { route, payment_hash: first.bolt11 });
  const hash = createHash('sha256').update(Buffer.from(paid.payment_preimage, 'hex'));
  expect(hash.digest('hex')).toBe(first.payment_hash);

  const dry = await lab.rpc(carol, 'invoice', {
    amount_msat: 850_000_000,
    label: 'dry',
    description: 'all bob has there',
  });
  await lab.rpc(bob, 'pay', { bolt11: dry.bolt11 });

  const second = await ask('second');
  const failed = lab.rpc(alice, 'sendpay', { route, payment_hash: second.bolt11 });
  await expect(failed).rejects.toMatchObject({
    code: 204,
    data: { erring_node: bob.id, erring_channel: drained },
  });
  const other = await find();
  expect(other[0].id).toBe(lab.get('dave').id);
  await lab.rpc(alice, 'sendpay', { route: other, payment_hash: second.bolt11 });

  await lab.settle();
  const { wallets, channels, fees, putIn } = await lab.audit();
  const inWallets = Object.values(wallets).reduce((sum, sat) => sum + sat, 0n);
  expect(inWallets + channels + fees).toBe(putIn);
  await lab.close();
}, 60_000);
