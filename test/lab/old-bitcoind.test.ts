/** Sources of the chain that know less than today's. */
import { afterEach, expect, it, vi } from 'vitest';
import { EmbeddedChainPort } from '../../src/adapters/chain/embedded/index.js';
import { Lab } from '../../src/lab/index.js';

afterEach(() => void vi.restoreAllMocks());

it('a commitment is paid for where packages are refused, as its own mempool has it', async () => {
  vi.spyOn(EmbeddedChainPort.prototype, 'broadcastPackage').mockResolvedValue({
    kind: 'refused',
    reason: 'submitpackage is for regression testing (-regtest mode) only',
  });
  const lab = await Lab.create({ seed: 'no packages' });
  try {
    for (const name of ['alice', 'bob']) {
      await lab.node(name);
      await lab.fund(name, 3_000_000);
    }
    await lab.channel('alice', 'bob', 1_000_000);
    lab.ground.feerate = 10_000;
    await lab.wait(60_000);
    lab.partition('alice', 'bob');
    await lab.rpc('alice', 'close', { id: lab.get('bob').id, unilateraltimeout: 1 });
    await lab.wait(1_000);
    // The commitment, and what spends alice's anchor.
    expect(lab.chain.mempool.size).toBe(2);
  } finally {
    await lab.close();
  }
});
