import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/lab/clock.js';
import { SeededEntropy } from '../../../src/lab/entropy.js';
import { MemoryNet, type MemoryNetOptions } from '../../../src/lab/net.js';
import type { Connection } from '../../../src/ports/index.js';

interface Ends {
  readonly clock: VirtualClock;
  readonly net: MemoryNet;
  readonly a: Connection;
  readonly b: Connection;
  readonly got: { a: number[]; b: number[] };
  readonly closed: Record<'a' | 'b', undefined | 'peace' | string>;
}

const setUp = (options: MemoryNetOptions = {}) => {
  const clock = new VirtualClock();
  const net = new MemoryNet(options, { clock, entropy: new SeededEntropy('net') });
  return { clock, net };
};

async function connected(options: MemoryNetOptions = {}): Promise<Ends> {
  const { clock, net } = setUp(options);
  let b: Connection | undefined;
  await net.host('bob').listen({ host: 'bob', port: 9735 }, (connection) => {
    b = connection;
  });
  const dial = net.host('alice').connect({ host: 'bob', port: 9735 });
  await clock.advance(1000);
  const a = await dial;
  if (!b) throw new Error('nobody was accepted');
  const ends: Ends = {
    clock,
    net,
    a,
    b,
    got: { a: [], b: [] },
    closed: { a: undefined, b: undefined },
  };
  a.onData((bytes) => ends.got.a.push(...bytes));
  b.onData((bytes) => ends.got.b.push(...bytes));
  a.onClose((error) => {
    ends.closed.a = error?.message ?? 'peace';
  });
  b.onClose((error) => {
    ends.closed.b = error?.message ?? 'peace';
  });
  await clock.advance(1);
  return ends;
}

const numbers = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i);

describe('the network in memory', () => {
  it('delivers all bytes, in order, after the latency', async () => {
    const { clock, net, a, got } = await connected();
    a.write(numbers(100));
    a.write(numbers(50));
    await clock.advance(net.latency('alice', 'bob') - 1);
    expect(got.b).toEqual([]);
    await clock.advance(10);
    expect(got.b).toEqual([...numbers(100), ...numbers(50)]);
  });

  it('copies what is written, so that the writer may use its buffer again', async () => {
    const { clock, a, got } = await connected();
    const buffer = numbers(10);
    a.write(buffer);
    buffer.fill(9);
    await clock.advance(100);
    expect(got.b).toEqual([...numbers(10)]);
  });

  it('refuses where nobody listens, and in a partition times out', async () => {
    const { clock, net } = setUp();
    await net.host('bob').listen({ host: 'bob', port: 1 }, () => {});
    const refused = expect(net.host('alice').connect({ host: 'bob', port: 2 })).rejects.toThrow(
      'refused',
    );
    net.partition('carol', 'bob');
    const away = expect(net.host('carol').connect({ host: 'bob', port: 1 })).rejects.toThrow(
      'timed out',
    );
    await clock.advance(20_000);
    await refused;
    await away;
  });

  it('an attempt that is given up rejects at once', async () => {
    const { net } = setUp();
    const controller = new AbortController();
    const dial = net.host('alice').connect({ host: 'bob', port: 1 }, controller.signal);
    controller.abort();
    await expect(dial).rejects.toThrow('aborted');
  });

  it('close: what was written before still arrives, then both ends hear of it', async () => {
    const { clock, a, got, closed } = await connected();
    a.write(numbers(5));
    a.close();
    await clock.advance(1);
    expect(closed).toEqual({ a: 'peace', b: undefined });
    await clock.advance(200);
    expect(got.b).toEqual([...numbers(5)]);
    expect(closed).toEqual({ a: 'peace', b: 'peace' });
  });

  it('cut: both ends hear of an error', async () => {
    const { clock, net, a, got, closed } = await connected();
    a.write(numbers(5));
    net.cut('bob', 'alice');
    await clock.advance(200);
    expect(got.b).toEqual([]);
    expect(closed).toEqual({ a: 'connection reset', b: 'connection reset' });
  });

  it('partition: nothing passes and nobody hears of it until it heals', async () => {
    const { clock, net, a, got, closed } = await connected();
    net.partition('alice', 'bob');
    a.write(numbers(5));
    await clock.advance(60_000);
    expect(got.b).toEqual([]);
    net.heal('alice', 'bob');
    await clock.advance(200);
    expect(got.b).toEqual([...numbers(5)]);
    expect(closed).toEqual({ a: undefined, b: undefined });
  });

  it('drop: what is sent from then on is lost and nobody hears of it', async () => {
    const { clock, net, a, got, closed } = await connected();
    a.write(numbers(5));
    net.drop('alice', 'bob');
    a.write(numbers(5));
    await clock.advance(60_000);
    expect(got.b).toEqual([]);
    expect(closed).toEqual({ a: undefined, b: undefined });
  });

  it('a reader that pauses makes the writer hold its bytes', async () => {
    const { clock, a, b, got } = await connected({ windowBytes: 100 });
    b.pause();
    expect(a.write(numbers(80))).toBe(0);
    expect(a.write(numbers(80))).toBe(60);
    await clock.advance(200);
    expect(got.b).toEqual([]);
    expect(a.write(numbers(1))).toBe(61);
    b.resume();
    await clock.advance(200);
    expect(got.b.length).toBe(161);
    expect(a.write(numbers(1))).toBe(0);
  });

  it('a host without power: its peers see a reset, and it can no longer be called', async () => {
    const { clock, net, closed } = await connected();
    net.unplug('bob');
    await clock.advance(10);
    expect(closed.a).toBe('connection reset');
    const dial = expect(net.host('alice').connect({ host: 'bob', port: 9735 })).rejects.toThrow(
      'refused',
    );
    await clock.advance(1000);
    await dial;
  });

  it('the same seed gives the same events at the same times', async () => {
    const run = async (): Promise<string[]> => {
      const { clock, net } = setUp();
      const events: string[] = [];
      net.onEvent = (event) => events.push(`${clock.now()} ${JSON.stringify(event)}`);
      await net.host('bob').listen({ host: 'bob', port: 1 }, (connection) => {
        connection.onData((bytes) => connection.write(bytes));
      });
      for (const name of ['alice', 'carol']) {
        const dial = net.host(name).connect({ host: 'bob', port: 1 });
        void dial.then((connection) => {
          for (let i = 0; i < 20; i++) connection.write(numbers(100));
        });
      }
      await clock.advance(5000);
      return events;
    };
    const first = await run();
    expect(first.length).toBeGreaterThan(80);
    expect(await run()).toEqual(first);
  });
});
