import { describe, expect, it } from 'vitest';
import { EMPTY, hex } from '../../../src/core/bytes/index.js';
import { encodeMessage, type Message } from '../../../src/core/wire/index.js';
import { World } from '../../support/peers.js';

const channelId = new Uint8Array(32).fill(3);
const updateFee = (feeratePerKw: number): Message => ({
  kind: 'updateFee',
  channelId,
  feeratePerKw,
});
const gossip: Message = {
  kind: 'gossipTimestampFilter',
  chainHash: channelId,
  firstTimestamp: 0,
  timestampRange: 1,
};

async function meeting(limits = {}) {
  const world = new World();
  const bob = await world.node('bob', { limits });
  const carol = await world.friend('carol', bob);
  return { world, bob, carol };
}

describe('messages', () => {
  it('arrive in the order in which they were sent, whatever their category', async () => {
    const { world, bob, carol } = await meeting();
    const sent: Message[] = [
      updateFee(1),
      gossip,
      updateFee(2),
      { kind: 'peerStorage', blob: EMPTY },
    ];
    carol.say(...sent);
    await world.until(() => bob.received.length === 4);
    expect(bob.received.map((r) => r.message)).toEqual(sent);
    expect(bob.received.every((r) => r.from === carol.id)).toBe(true);
  });

  it('raw bytes are sent as they are', async () => {
    const { world, bob, carol } = await meeting();
    expect(bob.peers.send(carol.id, encodeMessage(updateFee(7)))).toBe(true);
    await world.until(() => carol.heardOf('updateFee').length === 1);
    expect(carol.heardOf('updateFee')[0]).toEqual(updateFee(7));
  });

  it('to a peer that is not there are not sent', async () => {
    const { bob, carol, world } = await meeting();
    carol.connection.close();
    await world.until(() => bob.disconnected.length === 1);
    expect(bob.peers.send(carol.id, updateFee(1))).toBe(false);
    expect(bob.disconnected[0]).toMatchObject({ code: 'lost' });
  });

  it('of an unknown odd type are ignored', async () => {
    const { world, bob, carol } = await meeting();
    carol.say(hex('ffff0102'), updateFee(1));
    await world.until(() => bob.received.length === 1);
    expect(carol.closed).toBe(false);
  });

  it('of an unknown even type: warning and close', async () => {
    const { world, bob, carol } = await meeting();
    carol.say(hex('fffe0102'), updateFee(1));
    await world.until(() => carol.closed);
    expect(bob.received).toEqual([]);
    expect(Buffer.from(carol.heardOf('warning')[0]?.data ?? []).toString()).toContain('65534');
    expect(bob.disconnected).toMatchObject([{ code: 'bad_message' }]);
  });

  it('cut short: warning and close', async () => {
    const { world, bob, carol } = await meeting();
    carol.say(encodeMessage(updateFee(1)).slice(0, -1));
    await world.until(() => carol.closed);
    expect(carol.heardOf('warning')).toHaveLength(1);
    expect(bob.disconnected).toMatchObject([{ code: 'bad_message' }]);
  });

  it('with a gossip encoding that is forbidden: a warning, and the connection stays', async () => {
    const { world, bob, carol } = await meeting();
    const query = encodeMessage({
      kind: 'queryShortChannelIds',
      chainHash: channelId,
      encodedShortIds: [],
      tlvs: {},
    });
    query[query.length - 1] = 1;
    carol.say(query, updateFee(1));
    await world.until(() => bob.received.length === 1 && carol.heardOf('warning').length === 1);
    expect(carol.closed).toBe(false);
  });

  it('errors and warnings reach the channels', async () => {
    const { world, bob, carol } = await meeting();
    carol.say({ kind: 'error', channelId, data: new TextEncoder().encode('bad\n') });
    await world.until(() => bob.received.length === 1);
    expect(bob.received[0]?.message.kind).toBe('error');
  });

  it('a frame that does not authenticate closes without a word', async () => {
    const { world, bob, carol } = await meeting();
    carol.connection.write(new Uint8Array(40));
    await world.until(() => carol.closed);
    expect(bob.disconnected).toMatchObject([{ code: 'bad_frame' }]);
    expect(carol.heardOf('warning')).toEqual([]);
  });

  it('a handler that throws costs the connection and is logged, and the node goes on', async () => {
    const { world, bob, carol } = await meeting();
    bob.peers.onMessage('other', () => {
      throw new Error('a bug');
    });
    carol.say({ kind: 'peerStorage', blob: EMPTY });
    await world.until(() => carol.closed);
    expect(bob.broken).toHaveLength(1);
    expect(bob.disconnected).toMatchObject([{ code: 'internal' }]);
    const again = await world.friend('carol', bob);
    expect(again.closed).toBe(false);
  });

  it('disconnect hands over what was sent before it', async () => {
    const { world, bob, carol } = await meeting();
    bob.peers.send(carol.id, updateFee(5));
    bob.peers.disconnect(carol.id, 'enough');
    expect(bob.disconnected).toEqual([{ code: 'asked', message: 'enough' }]);
    expect(bob.peers.connected(carol.id)).toBeUndefined();
    await world.until(() => carol.closed);
    expect(carol.heardOf('updateFee')).toHaveLength(1);
  });
});

