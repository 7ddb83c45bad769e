/** What every Net promises; run by the TCP adapter and by the lab's network in memory. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/core/bytes/index.js';
import type { Connection, Listener, Net, NetAddress } from '../../src/ports/index.js';

export interface NetHarness {
  /** Two hosts, which may be the same. */
  readonly server: Net;
  readonly client: Net;
  /** Where the server may listen; port 0 leaves the choice to the net. */
  readonly address: NetAddress;
  /** Lets time pass until `done` holds; rejects where it never does. */
  until(done: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** One end with all that happened to it. */
class Ear {
  readonly chunks: Uint8Array[] = [];
  readonly closes: (Error | undefined)[] = [];

  constructor(readonly connection: Connection) {
    connection.onClose((error) => this.closes.push(error));
  }

  listen(): this {
    this.connection.onData((bytes) => this.chunks.push(bytes.slice()));
    return this;
  }

  get bytes(): Uint8Array {
    return concat(...this.chunks);
  }
}

export function netContract(name: string, make: () => Promise<NetHarness>): void {
  describe(`the Net port: ${name}`, () => {
    let harness: NetHarness;
    let listener: Listener | undefined;
    const accepted: Connection[] = [];

    beforeEach(async () => {
      harness = await make();
      accepted.length = 0;
    });
    afterEach(async () => {
      for (const connection of accepted) connection.close();
      await listener?.close();
      listener = undefined;
      await harness.close();
    });

    /** Awaits a promise of the net, letting time pass for it. */
    async function settle<T>(promise: Promise<T>): Promise<T> {
      let over = false;
      const done = () => {
        over = true;
      };
      promise.then(done, done);
      await harness.until(() => over);
      return promise;
    }

    async function listen(): Promise<NetAddress> {
      listener = await settle(harness.server.listen(harness.address, (c) => accepted.push(c)));
      return listener.address;
    }

    async function pair(): Promise<[Ear, Ear]> {
      const address = await listen();
      const client = await settle(harness.client.connect(address));
      await harness.until(() => accepted.length === 1);
      return [new Ear(client), new Ear(accepted[0] as Connection)];
    }

    it('carries bytes both ways, in order', async () => {
      const [a, b] = await pair();
      a.listen();
      b.listen();
      for (let i = 0; i < 100; i++) a.connection.write(utf8(`${i},`));
      b.connection.write(utf8('back'));
      const sent = Array.from({ length: 100 }, (_, i) => `${i},`).join('');
      await harness.until(() => b.bytes.length === sent.length && a.bytes.length === 4);
      expect(b.bytes).toEqual(utf8(sent));
      expect(a.bytes).toEqual(utf8('back'));
    });

    it('keeps what arrives before anybody listens', async () => {
      const [a, b] = await pair();
      a.connection.write(utf8('early'));
      b.listen();
      await harness.until(() => b.bytes.length === 5);
      expect(b.bytes).toEqual(utf8('early'));
    });

    it('tells the listener where a connection came from', async () => {
      const [a, b] = await pair();
      expect(a.connection.remote.port).toBe(listener?.address.port);
      expect(b.connection.remote.host).not.toBe('');
      expect(b.connection.remote.port).toBeGreaterThan(0);
    });

    it('a close is told to both sides, once, and without an error', async () => {
      const [a, b] = await pair();
      a.listen();
      b.listen();
      a.connection.close();
      a.connection.close();
      await harness.until(() => a.closes.length > 0 && b.closes.length > 0);
      expect(a.closes).toEqual([undefined]);
      expect(b.closes).toEqual([undefined]);
    });

    it('what was written before a close still arrives', async () => {
      const [a, b] = await pair();
      b.listen();
      a.connection.write(utf8('last words'));
      a.connection.close();
      await harness.until(() => b.closes.length === 1);
      expect(b.bytes).toEqual(utf8('last words'));
    });

    it('a write after the close goes nowhere and does not throw', async () => {
      const [a, b] = await pair();
      a.listen();
      b.listen();
      a.connection.close();
      await harness.until(() => a.closes.length === 1 && b.closes.length === 1);
      expect(a.connection.write(utf8('x'))).toBe(0);
      b.connection.write(utf8('x'));
      expect(b.bytes).toHaveLength(0);
    });

    it('a paused side gets nothing until it resumes, and then everything', async () => {
      const [a, b] = await pair();
      b.listen();
      a.listen();
      b.connection.pause();
      a.connection.write(utf8('held'));
      // A way back and forth on the other direction: by then the bytes have long been there.
      b.connection.write(utf8('ping'));
      await harness.until(() => a.bytes.length === 4);
      expect(b.bytes).toHaveLength(0);
      b.connection.resume();
      await harness.until(() => b.bytes.length === 4);
      expect(b.bytes).toEqual(utf8('held'));
    });

    it('a side that does not read makes the writer hold bytes back, and says how many', async () => {
      const [a, b] = await pair();
      b.listen();
      b.connection.pause();
      const block = new Uint8Array(1 << 20).fill(7);
      let held = 0;
      for (let i = 0; i < 32; i++) held = a.connection.write(block);
      expect(held).toBeGreaterThan(block.length);
      b.connection.resume();
      await harness.until(() => b.chunks.reduce((n, c) => n + c.length, 0) === 32 * block.length);
      expect(a.connection.write(utf8('x'))).toBeLessThan(block.length);
    });

    it('connecting where nobody listens is rejected with the cause', async () => {
      const address = await listen();
      await settle((listener as Listener).close());
      listener = undefined;
      await expect(settle(harness.client.connect(address))).rejects.toThrow(/refused/);
    });

    it('an attempt can be called off', async () => {
      const address = await listen();
      const abort = new AbortController();
      const attempt = harness.client.connect(address, abort.signal);
      abort.abort();
      await expect(settle(attempt)).rejects.toThrow(/aborted/);
      const late = harness.client.connect(address, abort.signal);
      await expect(settle(late)).rejects.toThrow(/aborted/);
    });

    it('an address in use is refused to a second listener', async () => {
      const address = await listen();
      await expect(settle(harness.server.listen(address, () => {}))).rejects.toThrow(/in use/);
    });

    it('a listener that closes leaves its connections alone', async () => {
      const [a, b] = await pair();
      b.listen();
      await settle((listener as Listener).close());
      listener = undefined;
      a.connection.write(utf8('still here'));
      await harness.until(() => b.bytes.length === 10);
      expect(b.closes).toEqual([]);
    });
  });
}
