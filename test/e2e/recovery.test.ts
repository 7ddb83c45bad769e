import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBitcoind, type TestBitcoind } from '../support/bitcoind.js';
import { type Daemon, LightningNetwork, until } from '../support/daemon.js';

describe('daemons on a real bitcoind', () => {
  let chain: TestBitcoind;
  let lightning: LightningNetwork;
  let alice: Daemon;

  beforeAll(async () => {
    chain = await startBitcoind({ blocks: 110 });
    lightning = await LightningNetwork.start(chain);
    alice = await lightning.node('alice');
    await lightning.fund(alice, 10_000_000);
  }, 120_000);
  afterAll(() => lightning?.stop(), 60_000);

  /** In the wallet, confirmed, in satoshi. */
  const walletOf = async (node: Daemon): Promise<number> => {
    const { outputs } = await node.call('listfunds');
    const confirmed = outputs.filter((o: { status: string }) => o.status === 'confirmed');
    return confirmed.reduce((s: number, o: { amount_msat: number }) => s + o.amount_msat / 1000, 0);
  };

  const folder = (node: Daemon) => join(node.dir, 'regtest');

  /** kill -9, and the store is deleted; `emergency.recover` too where it is `also`. */
  async function lose(node: Daemon, also: boolean): Promise<void> {
    await node.kill();
    for (const name of readdirSync(folder(node)))
      if (name.startsWith('lightningd.sqlite3') || (also && name.startsWith('emergency')))
        rmSync(join(folder(node), name));
  }

  const mineUntil = (what: string, done: () => Promise<boolean>) =>
    until(
      what,
      async () => {
        if (await done()) return true;
        await lightning.mine();
        return false;
      },
      60_000,
    );

  it('multifundchannel: three channels by one transaction, each with a payment', async () => {
    const names = ['bob', 'carol', 'dave'];
    const peers: Daemon[] = [];
    for (const name of names) peers.push(await lightning.node(name));
    const { txid, channel_ids } = await alice.call('multifundchannel', {
      destinations: peers.map(({ id, port }) => ({ id: `${id}@127.0.0.1:${port}`, amount: 1e6 })),
    });
    expect(channel_ids).toHaveLength(3);
    expect(await chain.rpc('getrawmempool')).toEqual([txid]);
    await lightning.mine(6);
    await lightning.ready(alice);
    for (const peer of peers) {
      const amount_msat = 400_000_000;
      const invoice = { amount_msat, label: 'x', description: 'x' };
      const { bolt11 } = await peer.call('invoice', invoice);
      await alice.call('pay', { bolt11 });
    }
  }, 120_000);

  it('the seed with the static backup gets back what was in the channel', async () => {
    const bob = lightning.nodes[1] as Daemon;
    const { channels } = await bob.call('listpeerchannels');
    await lose(bob, false);
    await bob.up(['--rescan=-1']);
    await lightning.synced();
    const { stubs } = await bob.call('emergencyrecover');
    expect(stubs).toEqual([channels[0].channel_id]);
    await mineUntil('the money of bob', async () => (await walletOf(bob)) > 390_000);
  }, 120_000);

  it('the seed with what a peer kept does so, too', async () => {
    const carol = lightning.nodes[2] as Daemon;
    await lose(carol, true);
    await carol.up(['--rescan=-1']);
    await lightning.synced();
    await carol.call('connect', { id: alice.id, host: '127.0.0.1', port: alice.port });
    await until('the backup from alice', async () => {
      return (await carol.call('staticbackup')).scb.length === 1;
    });
    expect((await carol.call('emergencyrecover')).stubs).toHaveLength(1);
    await mineUntil('the money of carol', async () => (await walletOf(carol)) > 390_000);
  }, 120_000);

  it('the seed alone finds what the peer’s close paid', async () => {
    const dave = lightning.nodes[3] as Daemon;
    await lose(dave, true);
    await dave.up(['--rescan=-1']);
    await mineUntil('the money of dave', async () => (await walletOf(dave)) > 390_000);
  }, 120_000);
});
