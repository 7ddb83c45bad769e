/** Coins of the wallet that pay for a claim, over restarts. */
import { expect, it } from 'vitest';
import { Lab } from '../../src/lab/index.js';

it('a coin that a start takes for a claim is reserved for it from then on', async () => {
  const lab = await Lab.create({ seed: 'claim coins' });
  try {
    for (const name of ['alice', 'bob']) {
      await lab.node(name);
      await lab.fund(name, 3_000_000);
    }
    await lab.channel('alice', 'bob', 1_000_000);
    // Above the heights that count as a few blocks from the first.
    await lab.mine(2_100);
    lab.ground.feerate = 10_000;
    await lab.wait(60_000);
    const asked = { satoshi: 'all', feerate: '10000perkw', startweight: 400, reserve: 5_000 };
    const { psbt } = await lab.rpc('alice', 'fundpsbt', asked);
    lab.partition('alice', 'bob');
    await lab.rpc('alice', 'close', { id: lab.get('bob').id, unilateraltimeout: 1 });
    await lab.wait(1_000);
    expect(lab.chain.mempool.size).toBe(1);
    await lab.rpc('alice', 'unreserveinputs', { psbt, reserve: 5_000 });
    await lab.restart('alice');
    await lab.wait(1_000);
    expect(lab.chain.mempool.size).toBe(2);
    const { outputs } = await lab.rpc('alice', 'listfunds');
    const coins = outputs.filter((o: { status: string }) => o.status === 'confirmed');
    for (const { reserved, reserved_to_block } of coins) {
      expect(reserved).toBe(true);
      expect(reserved_to_block).toBeGreaterThan(lab.height + 2_000);
    }
  } finally {
    await lab.close();
  }
});
