import { describe, expect, it } from 'vitest';
import { World } from '../../support/peers.js';

describe('a kept peer', () => {
  it('is called again after its connection broke', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    alice.peers.keep(bob.id);
    await world.clock.settleNow();
    expect(alice.table.rows.get(bob.id)).toMatchObject({ address: 'bob:9735' });
    world.net.cut('alice', 'bob');
    await world.until(() => alice.connected.length === 2, 10_000);
    expect(alice.peers.list()).toMatchObject([{ nodeId: bob.id, kept: true }]);
  });

  it('that is away is called later and later, and found when it is back', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    alice.peers.keep(bob.id);
    let calls = 0;
    world.net.onEvent = (event) => {
      if (event.kind === 'refused') calls++;
    };
    await bob.peers.stop();
    await world.clock.advance(3_600_000);
    expect(calls).toBeGreaterThan(10);
    expect(calls).toBeLessThan(40);
    expect(alice.peers.connected(bob.id)).toBeUndefined();
    expect(alice.peers.list()).toEqual([{ nodeId: bob.id, kept: true }]);
    await world.node('bob', { table: bob.table });
    await world.until(() => alice.connected.length === 2, 400_000);
  });

  it('whose connections keep breaking is called soon after each that held for a while', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    alice.peers.keep(bob.id);
    for (let breaks = 1; breaks <= 8; breaks++) {
      await world.clock.advance(10_000);
      world.net.cut('alice', 'bob');
      await world.until(() => alice.connected.length === breaks + 1, 2_000);
    }
  });

  it('is called after a restart, and its stored address outlives an early keep', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    alice.peers.keep(bob.id);
    await world.clock.settleNow();
    await alice.peers.stop();
    await world.clock.advance(1_000);
    const again = await world.node('alice', { table: alice.table });
    again.peers.keep(bob.id);
    await world.until(() => again.connected.length === 1, 10_000);
  });

  it('that called us is called at an address that gossip knows', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob', { addresses: () => [alice.address] });
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    await world.until(() => bob.connected.length === 1);
    bob.peers.keep(alice.id);
    await world.clock.settleNow();
    expect(bob.table.rows.get(alice.id)?.address).toBe('');
    world.net.cut('alice', 'bob');
    await world.until(() => bob.connected.length === 2, 10_000);
    expect(bob.connected[1]?.direction).toBe('out');
  });

  it('that is released is forgotten', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    alice.peers.keep(bob.id);
    alice.peers.release(bob.id);
    await world.clock.settleNow();
    expect(alice.table.rows.size).toBe(0);
    world.net.cut('alice', 'bob');
    await world.clock.advance(60_000);
    expect(alice.connected).toHaveLength(1);
  });

  it.each([1, 2, 3])('kept by both sides comes back as one connection (%i)', async (n) => {
    const world = new World(`both ${n}`);
    const alice = await world.node('alice');
    const bob = await world.node('bob', { addresses: () => [alice.address] });
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    alice.peers.keep(bob.id);
    bob.peers.keep(alice.id);
    for (let i = 0; i < 5; i++) {
      world.net.cut('alice', 'bob');
      await world.clock.advance(120_000);
      const pair = [alice.peers.connected(bob.id), bob.peers.connected(alice.id)];
      expect(pair.map((info) => info?.direction).sort()).toEqual(['in', 'out']);
    }
  });
});
