import { afterEach, expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

let lab: Lab;
afterEach(() => lab.close());

/** Two nodes with a channel between them, after a payment of 300,000 sat from alice to bob. */
async function withChannel(seed: string) {
  lab = await Lab.create({ seed });
  const alice = await lab.node('alice');
  const bob = await lab.node('bob');
  await lab.fund('alice', 5_000_000);
  await lab.channel('alice', 'bob', 1_000_000);
  const { bolt11 } = await lab.rpc('bob', 'invoice', {
    amount_msat: 300_000_000,
    label: 'first',
    description: 'first',
  });
  await lab.rpc('alice', 'pay', { bolt11 });
  await lab.settle();
  return { alice, bob };
}

/** What the node's wallet holds, in satoshi. */
async function walletOf(name: string): Promise<number> {
  const { outputs } = await lab.rpc(name, 'listfunds');
  const sum = (total: number, o: { amount_msat: number }) => total + Number(o.amount_msat) / 1000;
  return outputs.reduce(sum, 0);
}

it('a lost store, and the file: the peer closes, and what is ours comes to the wallet', async () => {
  await withChannel('file');
  await lab.loseStore('bob');
  await lab.restart('bob');
  expect((await lab.rpc('bob', 'listpeerchannels')).channels).toEqual([]);
  const { stubs } = await lab.rpc('bob', 'emergencyrecover');
  expect(stubs).toHaveLength(1);
  await lab.settle();
  await lab.mine(1);
  await lab.mine(10);
  expect(await walletOf('bob')).toBeGreaterThan(290_000);
  await lab.mine(10);
  expect(await walletOf('alice')).toBeGreaterThan(4_600_000);
});