describe('pings', () => {
  it('a pong has the length that the ping asked for', async () => {
    const { world, carol } = await meeting();
    carol.say({ kind: 'ping', numPongBytes: 0, ignored: EMPTY });
    carol.say({ kind: 'ping', numPongBytes: 65_531, ignored: new Uint8Array(9) });
    await world.until(() => carol.heardOf('pong').length === 2);
    expect(carol.heardOf('pong').map((p) => p.ignored.length)).toEqual([0, 65_531]);
  });

  it('from 65,532 bytes on there is no pong', async () => {
    const { world, carol } = await meeting();
    for (const numPongBytes of [65_532, 65_535])
      carol.say({ kind: 'ping', numPongBytes, ignored: EMPTY });
    carol.say({ kind: 'ping', numPongBytes: 3, ignored: EMPTY });
    await world.until(() => carol.heardOf('pong').length > 0);
    expect(carol.heardOf('pong').map((p) => p.ignored.length)).toEqual([3]);
  });

  it('a pong that nobody asked for closes', async () => {
    const { world, bob, carol } = await meeting();
    carol.say({ kind: 'pong', ignored: EMPTY });
    await world.until(() => carol.closed);
    expect(bob.disconnected).toMatchObject([{ code: 'bad_message' }]);
  });

  it('ping answers with the length of the pong', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    expect(await world.settle(alice.peers.ping(bob.id))).toEqual({
      ok: true,
      value: { totlen: 132 },
    });
    expect(await alice.peers.ping(bob.id, 1000, 65_535)).toEqual({
      ok: true,
      value: { totlen: 0 },
    });
    expect(await alice.peers.ping(bob.id, 65_530)).toMatchObject({ error: { code: 'too_long' } });
    const lost = alice.peers.ping(bob.id);
    bob.peers.disconnect(alice.id, 'gone');
    expect(await world.settle(lost)).toEqual({ ok: false, error: { code: 'disconnected' } });
    expect(await alice.peers.ping(bob.id)).toMatchObject({ error: { code: 'not_connected' } });
  });

  it('silence is broken with a ping, and a peer that answers stays', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    await world.clock.advance(3_600_000);
    expect(alice.disconnected).toEqual([]);
    expect(bob.disconnected).toEqual([]);
  });

  it('a peer that answers nothing is given up', async () => {
    const { world, bob, carol } = await meeting();
    await world.until(() => carol.closed, 100_000);
    expect(carol.heardOf('ping').length).toBeGreaterThan(0);
    expect(bob.disconnected).toMatchObject([{ code: 'no_answer' }]);
  });

  it('a host that vanished is noticed', async () => {
    const world = new World();
    const alice = await world.node('alice');
    const bob = await world.node('bob');
    await world.settle(alice.peers.connect(bob.id, 'bob'));
    world.net.partition('alice', 'bob');
    await world.until(() => alice.disconnected.length + bob.disconnected.length === 2, 120_000);
    expect(alice.disconnected).toMatchObject([{ code: 'no_answer' }]);
  });
});

describe('limits', () => {
  it('a peer whose messages are not yet worked off is not read until they are', async () => {
    const { world, bob, carol } = await meeting({ openHandlers: 4 });
    const open: (() => void)[] = [];
    bob.peers.onMessage('channel', () => new Promise<void>((resolve) => open.push(resolve)));
    for (let i = 0; i < 50; i++) {
      carol.say(updateFee(i));
      await world.clock.advance(100);
    }
    expect(open.length).toBeLessThan(10);
    for (let done = 0; done < 50; done++) {
      open[done]?.();
      await world.clock.advance(200);
    }
    expect(bob.received.map((r) => (r.message as { feeratePerKw: number }).feeratePerKw)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
  });

  it('a flood of pings is answered at the rate that we like', async () => {
    const { world, carol } = await meeting({ junkBurst: 10, junkPerSecond: 10 });
    for (let i = 0; i < 300; i++) {
      carol.say({ kind: 'ping', numPongBytes: 1, ignored: EMPTY });
      if (i % 10 === 9) await world.clock.advance(10);
    }
    await world.clock.advance(5_000);
    const soon = carol.heardOf('pong').length;
    expect(soon).toBeGreaterThan(10);
    expect(soon).toBeLessThan(150);
    await world.until(() => carol.heardOf('pong').length === 300);
    expect(carol.closed).toBe(false);
  });

  it('a peer that does not read gets no gossip, and is dropped in the end', async () => {
    const { world, bob, carol } = await meeting({ shedGossipBytes: 100_000, dropBytes: 400_000 });
    carol.connection.pause();
    const announcement = new Uint8Array(60_000);
    announcement[0] = 1;
    let sent = 0;
    for (let i = 0; i < 20; i++) {
      if (bob.peers.send(carol.id, announcement)) sent++;
      await world.clock.advance(1);
    }
    expect(sent).toBeLessThan(5);
    expect(bob.disconnected).toEqual([]);
    expect(bob.peers.send(carol.id, updateFee(1))).toBe(true);
    for (let i = 0; i < 20 && bob.disconnected.length === 0; i++) {
      bob.peers.send(carol.id, { kind: 'peerStorage', blob: new Uint8Array(60_000) });
      await world.clock.advance(1);
    }
    expect(bob.disconnected).toMatchObject([{ code: 'not_reading' }]);
  });

  it('calls that never finish their handshake are bounded', async () => {
    const world = new World();
    const bob = await world.node('bob', { limits: { pendingIncoming: 5 } });
    let closed = 0;
    for (let i = 0; i < 12; i++) {
      const connection = await world.dial(`stranger ${i}`, bob);
      connection.onClose(() => closed++);
      connection.onData(() => {});
    }
    await world.clock.advance(1_000);
    expect(closed).toBe(7);
    const alice = await world.node('alice');
    await world.clock.advance(60_000);
    expect(await world.settle(alice.peers.connect(bob.id, 'bob'))).toMatchObject({ ok: true });
  });
});
