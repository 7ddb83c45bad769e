import { describe, expect, it } from 'vitest';
import type { ChannelEffect } from '../../../src/core/channel/index.js';
import { VirtualClock } from '../../../src/lab/index.js';
import { ChannelRunner } from '../../../src/node/channels/runner.js';
import { type Store, silentLogger } from '../../../src/ports/index.js';
import { FEATURES_OF_BOTH, Pair } from '../channel/harness.js';

/** A disk that writes when it is told to. */
class SlowDisk {
  readonly #waiting: (() => void)[] = [];

  commit(): Promise<void> {
    return new Promise((done) => this.#waiting.push(done));
  }

  write(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

/** Alice’s side of a channel, run; what it does goes into `done`. */
class Running {
  readonly pair = new Pair().open();
  readonly disk = new SlowDisk();
  readonly clock = new VirtualClock();
  readonly done: ChannelEffect[] = [];
  readonly runner = new ChannelRunner(this.pair.alice.state, {
    store: this.disk as unknown as Store,
    clock: this.clock,
    log: silentLogger,
    context: () => this.pair.context(this.pair.alice),
    row: () => ({ put: 'vars', row: { name: 'state', value: new Uint8Array(0) } }),
    writesOf: () => [],
    perform: (effect) => this.done.push(effect),
    onStoreFailure: (error) => {
      throw error;
    },
  });

  get sent(): string[] {
    return this.done.flatMap((e) => (e.kind === 'send' ? [e.message.kind] : []));
  }

  async write(): Promise<void> {
    await turns();
    this.disk.write();
    await turns();
  }

  add(): void {
    this.runner.submit({
      kind: 'command',
      command: {
        kind: 'addHtlc',
        ref: 1,
        amountMsat: 5_000_000n as never,
        paymentHash: new Uint8Array(32),
        cltvExpiry: 500,
        onion: new Uint8Array(1366),
        origin: { kind: 'local', paymentHash: new Uint8Array(32), groupId: 1, partId: 0 },
      },
    });
  }
}

describe('a channel’s runner', () => {
  it('drops messages of a connection that ended while the disk was writing', async () => {
    const alice = new Running();
    alice.add();
    await turns();
    // commitment_signed waits for the disk when the connection is lost and comes back.
    alice.runner.submit({ kind: 'disconnected' });
    alice.runner.submit({ kind: 'connected', remoteFeatures: FEATURES_OF_BOTH });
    await alice.write();
    await alice.write();
    expect(alice.sent).toEqual(['channelReestablish']);
    alice.runner.stop();
  });

  it('sends a peer away that owes an answer for a minute, and no sooner', async () => {
    const alice = new Running();
    alice.add();
    await alice.write();
    expect(alice.sent).toEqual(['updateAddHtlc', 'commitmentSigned']);
    await alice.clock.advance(59_000);
    await alice.write();
    expect(alice.sent).toHaveLength(2);
    await alice.clock.advance(2_000);
    await alice.write();
    expect(alice.sent.slice(2)).toEqual(['warning']);
    expect(alice.done.at(-1)).toMatchObject({ kind: 'disconnect' });
    alice.runner.stop();
  });

  it('forgets about it when it stops', async () => {
    const alice = new Running();
    alice.add();
    await alice.write();
    alice.runner.stop();
    expect(alice.clock.nextAt).toBeUndefined();
  });
});
