import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../../../src/ports/index.js';
import { help } from '../../../src/rpc/commands/help.js';
import { notifications } from '../../../src/rpc/commands/notifications.js';
import { type Command, defineCommand, type NodeApi, RpcError } from '../../../src/rpc/index.js';
import * as p from '../../../src/rpc/params.js';
import * as r from '../../../src/rpc/results.js';
import { RpcServer } from '../../../src/rpc/server.js';
import { RawClient } from '../../support/rpc-client.js';

const base = { category: 'utility', summary: 'A test.', description: 'A test.' } as const;
let release: () => void;
let aborted: unknown;
let ran = 0;
let large = 0;

const testCommands: Command[] = [
  defineCommand({
    ...base,
    name: 'add',
    params: () => z.object({ a: p.u64(), b: p.u64().optional() }),
    result: () => r.object({ sum: r.msat() }),
    run: ({ a, b }) => ({ sum: a + (b ?? 0n) }),
  }),
  defineCommand({
    ...base,
    name: 'slow',
    params: () => z.object({}),
    result: () => r.object({}),
    run: async (_, { signal, notify }) => {
      notify.progress({ num: 0, total: 2 });
      notify.message('half way');
      await new Promise<void>((resolve) => {
        release = resolve;
        signal.addEventListener('abort', () => {
          aborted = signal.reason;
          resolve();
        });
      });
      ran++;
      return {};
    },
  }),
  defineCommand({
    ...base,
    name: 'refuse',
    params: () => z.object({}),
    result: () => r.object({}),
    run: () => {
      throw new RpcError(205, 'no way', { amount: 1n << 60n });
    },
  }),
  defineCommand({
    ...base,
    name: 'broken',
    params: () => z.object({}),
    result: () => r.object({}),
    run: () => {
      throw new TypeError('our own fault');
    },
  }),
  defineCommand({
    ...base,
    name: 'large',
    params: () => z.object({}),
    result: () => r.string(),
    run: () => {
      large++;
      return 'x'.repeat(1_000_000);
    },
  }),
  help,
  notifications,
];

