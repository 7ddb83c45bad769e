/** What is kept back for the emergencies of channels: only while one could need it. */
import { afterEach, expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

let lab: Lab;
afterEach(() => lab.close());

const RESERVE = 25_000;

async function pair(seed: string): Promise<string> {
  lab = await Lab.create({ seed });
  await lab.node('alice');
  const bob = await lab.node('bob');
  await lab.fund('alice', 1_000_000);
  await lab.connect('alice', 'bob');
  return bob.id;
}

async function walletOf(name: string): Promise<number> {
  const { outputs } = await lab.rpc(name, 'listfunds');
  const unspent = outputs.filter((o: { status: string }) => o.status !== 'spent');
  return unspent.reduce(
    (s: number, o: { amount_msat: number }) => s + Number(o.amount_msat) / 1000,
    0,
  );
}

it('a channel without anchors takes all there is', async () => {
  const id = await pair('without anchors');
  await lab.rpc('alice', 'fundchannel', { id, amount: 'all', channel_type: [12] });
  await lab.mine(6);
  expect(await walletOf('alice')).toBe(0);
});

it('a channel with anchors leaves the reserve, and so do withdrawals while it is there', async () => {
  const id = await pair('with anchors');
  const { channel_id } = await lab.rpc('alice', 'fundchannel', {
    id,
    amount: 'all',
    channel_type: [12, 22],
  });
  await lab.mine(6);
  expect(await walletOf('alice')).toBe(RESERVE);
  await lab.fund('alice', 100_000);
  const { address } = await lab.run(lab.get('bob').node.api.wallet.newAddress());
  await lab.rpc('alice', 'withdraw', { destination: address, satoshi: 'all' });
  await lab.mine(1);
  expect(await walletOf('alice')).toBe(RESERVE);
  await lab.rpc('alice', 'close', { id: channel_id });
  await lab.mine(1);
  await lab.mine(110);
  await lab.rpc('alice', 'withdraw', { destination: address, satoshi: 'all' });
  await lab.mine(1);
  expect(await walletOf('alice')).toBe(0);
});
