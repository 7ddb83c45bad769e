import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, msat, toHex, utf8 } from '../../../src/core/bytes/index.js';
import {
  type ClosedState,
  decodeChannel,
  encodeChannel,
  type LiveState,
} from '../../../src/core/channel/index.js';
import { Pair } from './harness.js';

const fixture = (version: number): string =>
  readFileSync(join(import.meta.dirname, 'fixtures', `channel-v${version}.hex`), 'utf8').trim();

/** A state with something in every field. */
function everything(): LiveState {
  const pair = new Pair({ announce: true, upfront: true, push: msat(300_000_000) }).open();
  pair.mine(6).settle();
  for (const party of [pair.alice, pair.bob])
    for (let i = 0; i < 4; i++) pair.add(party, 5_000_000n);
  pair.settle();
  pair.decide(pair.alice, 0n, { kind: 'fulfill' });
  pair.decide(pair.alice, 1n, { kind: 'fail', reason: utf8('no') });
  pair.decide(pair.alice, 2n, { kind: 'malformed' });
  pair.decide(pair.bob, 0n, { kind: 'fulfill' });
  pair.deliver(pair.alice);
  pair.add(pair.alice, 6_000_000n);
  pair.command(pair.alice, { kind: 'updateFee', feeratePerKw: 1100 });
  pair.sign(pair.alice);
  const { live } = pair.alice;
  const [first, ...more] = live.commitments.htlcs;
  if (first === undefined) throw new Error('no HTLC');
  const relayed = { kind: 'relayed', channelId: toHex(live.channelId), htlcId: 3n } as const;
  return {
    ...live,
    commitments: {
      ...live.commitments,
      htlcs: [{ ...first, origin: relayed as never, pathKey: live.params.peerId }, ...more],
    },
    lockin: { ...live.lockin, wrongFunding: true },
    announcement: { ...live.announcement, sent: false, early: live.announcement.received as never },
    shutdown: {
      closer: 'remote',
      localScript: utf8('a'),
      sent: true,
      remoteScript: utf8('b'),
      tx: utf8('tx'),
    },
    failure: { reason: 'warum — no', sentError: true, behind: false },
    spent: { tx: utf8('spend'), height: 5 },
    relay: { ...live.relay, timestamp: 1_700_000_001 },
    link: { kind: 'offline' },
  };
}

const closed: ClosedState = {
  kind: 'closed',
  channelId: new Uint8Array(32).fill(1),
  key: 7,
  peerId: new Uint8Array(33).fill(2),
  reason: 'over',
};

describe('the stored form of a channel', () => {
  it('gives back what was stored, every field of it', () => {
    for (const state of [everything(), closed])
      expect(decodeChannel(encodeChannel(state))).toEqual({ ok: true, value: state });
  });

  it('of version 2 is what the fixture froze', () => {
    expect(toHex(encodeChannel(everything()))).toBe(fixture(2));
    const decoded = decodeChannel(fromHex(fixture(2)) as Uint8Array);
    expect(decoded).toEqual({ ok: true, value: everything() });
  });

  it('of version 1 is read, without what it did not keep', () => {
    const { commitments, shutdown, ...more } = everything();
    const { tally: _, ...kept } = commitments;
    const { closer: __, ...asked } = shutdown;
    const decoded = decodeChannel(fromHex(fixture(1)) as Uint8Array);
    expect(decoded).toEqual({ ok: true, value: { ...more, commitments: kept, shutdown: asked } });
  });

  it('leaves out what belongs to the connection', () => {
    const pair = new Pair().open();
    const decoded = decodeChannel(encodeChannel(pair.alice.state));
    expect(decoded).toMatchObject({ ok: true, value: { link: { kind: 'offline' } } });
  });

  it('of an opening without an outpoint is that of one that is over', () => {
    const pair = new Pair().begin();
    const decoded = decodeChannel(encodeChannel(pair.alice.state));
    expect(decoded).toMatchObject({ ok: true, value: { kind: 'closed' } });
  });

  it('refuses what it did not write, and never throws', () => {
    const good = encodeChannel(everything());
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const bad = good.slice();
        bad[at] = byte;
        decodeChannel(bad);
        expect(decodeChannel(good.slice(0, at)).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
    const unknown = good.slice();
    unknown[1] = 99;
    expect(decodeChannel(unknown)).toEqual({ ok: false, error: { code: 'unknown_version' } });
  });
});
