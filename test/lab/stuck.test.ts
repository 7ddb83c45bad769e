/** Closes that wait in the mempool, of channels without anchors. */
import { afterEach, expect, it } from 'vitest';
import { txid } from '../../src/core/bitcoin/index.js';
import { shownHash } from '../../src/core/bytes/index.js';
import { Lab } from '../../src/lab/index.js';

let lab: Lab;
afterEach(() => lab.close());

/** Satoshi per 1000 weight units, as the miners want it. */
const CALM = 500;

async function channel(seed: string): Promise<string> {
  lab = await Lab.create({ seed });
  lab.chain.feerate = CALM * 4;
  for (const name of ['alice', 'bob']) {
    await lab.node(name, { cltvFinal: 24 });
    await lab.fund(name, 3_000_000);
  }
  await lab.connect('alice', 'bob');
  const { id } = lab.get('bob');
  const amounts = { amount: 1_000_000, push_msat: 400_000_000 };
  await lab.rpc('alice', 'fundchannel', { id, ...amounts, channel_type: [12] });
  await lab.settle();
  await lab.mine(6);
  return view('alice')?.channelId as string;
}

const view = (name: string) => lab.get(name).node.api.channels.list()[0];

/** Half of what alice waits for; the rest never comes. */
async function pending(): Promise<number> {
  const half = 50_000_000;
  const asked = { amount_msat: 2 * half, label: 'held', description: 'held' };
  const { payment_hash, payment_secret } = await lab.rpc('alice', 'invoice', asked);
  const { id } = lab.get('alice');
  const to = { id, amount_msat: half, riskfactor: 10, cltv: 24 };
  const { route } = await lab.rpc('bob', 'getroute', to);
  const whole = { partid: 1, amount_msat: 2 * half };
  await lab.rpc('bob', 'sendpay', { route, payment_hash, payment_secret, ...whole });
  await lab.wait(1_000);
  return view('bob')?.htlcs[0]?.cltvExpiry as number;
}

async function mineDear(feeratePerKw: number): Promise<void> {
  lab.chain.mine(1, { minFeerate: feeratePerKw });
  // Estimates are asked for twice a minute.
  await lab.wait(31_000);
  await lab.settle();
}

it("the peer's commitment is in the mempool, ours is refused: our balance pays for the peer's", async () => {
  const id = await channel('theirs waits');
  const expiry = await pending();
  lab.partition('alice', 'bob');
  await lab.rpc('alice', 'close', { id, unilateraltimeout: 1 });
  lab.crash('alice');
  lab.chain.feerate = CALM * 4 * 10;
  await lab.wait(31_000);
  const waiting = lab.chain.mempool.entries().map(({ key }) => key);
  expect(waiting).toHaveLength(1);
  // Bob has to go on the chain for his HTLC, and finds that she was there before.
  await lab.rpc('bob', 'close', { id, unilateraltimeout: 1 });
  while (view('bob')?.status !== 'ONCHAIN') {
    expect(lab.chain.ledger.height).toBeLessThan(expiry - 1);
    await mineDear(CALM * 10);
  }
  expect(lab.chain.ledger.blockOf(waiting[0] as string)).toBeDefined();
  while (lab.chain.ledger.height < expiry + 10) await mineDear(CALM * 10);
  const { payments } = await lab.rpc('bob', 'listsendpays', {});
  expect(payments[0].status).toBe('failed');
  await lab.restart('alice');
}, 60_000);

it('a mutual close waits: what it pays us can be spent with a higher fee', async () => {
  const id = await channel('mutual waits');
  await lab.rpc('alice', 'close', { id });
  lab.crash('bob');
  const close = lab.chain.mempool.entries()[0];
  lab.chain.feerate = CALM * 4 * 10;
  for (let i = 0; i < 7; i++) await mineDear(CALM * 10);
  expect(view('alice')?.status).toBe('CLOSINGD_COMPLETE');
  const txids = shownHash(txid(close?.tx as never));
  const { outputs } = await lab.rpc('alice', 'listfunds');
  const ours = outputs.find((o: { txid: string }) => o.txid === txids);
  expect(ours?.status).toBe('unconfirmed');
  const { address } = await lab.run(lab.get('alice').node.api.wallet.newAddress());
  await lab.rpc('alice', 'withdraw', {
    destination: address,
    satoshi: 'all',
    feerate: '80000perkb',
    minconf: 0,
    utxos: [`${ours.txid}:${ours.output}`],
  });
  await mineDear(CALM * 10);
  expect(view('alice')?.status).toBe('ONCHAIN');
  await lab.restart('bob');
}, 60_000);
