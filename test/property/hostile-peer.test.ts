/** Whatever a peer sends, at whatever moment: the node logs no bug, and goes on serving others. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../src/core/bytes/index.js';
import { Handshake } from '../../src/core/transport/index.js';
import { encodeMessage } from '../../src/core/wire/index.js';
import { anyMessage, bytesOf } from '../support/messages.js';
import { HandmadePeer, identity, initOf, type TestNode, World } from '../support/peers.js';

const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });

/** Valid messages, changed in some bytes behind their type, or cut, or made up altogether. */
const nonsense: fc.Arbitrary<Bytes> = fc.oneof(
  anyMessage.map(encodeMessage),
  fc.tuple(anyMessage, changes).map(([message, list]) => {
    const raw = encodeMessage(message).slice();
    for (const [at, value] of list) raw[2 + (at % (raw.length - 2))] = value;
    return raw;
  }),
  fc.tuple(anyMessage, fc.nat()).map(([message, at]) => encodeMessage(message).slice(0, at % 2000)),
  bytesOf(0, 300),
);

async function unharmed(world: World, node: TestNode): Promise<void> {
  await world.clock.advance(200);
  expect(node.broken).toEqual([]);
  const friend = await world.friend('a friend', node);
  expect(friend.closed).toBe(false);
  expect(node.peers.connected(friend.id)).toBeDefined();
  await node.peers.stop();
}

describe('a hostile peer', () => {
  it('that sends random bytes in place of a handshake', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytesOf(0, 120), { maxLength: 6 }), async (chunks) => {
        const world = new World();
        const node = await world.node('bob');
        const connection = await world.dial('eve', node);
        for (const chunk of chunks) connection.write(chunk);
        await unharmed(world, node);
      }),
      { numRuns: 60 },
    );
  });

  it('that changes a byte of act one or act three', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(115), fc.integer({ min: 1, max: 255 }), async (place, change) => {
        const world = new World();
        const node = await world.node('bob');
        const connection = await world.dial('eve', node);
        const begun = Handshake.initiator(
          identity('eve').signer,
          new Uint8Array(32).fill(1),
          Buffer.from(node.id, 'hex'),
        );
        if (begun === undefined) throw new Error('no node');
        const corrupt = (act: Bytes, at: number): Bytes => {
          const out = act.slice();
          if (at >= 0 && at < out.length) out[at] = (out[at] as number) ^ change;
          return out;
        };
        connection.onData((bytes) => {
          const step = begun.handshake.receive(bytes);
          if (step.ok && step.value.done) connection.write(corrupt(step.value.send, place - 50));
        });
        connection.write(corrupt(begun.actOne, place));
        await world.clock.advance(1_000);
        expect(node.connected).toEqual([]);
        await unharmed(world, node);
      }),
      { numRuns: 60 },
    );
  });

  it('that says nonsense in place of init', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(nonsense, { minLength: 1, maxLength: 4 }), async (list) => {
        const world = new World();
        const node = await world.node('bob');
        const eve = await world.handmade('eve', node);
        eve.say(...list);
        await unharmed(world, node);
      }),
      { numRuns: 100 },
    );
  });

  it('that says nonsense after init', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(nonsense, { minLength: 1, maxLength: 30 }), async (list) => {
        const world = new World();
        const node = await world.node('bob');
        const eve = await world.friend('eve', node);
        for (const raw of list) if (!eve.closed) eve.say(raw);
        await unharmed(world, node);
      }),
      { numRuns: 150 },
    );
  });

  it('that breaks its frames', async () => {
    await fc.assert(
      fc.asyncProperty(nonsense, bytesOf(1, 100), async (message, bytes) => {
        const world = new World();
        const node = await world.node('bob');
        const eve = await world.friend('eve', node);
        eve.say(message);
        eve.connection.write(bytes);
        eve.say(message);
        await unharmed(world, node);
      }),
      { numRuns: 60 },
    );
  });

  it('that is called, and answers with random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytesOf(0, 120), { maxLength: 4 }), async (chunks) => {
        const world = new World();
        const node = await world.node('bob');
        const address = { host: 'eve', port: 1 };
        await world.net.host('eve').listen(address, (connection) => {
          for (const chunk of chunks) connection.write(chunk);
        });
        const result = await world.settle(
          node.peers.connect(identity('eve').id, address.host, address.port),
        );
        expect(result).toMatchObject({ ok: false, error: { code: 'all_addresses_failed' } });
        await unharmed(world, node);
      }),
      { numRuns: 40 },
    );
  });

  it('that is called, and says nonsense in place of init', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(nonsense, { minLength: 1, maxLength: 4 }), async (list) => {
        const world = new World();
        const node = await world.node('bob');
        const address = { host: 'eve', port: 1 };
        const { id, signer } = identity('eve');
        await world.net.host('eve').listen(address, (connection) => {
          const eve = new HandmadePeer(id, connection);
          eve.onSession = () => eve.say(...list);
          eve.begin(Handshake.responder(signer, new Uint8Array(32).fill(3)));
        });
        const call = node.peers.connect(id, address.host, address.port);
        await world.clock.advance(40_000);
        const result = await call;
        if (!result.ok) expect(result.error.code).toBe('disconnected_during');
        await unharmed(world, node);
      }),
      { numRuns: 40 },
    );
  });

  it('that floods with small messages does not keep others waiting', async () => {
    const world = new World();
    const node = await world.node('bob');
    const eve = await world.friend('eve', node);
    const init = encodeMessage(initOf());
    for (let i = 0; i < 2_000; i++) eve.say(init);
    await unharmed(world, node);
  });
});
