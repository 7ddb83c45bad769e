import { describe, expect, it } from 'vitest';
import { hex, msat, type NodeId, scidFromString } from '../../../src/core/bytes/index.js';
import type { LiveChannel } from '../../../src/node/channels/index.js';
import { type Expose, routeHints } from '../../../src/node/main/route-hints.js';

const peer = (n: number): NodeId => `02${n.toString(16).padStart(64, '0')}` as NodeId;
const peerPolicy = {
  feeBaseMsat: 1000,
  feeProportionalMillionths: 10,
  cltvExpiryDelta: 34,
  htlcMinimumMsat: msat(1),
  htlcMaximumMsat: msat(1_000_000_000),
};

/** A channel that can take in 1,000 msat. */
function channel(n: number, more: Partial<LiveChannel> = {}): LiveChannel {
  return {
    ready: true,
    peerConnected: true,
    private: false,
    peerId: peer(n),
    scid: scidFromString(`${n}x1x0`)!,
    localAlias: scidFromString(`${n}x2x0`)!,
    remoteAlias: scidFromString(`${n}x3x0`)!,
    receivableMsat: msat(1000),
    peerPolicy,
    ...more,
  } as LiveChannel;
}

const hidden = (n: number, more: Partial<LiveChannel> = {}) =>
  channel(n, { private: true, ...more });

function ask(channels: LiveChannel[], expose: Expose, amount?: number, deadEnds: NodeId[] = []) {
  const wanted = amount === undefined ? undefined : msat(amount);
  const { hints, warnings } = routeHints(channels, expose, wanted, (id) => deadEnds.includes(id));
  return { hints: hints.map(([hop]) => hop?.shortChannelId), warnings: Object.keys(warnings) };
}

describe('route hints', () => {
  it('name a private channel by the alias that its peer gave, with what the peer asks', () => {
    const { hints } = routeHints([hidden(1)], 'auto', undefined, () => false);
    const { htlcMinimumMsat: _, htlcMaximumMsat: __, ...asked } = peerPolicy;
    const shortChannelId = scidFromString('1x3x0')!;
    expect(hints).toEqual([[{ nodeId: hex(peer(1)), shortChannelId, ...asked }]]);
  });

  it.each<[string, Expose, string[]]>([
    ['auto, where there is a public one', 'auto', []],
    ['all', 'all', ['2x3x0', '3x3x0']],
    ['none', 'none', []],
    ['those named, by any of their names', [scidFromString('3x2x0')!], ['3x3x0']],
  ])('of private channels: %s', (_, expose, named) => {
    const channels = [channel(1), hidden(2), hidden(3), hidden(4, { ready: false })];
    expect(ask(channels, expose).hints).toEqual(named.map((scid) => scidFromString(scid)));
  });
});

describe('what warns who makes an invoice', () => {
  it.each<[string, string[], LiveChannel[], Expose, number | undefined, NodeId[]?]>([
    ['no amount, no warning', [], [], 'auto', undefined],
    ['one channel has room', [], [channel(1)], 'auto', 1000],
    ['two have, together', ['warning_mpp'], [channel(1), channel(2)], 'auto', 1001],
    ['none has', ['warning_capacity'], [channel(1)], 'auto', 1001],
    [
      'a peer is away',
      ['warning_offline'],
      [channel(1), channel(2, { peerConnected: false })],
      'auto',
      1001,
    ],
    ['a peer leads nowhere', ['warning_deadends'], [channel(1)], 'auto', 1000, [peer(1)]],
    [
      'a private one is not told',
      ['warning_private_unused'],
      [channel(1), hidden(2)],
      'auto',
      1001,
    ],
    ['private ones are not to be told', ['warning_private_unused'], [hidden(2)], 'none', 1000],
    ['a private one is told', ['warning_mpp'], [channel(1), hidden(2)], 'all', 1001],
  ])('%s', (_, warnings, channels, expose, amount, deadEnds) => {
    expect(ask(channels, expose, amount, deadEnds).warnings).toEqual(warnings);
  });
});
