/** Closes that a reorg takes out of the chain, while no mempool remembers them. */
import { afterEach, expect, it } from 'vitest';
import type { StoredBlock } from '../../src/adapters/chain/embedded/index.js';
import { Lab } from '../../src/lab/index.js';

let lab: Lab;
afterEach(() => lab.close());

async function channel(seed: string): Promise<string> {
  lab = await Lab.create({ seed });
  for (const name of ['alice', 'bob']) {
    await lab.node(name);
    await lab.fund(name, 2_000_000);
  }
  await lab.channel('alice', 'bob', 1_000_000, { pushMsat: 400_000_000 });
  return view('alice')?.channelId as string;
}

const view = (name: string) => lab.get(name).node.api.channels.list()[0];

/** The last blocks are replaced by empty ones, and everything in them is forgotten. */
async function takeBack(blocks: number): Promise<void> {
  const { ledger, mempool } = lab.chain;
  lab.chain.invalidate(ledger.at(ledger.height - blocks + 1) as StoredBlock);
  mempool.clear();
  lab.chain.mine(blocks + 1);
  await lab.settle();
}

it.each([
  ['its own commitment', 'alice'],
  ["the peer's commitment", 'bob'],
] as const)('%s: said again after a restart, by the one who is there', async (_, closer) => {
  const id = await channel(`taken back from ${closer}`);
  lab.partition('alice', 'bob');
  await lab.rpc(closer, 'close', { id, unilateraltimeout: 1 });
  lab.crash('bob');
  await lab.mine(3);
  expect(view('alice')?.status).toBe('ONCHAIN');
  await takeBack(3);
  expect(view('alice')?.status).toBe('FUNDING_SPEND_SEEN');
  // The power is gone, and with it what the node had in memory; the mempool forgets as well.
  lab.chain.mempool.clear();
  await lab.restart('alice');
  await lab.settle();
  await lab.mine(2);
  expect(view('alice')?.status).toBe('ONCHAIN');
  await lab.mine(10);
  await lab.mine(120);
  expect(view('alice')).toBeUndefined();
  const { outputs } = await lab.rpc('alice', 'listfunds');
  let sum = 0;
  for (const o of outputs) if (o.status === 'confirmed') sum += Number(o.amount_msat) / 1000;
  expect(sum).toBeGreaterThan(1_590_000);
  await lab.restart('bob');
});
