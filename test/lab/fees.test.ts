/** Closes that wait in the mempool while fees rise, and sweeps that go where they should. */
import { afterEach, expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

let lab: Lab;
afterEach(() => lab.close());

/** Satoshi per 1000 weight units, as the miners want it. */
const CALM = 500;

async function channel(seed: string, options: object = {}): Promise<void> {
  lab = await Lab.create({ seed });
  lab.chain.feerate = CALM * 4;
  for (const name of ['alice', 'bob']) {
    await lab.node(name, { cltvFinal: 24 });
    await lab.fund(name, 3_000_000);
  }
  await lab.connect('alice', 'bob');
  const { id } = lab.get('bob');
  const amounts = { amount: 1_000_000, push_msat: 400_000_000 };
  await lab.rpc('alice', 'fundchannel', { id, ...amounts, ...options });
  await lab.settle();
  await lab.mine(6);
}

const view = (name: string) => lab.get(name).node.api.channels.list()[0];

/** Half of what bob waits for; the rest never comes. */
async function pending(): Promise<void> {
  const amount_msat = 50_000_000;
  const label = 'held';
  const asked = { amount_msat: 2 * amount_msat, label, description: label };
  const { payment_hash, payment_secret } = await lab.rpc('bob', 'invoice', asked);
  const { id } = lab.get('bob');
  const { route } = await lab.rpc('alice', 'getroute', {
    id,
    amount_msat,
    riskfactor: 10,
    cltv: 24,
  });
  const whole = { partid: 1, amount_msat: 2 * amount_msat };
  await lab.rpc('alice', 'sendpay', { route, payment_hash, payment_secret, ...whole });
  await lab.wait(1_000);
  expect(view('bob')?.htlcs).toHaveLength(1);
}

/** A block of those who pay so much; every node sees it. */
async function mineDear(feeratePerKw: number): Promise<void> {
  lab.chain.mine(1, { minFeerate: feeratePerKw });
  // Estimates are asked for twice a minute.
  await lab.wait(31_000);
  await lab.settle();
}

it.each(['alice', 'bob'])(
  'fees rise tenfold while the commitment of %s waits: it confirms before the earliest expiry',
  async (closer) => {
    await channel(`tenfold ${closer}`);
    await pending();
    const expiry = view('alice')?.htlcs[0]?.cltvExpiry as number;
    lab.partition('alice', 'bob');
    // The closer is alone with it: the other side does not help.
    lab.crash(closer === 'alice' ? 'bob' : 'alice');
    await lab.rpc(closer, 'close', { id: view(closer)?.channelId, unilateraltimeout: 1 });
    expect(view(closer)?.status).toBe('AWAITING_UNILATERAL');
    lab.chain.feerate = CALM * 4 * 10;
    while (view(closer)?.status !== 'ONCHAIN') {
      expect(lab.chain.ledger.height).toBeLessThan(expiry - 1);
      await mineDear(CALM * 10);
    }
    expect(lab.chain.ledger.height).toBeLessThan(expiry);
    while (lab.chain.ledger.height < expiry + 10) await mineDear(CALM * 10);
    if (closer === 'alice') {
      const { payments } = await lab.rpc('alice', 'listsendpays', {});
      expect(payments[0].status).toBe('failed');
    }
    await lab.restart(closer === 'alice' ? 'bob' : 'alice');
  },
  60_000,
);

it('a close was to pay a stranger: what is claimed on the chain comes to the wallet', async () => {
  const stranger = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
  await channel('stranger', { close_to: stranger });
  lab.crash('bob');
  await lab.rpc('alice', 'close', { id: view('alice')?.channelId, unilateraltimeout: 1 });
  for (let i = 0; i < 12; i++) await lab.mine(1);
  const { outputs } = await lab.rpc('alice', 'listfunds');
  const held = (sum: number, o: { amount_msat: number }) => sum + Number(o.amount_msat) / 1000;
  expect(
    outputs.filter((o: { status: string }) => o.status !== 'spent').reduce(held, 0),
  ).toBeGreaterThan(2_580_000);
  await lab.restart('bob');
});
