import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChannelInput, step } from '../../../src/core/channel/index.js';
import { decodeMessage, MESSAGES, type MessageKind } from '../../../src/core/wire/index.js';
import { Pair } from './harness.js';

const { numRuns } = { numRuns: 400 };

/** Whatever decodes, filled with what a hostile peer may think of, for this channel. */
function hostile(pair: Pair): fc.Arbitrary<ChannelInput> {
  const kinds = Object.keys(MESSAGES) as MessageKind[];
  return fc
    .tuple(fc.constantFrom(...kinds), fc.uint8Array({ minLength: 0, maxLength: 1800 }))
    .map(([kind, noise]): ChannelInput => {
      const bytes = new Uint8Array(2 + noise.length);
      new DataView(bytes.buffer).setUint16(0, MESSAGES[kind].type);
      bytes.set(noise, 2);
      const decoded = decodeMessage(bytes);
      if (!decoded.ok || decoded.value.kind === 'unknown')
        return { kind: 'message', message: { kind: 'stfu', channelId: noise, initiator: 1 } };
      const message = { ...decoded.value };
      if ('channelId' in message) Object.assign(message, { channelId: pair.alice.live.channelId });
      return { kind: 'message', message };
    });
}

describe('step', () => {
  it('takes any message in any state without a bug', () => {
    const open = new Pair().open();
    const busy = new Pair().open();
    busy.add(busy.alice, 5_000_000n);
    busy.add(busy.bob, 1n);
    busy.settle();
    const closing = new Pair().open();
    closing.command(closing.alice, { kind: 'shutdown', ref: 1 });
    closing.settle();
    const early = new Pair().begin();
    const states = [open, busy, closing].flatMap((p) => [p.alice.state, p.bob.state]);
    states.push(early.alice.state);
    fc.assert(
      fc.property(hostile(open), (input) => {
        for (const state of states) {
          const { effects } = step(state, input, open.context(open.alice));
          const bug = effects.find((e) => e.kind === 'failed' && e.reason.startsWith('bug'));
          expect(bug).toBeUndefined();
        }
      }),
      { numRuns },
    );
  });

  it('turns an exception of ours into an effect, and keeps the state', () => {
    const pair = new Pair().open();
    pair.add(pair.alice, 5_000_000n);
    const before = pair.alice.state;
    const context = {
      ...pair.context(pair.alice),
      signer: {
        ...pair.alice.signer,
        sign: () => {
          throw new Error('the signer is gone');
        },
      } as never,
    };
    const { state, effects } = step(
      before,
      { kind: 'command', command: { kind: 'sign' } },
      context,
    );
    expect(state).toBe(before);
    expect(effects.map((e) => e.kind)).toEqual(['note', 'failed', 'disconnect']);
  });
});
