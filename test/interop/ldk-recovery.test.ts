import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, until } from '../support/daemon.js';
import { CHANNEL_TYPES, LdkNetwork } from '../support/ldk-network.js';

/** Our store is lost, and rust-lightning has the other end of the channel. */
describe.each(CHANNEL_TYPES)('a store is lost, with rust-lightning, $type', ({ anchors }) => {
  let network: LdkNetwork;
  let lightning: LdkNetwork['lightning'];
  let alice: Daemon;
  let ldk: LdkNetwork['ldk'];

  beforeAll(async () => {
    network = await LdkNetwork.start('recovery', anchors);
    ({ lightning, ldk } = network);
    alice = await lightning.node('alice');
    await lightning.fund(alice, 2_000_000);
  }, 60_000);
  afterAll(() => network?.stop(), 30_000);
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(network?.tails());
  });

  it('it closes when our channel_reestablish and error say so, and we claim what is ours', async () => {
    await alice.call('connect', { id: ldk.nodeId, host: '127.0.0.1', port: ldk.port });
    const funding = { id: ldk.nodeId, amount: 1_000_000 };
    const { channel_id } = await alice.call('fundchannel', funding);
    await lightning.mine(6);
    await ldk.usable(alice.id);
    await lightning.ready(alice);
    await alice.call('pay', { bolt11: ldk.invoice(200_000_000, 'before the loss') });

    const folder = join(alice.dir, 'regtest');
    await alice.kill();
    for (const name of readdirSync(folder))
      if (name.startsWith('lightningd.sqlite3')) rmSync(join(folder, name));
    await alice.up(['--rescan=-1']);
    await lightning.synced();
    expect((await alice.call('emergencyrecover')).stubs).toEqual([channel_id]);
    const ours = async (): Promise<boolean> => {
      const { outputs } = await alice.call('listfunds');
      const confirmed = outputs.filter((o: { status: string }) => o.status === 'confirmed');
      const sum = confirmed.reduce((s: number, o: { amount_msat: number }) => s + o.amount_msat, 0);
      return sum > 1_700_000_000;
    };
    await until(
      'the money of alice',
      async () => {
        if (await ours()) return true;
        await lightning.mine();
        return false;
      },
      60_000,
    );
  }, 120_000);
});