let dir: string;
let path: string;
let server: RpcServer;
const logged: string[] = [];
const log = {
  ...silentLogger,
  error: (message: string) => logged.push(message),
  child: () => log,
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'levin-rpc-'));
  path = join(dir, 'lightning-rpc');
  server = new RpcServer(
    { path, developer: false, maxRequestBytes: 100_000 },
    { commands: testCommands, log },
  );
  await server.start();
  server.serve({} as NodeApi);
  aborted = undefined;
  ran = 0;
  logged.length = 0;
});
afterEach(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('the RPC socket', () => {
  it('is for its owner alone', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('answers with two newlines at the end, and keeps the id as it is', async () => {
    const client = await RawClient.connect(path);
    for (const id of ['"a/b"', '7', 'null', '-1', '123456789012345678901234567890'])
      client.socket.write(`{"jsonrpc":"2.0","id":${id},"method":"add","params":[1,2]}`);
    await client.until(5);
    expect(client.text).toBe(
      ['"a/b"', '7', 'null', '-1', '123456789012345678901234567890']
        .map((id) => `{"jsonrpc":"2.0","id":${id},"result":{"sum":3}}\n\n`)
        .join(''),
    );
  });

  it('reads requests that follow one another with any white space, cut anywhere', async () => {
    const client = await RawClient.connect(path);
    const stream =
      ' {"id":1,"method":"add","params":{"a":1,"b":2}}{"id":2,"method":"add","params":[4]}\n\t' +
      '{"id":3,\n"method":"add","params":{"a":"18446744073709551614","b":null}}';
    for (const byte of Buffer.from(stream)) {
      client.socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(3);
    expect(client.text).toContain('"sum":18446744073709551614');
    expect(client.replies.map((reply) => reply.id)).toEqual([1, 2, 3]);
  });

  it('keeps integers beyond 2^53 exact both ways', async () => {
    const client = await RawClient.connect(path);
    client.socket.write('{"id":1,"method":"add","params":[9007199254740993,1]}');
    await client.until(1);
    expect(client.text).toContain('"sum":9007199254740994}');
  });

  it('answers out of order', async () => {
    const client = await RawClient.connect(path);
    client.socket.write('{"id":"slow","method":"slow"} {"id":"fast","method":"add","params":[1]}');
    await client.until(1);
    expect(client.replies.map((reply) => reply.id)).toEqual(['fast']);
    release();
    await client.until(2);
    expect(client.replies.map((reply) => reply.id)).toEqual(['fast', 'slow']);
  });

  it.each([
    ['an unknown method', '{"id":1,"method":"nothing"}', 1, -32601],
    ['a method that is a number', '{"id":1,"method":7}', 1, -32600],
    ['no method', '{"id":1}', 1, -32600],
    ['an id that is an object', '{"id":{},"method":"add"}', null, -32600],
    ['an array', '[1]', null, -32600],
    ['broken JSON', '{"id":1,,}', null, -32700],
    ['a word', 'hello', null, -32700],
    ['a parameter left out', '{"id":1,"method":"add","params":[]}', 1, -32602],
    ['parameters in a string', '{"id":1,"method":"add","params":"a=1"}', 1, -32602],
    ['deep nesting', `${'['.repeat(200)}`, null, -32700],
    ['a request without end', `{"id":1,"method":"${'x'.repeat(100_001)}`, null, -32700],
  ])('refuses %s', async (_, text, id, code) => {
    const client = await RawClient.connect(path);
    client.socket.write(text);
    const [reply] = await client.until(1);
    expect(reply?.id).toBe(id);
    expect(reply?.error?.code).toBe(code);
  });

  it.each([
    [{}, 'missing required parameter: a'],
    [{ a: null }, 'missing required parameter: a'],
    [{ a: 1, c: 1 }, 'unknown parameter: c'],
    [{ a: 'x' }, "a: should be an unsigned 64 bit integer: invalid token 'x'"],
    [{ a: 1, b: { c: 1 } }, `b: should be an unsigned 64 bit integer: invalid token '{"c":1}'`],
    [[1, 2, 3], 'too many parameters: got 3, expected 2'],
    [[1, [2]], "b: should be an unsigned 64 bit integer: invalid token '[2]'"],
  ])('names the field that is wrong: %j', async (params, message) => {
    const client = await RawClient.connect(path);
    expect((await client.call('add', params)).error).toEqual({ code: -32602, message });
  });

  it('gives a refusal with its data, and says so when the fault is our own', async () => {
    const client = await RawClient.connect(path);
    expect((await client.call('refuse')).error).toEqual({
      code: 205,
      message: 'no way',
      data: { amount: 2 ** 60 },
    });
    const { error } = await client.call('broken');
    expect(error).toEqual({ code: -32603, message: 'internal error: the log tells of it' });
    expect(logged).toEqual(['a command broke']);
    expect((await client.call('add', [1])).result).toEqual({ sum: 1 });
  });

  it('leaves of an answer what the filter asks for', async () => {
    const client = await RawClient.connect(path);
    const ask = async (filter: unknown) => {
      const before = client.replies.length;
      client.socket.write(JSON.stringify({ id: 1, method: 'help', params: [], filter }));
      return (await client.until(before + 1))[before];
    };
    const { result } = (await ask({ help: [{ category: true, none: true }] })) ?? {};
    expect(result).toEqual({ help: testCommands.map(() => ({ category: 'utility' })) });
    expect((await ask({ help: true, none: { inner: true } }))?.result).toHaveProperty('help');
    for (const filter of [7, [], { help: 'x' }, null])
      expect((await ask(filter))?.error?.message).toMatch(/^filter: /);
  });

  it('never answers a request without an id', async () => {
    const client = await RawClient.connect(path);
    client.socket.write('{"method":"add","params":[1]}{"method":"nothing"}');
    expect((await client.call('add', [5])).result).toEqual({ sum: 5 });
    expect(client.replies).toHaveLength(1);
  });

  it('sends progress only to a client that asked', async () => {
    const client = await RawClient.connect(path);
    client.socket.write('{"id":"a","method":"slow"}');
    await client.call('add', [1]);
    await client.call('notifications', { enable: true });
    release();
    await client.until(3);
    expect(client.replies.every((reply) => reply.method === undefined)).toBe(true);
    client.socket.write('{"id":"b","method":"slow"}');
    await client.until(5);
    release();
    await client.until(6);
    expect(client.replies.slice(3)).toEqual([
      { jsonrpc: '2.0', method: 'progress', params: { id: 'b', num: 0, total: 2 } },
      {
        jsonrpc: '2.0',
        method: 'message',
        params: { id: 'b', level: 'info', message: 'half way' },
      },
      { jsonrpc: '2.0', id: 'b', result: {} },
    ]);
  });

  it('tells a command that its client is gone, and lets it finish', async () => {
    const client = await RawClient.connect(path);
    client.socket.write('{"id":1,"method":"slow"}');
    await client.call('add', [1]);
    client.socket.destroy();
    while (ran === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(String(aborted)).toContain('the client is gone');
  });

  it('still answers a client that shut its sending side', async () => {
    const client = await RawClient.connect(path);
    client.socket.end('{"id":1,"method":"add","params":[2]}');
    expect(await client.until(1)).toEqual([{ jsonrpc: '2.0', id: 1, result: { sum: 2 } }]);
  });

  it('does not read on while a client leaves its answers lying', async () => {
    const client = await RawClient.connect(path);
    client.socket.pause();
    client.socket.write('{"id":1,"method":"large"}'.repeat(60));
    const other = await RawClient.connect(path);
    for (let i = 0; i < 20; i++) await other.call('add', [1]);
    expect(large).toBeLessThan(20);
    client.socket.resume();
    await client.until(60);
    expect(client.replies).toHaveLength(60);
  });

  it('replaces a stale socket, and refuses one where a daemon answers or no socket is', async () => {
    const options = { developer: false };
    const second = new RpcServer({ path, ...options }, { commands: [], log: silentLogger });
    await expect(second.start()).rejects.toThrow('another lightningd answers here');
    const file = join(dir, 'file');
    writeFileSync(file, '');
    const third = new RpcServer({ path: file, ...options }, { commands: [], log: silentLogger });
    await expect(third.start()).rejects.toThrow('no socket');
    await new Promise<void>((resolve) => {
      const stale = createServer().listen(join(dir, 'stale'), () => {
        // A process that was killed leaves its socket behind.
        stale.removeAllListeners();
        (stale as unknown as { _handle: { close(): void } })._handle.close();
        resolve();
      });
    });
    const long = join(dir, 'x'.repeat(120));
    const fourth = new RpcServer({ path: long, ...options }, { commands: [], log: silentLogger });
    await expect(fourth.start()).rejects.toThrow('too long for a unix socket');
  });

  it('outlives whatever bytes come', async () => {
    const json = fc.json({ maxDepth: 3 });
    const request = fc.record({
      id: fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
      method: fc.oneof(fc.constantFrom('add', 'help', 'refuse', 'check'), fc.string()),
      params: fc.jsonValue(),
    });
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      json.map((text) => Buffer.from(text)),
      request.map((value) => Buffer.from(JSON.stringify(value))),
      request.map((value) => Buffer.from(JSON.stringify(value).slice(0, -3))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(noise, { maxLength: 5 }), async (chunks) => {
        const client = await RawClient.connect(path);
        for (const chunk of chunks) client.socket.write(chunk);
        client.socket.end();
        while (!client.closed) await client.until(client.replies.length + 1);
      }),
      { numRuns: 300 },
    );
    const client = await RawClient.connect(path);
    expect((await client.call('add', [1])).result).toEqual({ sum: 1 });
    expect(logged).toEqual([]);
  });
});
