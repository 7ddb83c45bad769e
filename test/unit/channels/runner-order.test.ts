import { describe, expect, it } from 'vitest';
import { msat } from '../../../src/core/bytes/index.js';
import type { ChannelEffect, CommandResult } from '../../../src/core/channel/index.js';
import { decodeMessage, encodeMessage, type Message } from '../../../src/core/wire/index.js';
import { VirtualClock } from '../../../src/lab/index.js';
import { ChannelRunner } from '../../../src/node/channels/runner.js';
import { type Store, silentLogger, type Write } from '../../../src/ports/index.js';
import { Pair } from '../channel/harness.js';

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

/** bob, run by a runner on a disk that writes when it is told to; alice is the harness's. */
class Bob {
  readonly pair = new Pair().open();
  /** What was handed to the disk, in order: the tables of each commit. */
  readonly commits: string[] = [];
  readonly sent: string[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly runner: ChannelRunner;
  /** What the node does when it is told of an HTLC. */
  onReceived: (id: bigint, preimage: Uint8Array) => void = (htlcId, preimage) => {
    this.disk.commit([{ put: 'vars', row: { name: 'invoice', value: preimage } }]);
    this.fulfill(htlcId, preimage);
  };

  readonly disk = {
    commit: (writes: readonly Write[]): Promise<void> => {
      const names = writes.map((w) => ('put' in w && w.put === 'vars' ? w.row.name : 'other'));
      this.commits.push(names.join(' '));
      return new Promise((done) => this.#waiting.push(done));
    },
  };

  constructor() {
    const { pair } = this;
    this.runner = new ChannelRunner(pair.bob.state, {
      store: this.disk as unknown as Store,
      clock: new VirtualClock(),
      log: silentLogger,
      context: () => pair.context(pair.bob),
      row: () => ({ put: 'vars', row: { name: 'channel', value: new Uint8Array(0) } }),
      writesOf: () => [],
      perform: (effect) => this.#perform(effect),
      onStoreFailure: (error) => {
        throw error;
      },
    });
  }

  fulfill(htlcId: bigint, preimage: Uint8Array): void {
    const command = { kind: 'fulfillHtlc', htlcId, preimage } as const;
    this.runner.submit({ kind: 'command', command }, () => []);
  }

  #perform(effect: ChannelEffect): void {
    if (effect.kind === 'htlcReceived')
      this.onReceived(effect.htlc.id, this.pair.preimages.of(effect.htlc.paymentHash));
    if (effect.kind !== 'send') return;
    this.sent.push(effect.message.kind);
    this.pair.toAlice.push(encodeMessage(effect.message));
  }

  /** The disk writes all that it was handed so far. */
  async write(): Promise<void> {
    for (const done of this.#waiting.splice(0)) done();
    await turns();
  }

  /** alice answers what was sent, and bob hears her. */
  async exchange(): Promise<void> {
    const { pair } = this;
    while (pair.deliver(pair.alice) || pair.sign(pair.alice));
    for (const bytes of pair.toBob.splice(0)) {
      const decoded = decodeMessage(bytes);
      if (!decoded.ok) throw new Error(decoded.error.code);
      this.runner.submit({ kind: 'message', message: decoded.value as Message });
    }
    await turns();
  }

  /** An HTLC of alice's, until her revoke_and_ack makes it irrevocable. */
  async receive(): Promise<CommandResult> {
    const result = this.pair.add(this.pair.alice, 5_000_000n);
    this.pair.sign(this.pair.alice);
    await this.exchange();
    await this.write();
    await this.exchange();
    return result;
  }
}

describe('a channel’s runner', () => {
  it('acts on a received HTLC while the disk works, in the disk’s order, and speaks after it', async () => {
    const bob = new Bob();
    await bob.receive();
    bob.sent.length = 0;
    // revoke_and_ack, then what the node made of the HTLC, then the fulfilment and its signature.
    expect(bob.commits.slice(-3)).toEqual(['channel', 'invoice', 'channel']);
    expect(bob.sent).toEqual([]);
    await bob.write();
    expect(bob.sent).toEqual(['updateFulfillHtlc', 'commitmentSigned']);
  });

  it('what the node asks for waits for the disk, also where the channel has nothing to keep', async () => {
    const bob = new Bob();
    let told: (() => void) | undefined;
    const act = bob.onReceived;
    bob.onReceived = (id, preimage) => {
      told = () => act(id, preimage);
    };
    await bob.receive();
    await bob.write();
    // bob's answer to another HTLC is under way, so that his next update is not signed at once.
    bob.pair.add(bob.pair.alice, 6_000_000n);
    bob.pair.sign(bob.pair.alice);
    await bob.exchange();
    await bob.write();
    bob.sent.length = 0;
    told?.();
    await turns();
    expect(bob.commits.slice(-2)).toEqual(['invoice', '']);
    expect(bob.sent).toEqual([]);
    await bob.write();
    expect(bob.sent).toEqual(['updateFulfillHtlc']);
  });

  it('an HTLC that comes when the channel is just over is refused, not forgotten', async () => {
    const { runner } = new Bob();
    const htlc = { amountMsat: msat(5_000_000), cltvExpiry: 500, onion: new Uint8Array(1366) };
    const paymentHash = new Uint8Array(32);
    const origin = { kind: 'local', paymentHash, groupId: 1, partId: 0 } as const;
    const offer = () =>
      runner.command({
        kind: 'command',
        command: { kind: 'addHtlc', ref: 1, paymentHash, origin, ...htlc },
      });
    const inLine = offer();
    runner.end();
    const refused = { ok: false, error: { code: 'channel_not_ready' } };
    expect(await inLine).toEqual(refused);
    expect(await offer()).toEqual(refused);
  });
});
