import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { TcpNet } from '../../../src/adapters/net/tcp.js';
import { utf8 } from '../../../src/core/bytes/index.js';

let proxy: Server | undefined;
const sockets: Socket[] = [];

/** A proxy that gives the answers it is told to, one for each piece that arrives. */
function proxyWith(...answers: readonly (readonly number[])[]): Promise<{
  port: number;
  heard: Buffer[];
}> {
  const heard: Buffer[] = [];
  return new Promise((resolve) => {
    proxy = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        const answer = answers[heard.length];
        heard.push(bytes);
        if (answer !== undefined) socket.write(Buffer.from(answer));
        else socket.write(bytes);
      });
    }).listen(0, '127.0.0.1', () => {
      const { port } = (proxy as Server).address() as { port: number };
      resolve({ port, heard });
    });
  });
}

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  proxy?.close();
});

const GRANTED = [5, 0, 0, 1, 127, 0, 0, 1, 0, 80];

describe('a SOCKS5 proxy', () => {
  it('is asked for onion addresses by name, and what comes behind its answer is the peer’s', async () => {
    const { port, heard } = await proxyWith([5, 0], [...GRANTED, 104, 105]);
    const net = new TcpNet({ proxy: { host: '127.0.0.1', port } });
    const connection = await net.connect({ host: 'abc.onion', port: 0x1234 });
    const got: number[] = [];
    connection.onData((bytes) => got.push(...bytes));
    connection.write(utf8('!'));
    for (let i = 0; i < 1000 && got.length < 3; i++) await new Promise((r) => setTimeout(r, 1));
    expect(Buffer.from(got).toString()).toBe('hi!');
    expect([...(heard[0] ?? [])]).toEqual([5, 1, 0]);
    expect([...(heard[1] ?? [])]).toEqual([5, 1, 0, 3, 9, ...utf8('abc.onion'), 0x12, 0x34]);
    expect(connection.remote).toEqual({ host: 'abc.onion', port: 0x1234 });
    connection.close();
  });

  it('is asked for all addresses where it is always used', async () => {
    const { port, heard } = await proxyWith([5, 0], GRANTED);
    const net = new TcpNet({ proxy: { host: '127.0.0.1', port }, alwaysUseProxy: true });
    (await net.connect({ host: '192.0.2.1', port: 9735 })).close();
    expect(heard[1]?.subarray(5, 14).toString()).toBe('192.0.2.1');
  });

  it('that refuses is quoted', async () => {
    const { port } = await proxyWith([5, 0], [5, 4, 0, 1]);
    const net = new TcpNet({ proxy: { host: '127.0.0.1', port } });
    await expect(net.connect({ host: 'abc.onion', port: 1 })).rejects.toThrow(/host unreachable/);
  });

  it('that wants a password is refused', async () => {
    const { port } = await proxyWith([5, 0xff]);
    const net = new TcpNet({ proxy: { host: '127.0.0.1', port } });
    await expect(net.connect({ host: 'abc.onion', port: 1 })).rejects.toThrow(/authentication/);
  });

  it('that says nothing is given up in time', async () => {
    const { port } = await proxyWith([]);
    const net = new TcpNet({ proxy: { host: '127.0.0.1', port }, connectTimeoutMs: 50 });
    await expect(net.connect({ host: 'abc.onion', port: 1 })).rejects.toThrow(/timed out/);
  });
});
