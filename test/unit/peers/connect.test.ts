import { describe, expect, it } from 'vitest';
import { EMPTY } from '../../../src/core/bytes/index.js';
import { featureBits } from '../../../src/core/wire/index.js';
import { CHAIN, identity, initOf, World } from '../../support/peers.js';

describe('connecting', () => {
  it('two nodes exchange inits and both know who the other is', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    const result = await world.settle(alice.peers.connect(bob.id, 'bob', 9735));
    expect(result).toMatchObject({
      ok: true,
      value: { nodeId: bob.id, direction: 'out', address: { host: 'bob', port: 9735 } },
    });
    await world.until(() => bob.connected.length === 1);
    expect(bob.connected[0]).toMatchObject({ nodeId: alice.id, direction: 'in' });
    expect(alice.peers.list()).toMatchObject([{ nodeId: bob.id, kept: false }]);
    expect(alice.peers.connected(bob.id)?.features).toEqual(featureBits([7, 12, 23]));
  });

  it('connecting to a connected peer answers at once', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    expect(await alice.peers.connect(bob.id)).toMatchObject({ ok: true });
    expect(alice.connected).toHaveLength(1);
  });

  it('two calls at the same time share one connection', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    const both = [alice.peers.connect(bob.id, 'bob'), alice.peers.connect(bob.id, 'bob')];
    expect(await world.settle(Promise.all(both))).toMatchObject([{ ok: true }, { ok: true }]);
    expect(alice.connected).toHaveLength(1);
  });

  it.each([1, 2, 3, 4, 5])(
    'calls that cross leave one connection on both sides (%i)',
    async (n) => {
      const world = new World(`crossing ${n}`);
      const alice = await world.node('alice');
      const bob = await world.node('bob');
      const both = [alice.peers.connect(bob.id, 'bob'), bob.peers.connect(alice.id, 'alice')];
      expect(await world.settle(Promise.all(both))).toMatchObject([{ ok: true }, { ok: true }]);
      await world.clock.advance(5_000);
      const [a, b] = [alice.peers.connected(bob.id), bob.peers.connected(alice.id)];
      expect(new Set([a?.direction, b?.direction])).toEqual(new Set(['in', 'out']));
      expect(alice.peers.send(bob.id, { kind: 'warning', channelId: CHAIN, data: EMPTY })).toBe(
        true,
      );
      await world.until(() => bob.received.length === 1);
    },
  );

  it('a newer connection of a peer replaces the older one', async () => {
    const world = new World();
    const bob = await world.node('bob');
    const first = await world.friend('carol', bob);
    await world.clock.advance(10_000);
    const second = await world.friend('carol', bob);
    await world.until(() => first.closed);
    expect(bob.disconnected).toMatchObject([{ code: 'replaced' }]);
    expect(bob.connected).toHaveLength(2);
    expect(second.closed).toBe(false);
  });

  it('without an address: no_known_address', async () => {
    const alice = await new World().node('alice');
    expect(await alice.peers.connect(identity('nobody').id)).toEqual({
      ok: false,
      error: { code: 'no_known_address' },
    });
  });

  it('where nobody listens: all_addresses_failed, with the cause of each address', async () => {
    const world = new World();
    const { id } = identity('bob');
    const alice = await world.node('alice', {
      addresses: () => [
        { host: 'bob', port: 1 },
        { host: 'bob', port: 2 },
      ],
    });
    const result = await world.settle(alice.peers.connect(id));
    expect(result).toMatchObject({ ok: false, error: { code: 'all_addresses_failed' } });
    expect(JSON.stringify(result)).toMatch(/bob:1: .*refused.*; bob:2: .*refused/);
  });

  it('an address that fails is followed by one that gossip knows', async () => {
    const world = new World();
    const bob = await world.node('bob');
    const alice = await world.node('alice', { addresses: () => [bob.address] });
    const result = await world.settle(alice.peers.connect(bob.id, 'bob', 1));
    expect(result).toMatchObject({ ok: true, value: { address: bob.address } });
  });

  it('with another node id than the one that listens: all_addresses_failed', async () => {
    const world = new World();
    await world.node('bob');
    const alice = await world.node('alice');
    const result = await world.settle(alice.peers.connect(identity('carol').id, 'bob'));
    expect(result).toMatchObject({ ok: false, error: { code: 'all_addresses_failed' } });
  });

  it('to itself: refused', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const result = await world.settle(alice.peers.connect(alice.id, 'alice'));
    expect(result).toMatchObject({ ok: false, error: { code: 'all_addresses_failed' } });
  });

  it('to a node on another chain: disconnected_during, with the reason', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob', { chainHash: new Uint8Array(32).fill(9) });
    const result = await world.settle(alice.peers.connect(bob.id, 'bob'));
    expect(result).toMatchObject({ ok: false, error: { code: 'disconnected_during' } });
    expect(JSON.stringify(result)).toContain('no chain in common');
    expect(alice.connected).toEqual([]);
  });

  it('a stop ends calls, connections and listening', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    await bob.peers.stop();
    await world.until(() => alice.disconnected.length === 1);
    expect(bob.disconnected).toMatchObject([{ code: 'stopping' }]);
    const again = await world.settle(alice.peers.connect(bob.id, 'bob'));
    expect(again).toMatchObject({ ok: false, error: { code: 'all_addresses_failed' } });
  });
});

