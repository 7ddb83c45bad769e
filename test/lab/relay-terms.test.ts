import { afterEach, expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

let lab: Lab;
afterEach(() => lab.close());

it('a payer who has not heard of new terms passes by those of before, for as long as setchannel says', async () => {
  lab = await Lab.create({ seed: 'new terms' });
  for (const name of ['alice', 'bob', 'carol']) {
    await lab.node(name);
    await lab.fund(name, 3_000_000);
  }
  await lab.channel('alice', 'bob', 1_000_000);
  await lab.channel('bob', 'carol', 1_000_000);
  const { id } = lab.get('carol');
  const old = await lab.rpc('alice', 'getroute', { id, amount_msat: 10_000_000, riskfactor: 10 });
  const paid = async (label: string): Promise<string> => {
    const asked = { amount_msat: 10_000_000, label, description: label };
    const { payment_hash, payment_secret } = await lab.rpc('carol', 'invoice', asked);
    return lab.rpc('alice', 'sendpay', { route: old.route, payment_hash, payment_secret }).then(
      ({ status }) => status,
      (error) => error.message,
    );
  };
  const carols = { id, feebase: 9_000, enforcedelay: 300 };
  await lab.rpc('bob', 'setchannel', carols);
  expect(await paid('soon after')).toBe('complete');
  await lab.wait(301_000);
  expect(await paid('later')).toContain('fee_insufficient');
  await lab.rpc('bob', 'setchannel', { ...carols, feebase: 20_000, enforcedelay: 0 });
  expect(await paid('at once')).toContain('fee_insufficient');
});

it('a payee who asks for few blocks and relays for many is paid', async () => {
  lab = await Lab.create({ seed: 'few blocks' });
  await lab.node('alice');
  await lab.node('bob', { cltvDelta: 40, cltvFinal: 6 });
  await lab.fund('alice', 3_000_000);
  await lab.channel('alice', 'bob', 1_000_000);
  const asked = { amount_msat: 10_000_000, label: 'a', description: 'a' };
  const { bolt11 } = await lab.rpc('bob', 'invoice', asked);
  expect(await lab.rpc('alice', 'pay', { bolt11 })).toMatchObject({ status: 'complete' });
});
