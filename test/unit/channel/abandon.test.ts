import { describe, expect, it } from 'vitest';
import { decodeChannel, encodeChannel, step } from '../../../src/core/channel/index.js';
import { messagesIn, Pair, type Party } from './harness.js';

const abandon = (pair: Pair, party: Party) => {
  const command = { kind: 'abandonOpening', reason: 'no transaction' } as const;
  return step(party.state, { kind: 'command', command }, pair.context(party));
};

describe('a funding transaction is given up that both have signed for', () => {
  it('by the opener, before any block has it: the channel is over, on disk and for the peer', () => {
    const pair = new Pair().begin().settle();
    expect(pair.alice.live.lockin.confirmed).toBeUndefined();
    const { state, effects } = abandon(pair, pair.alice);
    expect(state.kind).toBe('closed');
    expect(effects.map((e) => e.kind)).toEqual([
      'persist',
      'send',
      'failed',
      'forget',
      'stateChanged',
    ]);
    expect(messagesIn(effects)[0]).toMatchObject({
      kind: 'error',
      channelId: pair.alice.live.channelId,
    });
    expect(decodeChannel(encodeChannel(state))).toEqual({ ok: true, value: state });
  });

  it('not once a block has it, and never by who did not make it', () => {
    const unconfirmed = new Pair().begin().settle();
    const open = new Pair().open();
    for (const [pair, party] of [
      [unconfirmed, unconfirmed.bob],
      [open, open.alice],
    ] as const) {
      const { state, effects } = abandon(pair, party);
      expect(state).toBe(party.state);
      expect(effects.map((e) => e.kind)).toEqual(['note']);
    }
  });
});
