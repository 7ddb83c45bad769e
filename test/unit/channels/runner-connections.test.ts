import { describe, expect, it } from 'vitest';
import type { ChannelEffect } from '../../../src/core/channel/index.js';
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

describe('a channel’s runner', () => {
  it('drops messages of a connection that ended while the disk was writing', async () => {
    const pair = new Pair().open();
    const disk = new SlowDisk();
    const sent: string[] = [];
    const runner = new ChannelRunner(pair.alice.state, {
      store: disk as unknown as Store,
      log: silentLogger,
      context: () => pair.context(pair.alice),
      row: () => ({ put: 'vars', row: { name: 'state', value: new Uint8Array(0) } }),
      writesOf: () => [],
      perform: (effect: ChannelEffect) => {
        if (effect.kind === 'send') sent.push(effect.message.kind);
      },
      onStoreFailure: (error) => {
        throw error;
      },
    });
    runner.submit({
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
    await turns();
    // commitment_signed waits for the disk when the connection is lost and comes back.
    runner.submit({ kind: 'disconnected' });
    runner.submit({ kind: 'connected', remoteFeatures: FEATURES_OF_BOTH });
    await turns();
    disk.write();
    await turns();
    disk.write();
    await turns();
    expect(sent).toEqual(['channelReestablish']);
  });
});
