import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/bitcoind.js';
import { type Daemon, LightningNetwork, pause, until } from '../support/daemon.js';

/** Sends bytes as they are; what came until an answer was whole, the other side closed, or `ms` passed. */
function raw(where: string | number, bytes: Uint8Array | string, ms = 1000): Promise<string> {
  return new Promise((resolve) => {
    const socket = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1');
    let got = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(got);
    };
    const timer = setTimeout(end, ms);
    socket.on('data', (data: Buffer) => {
      got += data.toString('latin1');
      if (got.endsWith('\n\n')) end();
    });
    socket.on('close', end);
    socket.on('error', () => {});
    socket.write(bytes);
  });
}

/** A TCP relay that can be shut, so that a bitcoind goes away and comes back. */
class Gate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  open = true;

  constructor(target: number) {
    this.#server = createServer((client) => {
      if (!this.open) return void client.destroy();
      const upstream = connect(target, '127.0.0.1');
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (data) => to.write(data));
        from.on('error', () => {});
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  shut(): void {
    this.open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.shut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('bad input and bad luck', () => {
  let lightning: LightningNetwork;
  let gate: Gate;
  let alice: Daemon;
  let bob: Daemon;

  beforeAll(async () => {
    lightning = await LightningNetwork.start();
    gate = new Gate(lightning.chain.rpcport);
    const rpcport = await freePort();
    await gate.listen(rpcport);
    alice = await lightning.node('alice', { args: [`--bitcoin-rpcport=${rpcport}`] });
    bob = await lightning.node('bob');
    await lightning.fund(alice, 2_000_000);
    await lightning.channel(alice, bob, 1_000_000);
  }, 60_000);

  afterAll(async () => {
    await lightning?.stop();
    await gate?.close();
  }, 30_000);
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(lightning?.tails());
  });

  /** Alice goes on working: she answers, and she pays. */
  async function works(): Promise<void> {
    await lightning.ready(alice);
    const label = randomBytes(8).toString('hex');
    const made = await bob.call('invoice', { amount_msat: 1000, label, description: label });
    const paid = await alice.call('pay', { bolt11: made.bolt11 });
    expect(paid.status).toBe('complete');
  }

  it.each([
    ['malformed JSON', '{"jsonrpc": "2.0", "id": 1, "method": ]\n\n', -32700],
    ['JSON that is no request', '[1, 2, 3]\n\n', -32600],
    ['a request without a method', '{"jsonrpc":"2.0","id":1,"params":{}}\n\n', -32600],
    ['an unknown command', '{"jsonrpc":"2.0","id":1,"method":"steal","params":{}}\n\n', -32601],
    [
      'a wrong type',
      '{"jsonrpc":"2.0","id":1,"method":"invoice","params":{"amount_msat":{},"label":"x","description":"d"}}\n\n',
      -32602,
    ],
    [
      'an absurd amount',
      '{"jsonrpc":"2.0","id":1,"method":"invoice","params":{"amount_msat":1e300,"label":"x","description":"d"}}\n\n',
      -32602,
    ],
    [
      'a negative amount',
      '{"jsonrpc":"2.0","id":1,"method":"withdraw","params":["bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202",-5]}\n\n',
      -32602,
    ],
    [
      'a parameter that does not exist',
      '{"jsonrpc":"2.0","id":1,"method":"getinfo","params":{"verbose":true}}\n\n',
      -32602,
    ],
  ])('the RPC socket, %s: an error with its code', async (_what, text, code) => {
    const got = await raw(alice.socket, text);
    expect(JSON.parse(got.split('\n\n')[0] as string).error.code).toBe(code);
    expect((await alice.call('getinfo')).id).toBe(alice.id);
  });

  it('a parameter error names the field', async () => {
    await expect(
      alice.call('sendpay', { route: [{ id: bob.id, amount_msat: 1 }], payment_hash: '00' }),
    ).rejects.toThrow(/delay/);
    await expect(alice.call('getroute', { id: 'nobody', amount_msat: 1 })).rejects.toThrow(
      /\bid\b/,
    );
  });

  it('the RPC socket, noise and megabytes without an end: the daemon goes on', async () => {
    await Promise.all([
      raw(alice.socket, randomBytes(100_000)),
      raw(alice.socket, `{"jsonrpc":"2.0","id":"${'x'.repeat(20_000_000)}`),
      raw(alice.socket, '['.repeat(200_000)),
      raw(alice.socket, '{"jsonrpc":"2.0","id":1,"method":"getinfo"'),
    ]);
    await works();
  });

  it('the peer port, noise, half a handshake, and silence: the daemon goes on', async () => {
    const actOne = Buffer.concat([Buffer.from([0]), randomBytes(49)]);
    await Promise.all([
      raw(alice.port, randomBytes(100_000)),
      raw(alice.port, actOne),
      raw(alice.port, actOne.subarray(0, 20)),
      raw(alice.port, 'GET / HTTP/1.1\r\n\r\n'),
      ...Array.from({ length: 50 }, () => raw(alice.port, new Uint8Array(0))),
    ]);
    await works();
  });

  it('a bitcoind that is away: payments go on, and blocks are caught up with after it', async () => {
    gate.shut();
    await lightning.chain.mine(3);
    await works();
    await pause(1500);
    expect((await alice.call('getinfo')).id).toBe(alice.id);
    gate.open = true;
    const height = await lightning.chain.rpc('getblockcount');
    await until(
      'alice to catch up',
      async () => (await alice.call('getinfo')).blockheight === height,
      40_000,
    );
  });
});
