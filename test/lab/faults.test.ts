import { afterEach, describe, expect, it, vi } from 'vitest';
import { sat } from '../../src/core/bytes/index.js';
import { Lab } from '../../src/lab/index.js';

vi.setConfig({ testTimeout: 60_000 });

describe('bad luck in the lab', () => {
  let lab: Lab;
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(lab?.trace.text(80));
    await lab?.close();
  });

  /** alice -- bob -- carol. */
  async function line(seed: string): Promise<void> {
    lab = await Lab.create({ seed });
    for (const name of ['alice', 'bob', 'carol']) await lab.node(name);
    for (const name of ['alice', 'bob']) await lab.fund(name, 3_000_000);
    await lab.channel('alice', 'bob', 1_000_000);
    await lab.channel('bob', 'carol', 1_000_000);
    await lab.wait(10_000);
  }

  const invoice = (label: string, amount_msat = 5_000_000) =>
    lab.rpc('carol', 'invoice', { amount_msat, label, description: label });
  const status = async (label: string) =>
    (await lab.rpc('carol', 'listinvoices', { label })).invoices[0].status;
  const states = async () => {
    const all = [];
    for (const { name } of lab.nodes)
      for (const c of (await lab.rpc(name, 'listpeerchannels')).channels) all.push(c.state);
    return all;
  };

  it('a node whose chain is away goes on paying, and catches up with the blocks after it', async () => {
    await line('chain away');
    lab.chainAway('alice');
    await lab.mine(3);
    const { bolt11 } = await invoice('meanwhile');
    expect((await lab.rpc('alice', 'pay', { bolt11 })).status).toBe('complete');
    lab.chainBack('alice');
    await lab.wait(60_000);
    expect((await lab.rpc('alice', 'getinfo')).blockheight).toBe(lab.chain.ledger.height);
  });

  it('a partition in the middle of a payment: it ends once the network heals', async () => {
    await line('partition');
    const { bolt11 } = await invoice('held');
    const paying = lab.rpc('alice', 'pay', { bolt11, retry_for: 3600 });
    await lab.wait(60);
    lab.partition('bob', 'carol');
    await lab.wait(20_000);
    lab.heal('bob', 'carol');
    expect((await paying).status).toBe('complete');
    expect(await status('held')).toBe('paid');
  });

  it.each(['crash before', 'crash after'] as const)(
    'the relay loses power at each of its commits of a payment, %s it: nothing is lost',
    async (fate) => {
      await line(`relay ${fate}`);
      for (let commit = 0; commit < 9; commit++) {
        const { bolt11 } = await invoice(`${commit}`);
        lab.commitFate('bob', fate, commit);
        const paying = lab.rpc('alice', 'pay', { bolt11, retry_for: 30 }).then(
          () => 'complete',
          () => 'failed',
        );
        await lab.wait(5_000);
        lab.commitFate('bob', 'durable');
        if (!lab.get('bob').running) await lab.restart('bob');
        for (const [from, to] of [
          ['alice', 'bob'],
          ['carol', 'bob'],
        ] as const)
          await lab.connect(from, to);
        const outcome = await paying;
        expect(await status(`${commit}`)).toBe(outcome === 'complete' ? 'paid' : 'unpaid');
      }
      await lab.settle();
      expect(new Set(await states())).toEqual(new Set(['CHANNELD_NORMAL']));
      expect((await lab.audit()).inFlightMsat).toBe(0n);
    },
  );

  it('a disk that fails ends the node at once, and a new start finds all as it was', async () => {
    await line('disk');
    const { bolt11 } = await invoice('first');
    await lab.rpc('alice', 'pay', { bolt11 });
    lab.commitFate('bob', 'fail');
    const next = await invoice('second');
    const paying = lab.rpc('alice', 'pay', { bolt11: next.bolt11, retry_for: 30 }).then(
      () => 'complete',
      () => 'failed',
    );
    await lab.wait(2_000);
    expect(lab.get('bob').running).toBe(false);
    expect(String(lab.get('bob').lastFatal)).toContain('disk');
    await lab.restart('bob');
    const outcome = await paying;
    expect(await status('second')).toBe(outcome === 'complete' ? 'paid' : 'unpaid');
    await lab.wait(60_000);
    await lab.audit();
  });

  it('a block whose coins do not come to the disk stops the node, which reads it again', async () => {
    lab = await Lab.create({ seed: 'a full disk' });
    const alice = await lab.node('alice');
    const { scriptPubkey } = await alice.node.api.wallet.newAddress();
    await lab.ground.give(scriptPubkey, sat(70_000));
    await lab.wait(5_000);
    // The first commit of the block is the wallet's.
    lab.commitFate('alice', 'fail');
    await lab.ground.mine(1);
    await lab.wait(5_000);
    expect(String(alice.lastFatal)).toContain('disk');
    await lab.restart('alice');
    await lab.wait(5_000);
    const { outputs } = await lab.rpc('alice', 'listfunds');
    expect(outputs).toMatchObject([{ amount_msat: 70_000_000, status: 'confirmed' }]);
  });

  it('a reorg takes the newest channel out of its block and back in: it is used all the same', async () => {
    await line('reorg');
    await lab.reorg(3);
    const { bolt11 } = await invoice('after the reorg');
    expect((await lab.rpc('alice', 'pay', { bolt11 })).status).toBe('complete');
    await lab.audit();
  });
});
