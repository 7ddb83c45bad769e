import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBitcoind, type TestBitcoind } from '../support/bitcoind.js';
import { type Daemon, LightningNetwork, until } from '../support/daemon.js';

interface Output {
  readonly status: string;
  readonly amount_msat: number;
  readonly reserved: boolean;
}

describe('the wallet of a daemon on a real bitcoind', () => {
  let chain: TestBitcoind;
  let lightning: LightningNetwork;
  let alice: Daemon;

  beforeAll(async () => {
    chain = await startBitcoind({ blocks: 110 });
    lightning = await LightningNetwork.start(chain);
    alice = await lightning.node('alice');
  }, 120_000);
  afterAll(() => lightning?.stop(), 60_000);

  const outputs = async (): Promise<Output[]> => (await alice.call('listfunds')).outputs;
  const total = async (): Promise<number> =>
    (await outputs()).reduce((sum, o) => sum + o.amount_msat, 0);
  const log = (text: RegExp): boolean => text.test(alice.tail(5000));

  it('receives and pays, with signatures and fees that bitcoind accepts', async () => {
    const { p2tr, bech32 } = await alice.call('newaddr', { addresstype: 'all' });
    await chain.send(p2tr, '0.01');
    await chain.send(bech32, '0.02');
    await lightning.mine();
    expect(await total()).toBe(3_000_000_000);

    const destination = await chain.rpc('getnewaddress');
    const paid = { destination, satoshi: 2_500_000, feerate: '2000perkw' };
    const { txid } = await alice.call('withdraw', paid);
    const { vsize, weight, fees } = await chain.rpc('getmempoolentry', txid);
    const fee = Math.round(fees.base * 1e8);
    expect((fee * 1000) / weight).toBeGreaterThanOrEqual(2000);
    expect(fee / vsize).toBeLessThan(8.2);
    await lightning.mine();
    expect(await total()).toBe((3_000_000 - 2_500_000 - fee) * 1000);
    expect(await chain.rpc('getreceivedbyaddress', destination)).toBe(0.025);
  });

  it('takes a reorg back, and has its money again when it is mined again', async () => {
    const { p2tr } = await alice.call('newaddr');
    const before = await total();
    await chain.send(p2tr, '0.003');
    const [hash] = await chain.mine(1);
    await lightning.synced();
    expect(await total()).toBe(before + 300_000_000);
    await chain.rpc('invalidateblock', hash);
    // An empty block more than there were: the payment waits again.
    await chain.rpc('generateblock', await chain.rpc('getnewaddress'), []);
    await chain.rpc('generateblock', await chain.rpc('getnewaddress'), []);
    await lightning.synced();
    const waiting = (await outputs()).find((o) => o.amount_msat === 300_000_000);
    expect(waiting?.status).toBe('unconfirmed');
    await lightning.mine();
    const again = (await outputs()).find((o) => o.amount_msat === 300_000_000);
    expect(again?.status).toBe('confirmed');
  });

  it('waits for a bitcoind that is stopped, says so, and sends when it is back', async () => {
    await chain.halt();
    await until('the log to say what it waits for', () => log(/waiting for bitcoind/));
    expect(await total()).toBeGreaterThan(0);
    const destination = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
    const { txid } = await alice.call('withdraw', { destination, satoshi: 10_000 });
    // The daemon that starts without its bitcoind waits as well.
    const restarted = alice.restart();
    await until('the new daemon to say so', () => log(/: stopped[\s\S]*waiting for bitcoind/));
    await chain.resume();
    await restarted;
    await lightning.mine();
    await until('the payment in the mempool', async () =>
      (await chain.rpc('getrawmempool')).includes(txid),
    );
    await lightning.mine();
    const { transactions } = await alice.call('listtransactions');
    const sent = transactions.find((t: { hash: string }) => t.hash === txid);
    expect(sent.blockheight).toBe(await chain.rpc('getblockcount'));
  }, 90_000);

  it('finds its money again from the secret alone', async () => {
    const funds = await outputs();
    const { readFile, writeFile, mkdir } = await import('node:fs/promises');
    const secret = await readFile(`${alice.dir}/regtest/hsm_secret`);
    await mkdir(`${lightning.dir}/heir/regtest`, { recursive: true });
    await writeFile(`${lightning.dir}/heir/regtest/hsm_secret`, secret, { mode: 0o600 });
    await alice.down();
    const heir = await lightning.node('heir', { args: ['--rescan=-1'] });
    expect(heir.id).toBe(alice.id);
    await heir.restart(['--rescan=100']);
    await lightning.synced();
    const found: Output[] = (await heir.call('listfunds')).outputs;
    const amounts = (list: Output[]) => list.map((o) => o.amount_msat).sort((a, b) => a - b);
    expect(amounts(found)).toEqual(amounts(funds));
  }, 60_000);
});