describe('receive init', () => {
  const refused = async (init: ReturnType<typeof initOf>) => {
    const world = new World();
    const bob = await world.node('bob');
    const carol = await world.handmade('carol', bob);
    carol.say(init);
    await world.until(() => carol.closed);
    expect(bob.connected).toEqual([]);
    return carol.heardOf('warning').map((w) => Buffer.from(w.data).toString());
  };

  it('(unknown even feature): warning and close', async () => {
    const said = await refused(initOf({ features: featureBits([12, 100]) }));
    expect(said[0]).toContain('feature bit 100');
  });

  it('(unknown even feature in globalfeatures): warning and close', async () => {
    const said = await refused(initOf({ globalfeatures: featureBits([100]) }));
    expect(said[0]).toContain('feature bit 100');
  });

  it('(no chain in common): warning and close', async () => {
    const said = await refused(initOf({ tlvs: { networks: [new Uint8Array(32)] } }));
    expect(said[0]).toContain('no chain in common');
  });

  it('(no networks at all): accepted', async () => {
    const world = new World();
    const bob = await world.node('bob');
    const carol = await world.handmade('carol', bob);
    carol.say(initOf({ tlvs: {} }));
    await world.until(() => bob.connected.length === 1);
  });

  it('(not the first message): closed without an answer', async () => {
    const world = new World();
    const bob = await world.node('bob');
    const carol = await world.handmade('carol', bob);
    carol.say({ kind: 'ping', numPongBytes: 1, ignored: EMPTY });
    await world.until(() => carol.closed);
    expect(carol.heard.map((m) => m.kind)).toEqual(['init']);
  });

  it('(never): closed after the handshake time', async () => {
    const world = new World();
    const bob = await world.node('bob');
    const carol = await world.handmade('carol', bob);
    await world.until(() => carol.closed, 40_000);
    expect(carol.heard[0]?.kind).toBe('init');
  });

  it('of a stranger, where there are strangers enough: closed; a kept peer finds a place', async () => {
    const world = new World();
    const bob = await world.node('bob', { limits: { incoming: 2 } });
    bob.peers.keep(identity('dave').id);
    await world.friend('anna', bob);
    await world.friend('bela', bob);
    const carol = await world.friend('carol', bob);
    expect(carol.closed).toBe(true);
    const dave = await world.friend('dave', bob);
    expect(dave.closed).toBe(false);
    expect(bob.connected).toHaveLength(3);
  });

  it('a caller that says nothing is closed after the handshake time', async () => {
    const world = new World();
    const bob = await world.node('bob');
    const connection = await world.dial('carol', bob);
    let closed = false;
    connection.onClose(() => {
      closed = true;
    });
    connection.onData(() => {});
    await world.until(() => closed, 40_000);
  });
});
