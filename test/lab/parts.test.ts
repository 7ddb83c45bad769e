import { expect, it } from 'vitest';
import { Lab, type LabRpcError } from '../../src/lab/index.js';

/** alice - bob - carol and alice - dave - carol, each channel of 1,000,000 sat. */
async function diamond(seed: string): Promise<Lab> {
  const lab = await Lab.create({ seed });
  for (const name of ['alice', 'bob', 'carol', 'dave']) await lab.node(name);
  for (const [from, to] of [
    ['alice', 'bob'],
    ['bob', 'carol'],
    ['alice', 'dave'],
    ['dave', 'carol'],
  ] as const) {
    await lab.fund(from, 2_000_000);
    await lab.channel(from, to, 1_000_000);
  }
  await lab.settle();
  return lab;
}

const failure = (call: Promise<unknown>): Promise<LabRpcError> =>
  call.then(
    () => {
      throw new Error('it succeeded');
    },
    (error: LabRpcError) => error,
  );

it('pay takes both ways where neither alone has the amount', async () => {
  const lab = await diamond('parts');
  const amount_msat = 1_500_000_000;
  const made = await lab.rpc('carol', 'invoice', { amount_msat, label: 'a', description: 'b' });
  const paid = await lab.rpc('alice', 'pay', { bolt11: made.bolt11 });
  expect(paid).toMatchObject({ status: 'complete', amount_msat, parts: 2 });
  expect((await lab.rpc('carol', 'listinvoices', { label: 'a' })).invoices[0]).toMatchObject({
    status: 'paid',
    amount_received_msat: amount_msat,
  });
  await lab.settle();
  const { pays } = await lab.rpc('alice', 'listpays', { bolt11: made.bolt11 });
  expect(pays).toMatchObject([{ status: 'complete', number_of_parts: 2, amount_msat }]);
  await lab.close();
});

it('more than the payee can take in: an error with the figures, and nothing stays in flight', async () => {
  const lab = await diamond('too much');
  const made = await lab.rpc('carol', 'invoice', {
    amount_msat: 3_000_000_000,
    label: 'a',
    description: 'b',
  });
  const error = await failure(lab.rpc('alice', 'pay', { bolt11: made.bolt11 }));
  expect(error.code).toBe(205);
  expect(error.message).toMatch(/capacity/);
  await lab.settle();
  const { payments } = await lab.rpc('alice', 'listsendpays', { status: 'pending' });
  expect(payments).toEqual([]);
  expect((await lab.rpc('carol', 'listinvoices', {})).invoices[0].status).toBe('unpaid');
  await lab.close();
});

it('a payer that loses power in the middle of its parts: all of it arrives, or nothing', async () => {
  const lab = await diamond('power');
  const amount_msat = 1_500_000_000;
  const made = await lab.rpc('carol', 'invoice', { amount_msat, label: 'a', description: 'b' });
  const { payment_hash, payment_secret } = made;
  const { route } = await lab.rpc('alice', 'getroute', {
    id: lab.get('carol').id,
    amount_msat: 750_000_000,
    riskfactor: 10,
  });
  const first = { route, payment_hash, payment_secret, partid: 1, amount_msat };
  expect(await lab.rpc('alice', 'sendpay', first)).toMatchObject({ status: 'pending' });
  await lab.wait(5_000);
  await lab.get('alice').crash();
  await lab.wait(1_000);
  await lab.get('alice').start();
  // The second part never comes: carol gives up after a minute, and the first one fails.
  await lab.wait(120_000);
  const { payments } = await lab.rpc('alice', 'listsendpays', { payment_hash });
  expect(payments).toMatchObject([{ status: 'failed', partid: 1 }]);
  const waited = await failure(lab.rpc('alice', 'waitsendpay', { payment_hash, partid: 1 }));
  expect(waited).toMatchObject({ code: 203, data: { failcodename: 'WIRE_MPP_TIMEOUT' } });
  // Another try brings it all.
  expect(await lab.rpc('alice', 'pay', { bolt11: made.bolt11 })).toMatchObject({ parts: 2 });
  await lab.close();
});
