import { afterEach, describe, expect, it } from 'vitest';
import { TcpNet } from '../../../src/adapters/net/tcp.js';
import { equal } from '../../../src/core/bytes/index.js';
import type { Connection, Listener } from '../../../src/ports/index.js';

let listener: Listener | undefined;
afterEach(async () => {
  await listener?.close();
});

async function pair(): Promise<[Connection, Connection]> {
  const net = new TcpNet();
  const called = new Promise<Connection>((resolve) => {
    void net.listen({ host: '127.0.0.1', port: 0 }, resolve).then(async (made) => {
      listener = made;
      const connection = await net.connect(made.address);
      connection.onData(() => {});
      mine = connection;
    });
  });
  let mine: Connection | undefined;
  const theirs = await called;
  while (mine === undefined) await new Promise((done) => setImmediate(done));
  return [mine, theirs];
}

const BYTES = new Uint8Array(3_000_001).map((_, i) => (i * 31 + (i >> 8)) & 255);

describe('a connection that is full', () => {
  it('is handed on in small slices, between which others have their turn', async () => {
    const [a, b] = await pair();
    let [got, turns, most, inTurn] = [0, 0, 0, 0];
    const done = new Promise<void>((resolve) => {
      b.onData((bytes) => {
        got += bytes.length;
        inTurn += bytes.length;
        most = Math.max(most, inTurn);
        if (got === BYTES.length) resolve();
      });
    });
    let running = true;
    const turn = (): void => {
      turns++;
      inTurn = 0;
      if (running) setImmediate(turn);
    };
    turn();
    a.write(BYTES);
    await done;
    running = false;
    expect(turns).toBeGreaterThan(BYTES.length / 65_536);
    expect(most).toBeLessThanOrEqual(2 * 65_536);
    a.close();
    b.close();
  });

  it('keeps the order, however its reader pauses and resumes, also while it is handed a slice', async () => {
    const [a, b] = await pair();
    const got = new Uint8Array(BYTES.length);
    let at = 0;
    let inside = false;
    let calls = 0;
    const done = new Promise<void>((resolve) => {
      b.onData((bytes) => {
        expect(inside).toBe(false);
        inside = true;
        got.set(bytes, at);
        at += bytes.length;
        b.pause();
        if (++calls % 3 === 0) b.resume();
        else setTimeout(() => b.resume(), calls % 2);
        inside = false;
        if (at === BYTES.length) resolve();
      });
    });
    a.write(BYTES);
    await done;
    expect(equal(got, BYTES)).toBe(true);
    a.close();
    b.close();
  });

  it('hands on what it has read before it tells that the other side has closed', async () => {
    const [a, b] = await pair();
    let got = 0;
    const closed = new Promise<void>((resolve) => {
      b.onClose(() => resolve());
    });
    b.onData((bytes) => {
      got += bytes.length;
    });
    a.write(BYTES.subarray(0, 200_000));
    a.close();
    await closed;
    expect(got).toBe(200_000);
  });
});
