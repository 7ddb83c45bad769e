import { describe, expect, it } from 'vitest';
import { compare, shortChannelId } from '../../../src/core/bytes/index.js';
import { sha256d, verify } from '../../../src/core/crypto/index.js';
import { type MessageOf, signedPart } from '../../../src/core/wire/index.js';
import { messagesIn, Pair, type Party } from './harness.js';

const announced = (): Pair => new Pair({ announce: true }).open().mine(6).settle();

const lastUpdate = (party: Party): MessageOf<'channelUpdate'> =>
  party.updates.at(-1) as MessageOf<'channelUpdate'>;

const kinds = (party: Party) => messagesIn(party.effects).map((m) => m.kind);

describe('announcement_signatures', () => {
  it('are exchanged at six confirmations, and make the same announcement on both sides', () => {
    const pair = new Pair({ announce: true }).open();
    pair.mine(1).settle();
    expect(kinds(pair.alice)).not.toContain('announcementSignatures');
    pair.mine(2).settle();
    expect(pair.alice.announcements.length).toBe(1);
    expect(pair.alice.announcements).toEqual(pair.bob.announcements);
    const m = pair.alice.announcements[0] as MessageOf<'channelAnnouncement'>;
    const digest = sha256d(signedPart(m));
    expect(verify(m.nodeSignature1, digest, m.nodeId1)).toBe(true);
    expect(verify(m.nodeSignature2, digest, m.nodeId2)).toBe(true);
    expect(verify(m.bitcoinSignature1, digest, m.bitcoinKey1)).toBe(true);
    expect(verify(m.bitcoinSignature2, digest, m.bitcoinKey2)).toBe(true);
    expect(compare(m.nodeId1, m.nodeId2)).toBeLessThan(0);
    expect(m.shortChannelId).toBe(shortChannelId(101, 5, 0));
    expect(pair.complaints).toEqual([]);
  });

  it('are not exchanged for a private channel', () => {
    const pair = new Pair().open().mine(10).settle();
    expect(kinds(pair.alice)).not.toContain('announcementSignatures');
  });

  it('are sent again on a new connection until both have them, and answered once', () => {
    const pair = new Pair({ announce: true }).open();
    pair.mine(6);
    pair.disconnect().reconnect().settle();
    expect(pair.alice.announcements.length).toBe(1);
    expect(pair.bob.announcements.length).toBe(1);
    const before = kinds(pair.alice).filter((k) => k === 'announcementSignatures').length;
    pair.disconnect().reconnect().settle();
    expect(kinds(pair.alice).filter((k) => k === 'announcementSignatures').length).toBe(before);
  });

  it('that come before our own sixth block are kept for it', () => {
    const pair = new Pair({ announce: true }).open();
    pair.height += 6;
    pair.input(pair.alice, { kind: 'block', height: pair.height });
    const late = pair.height;
    pair.height -= 6;
    pair.deliver(pair.bob);
    expect(pair.bob.announcements).toEqual([]);
    pair.height = late;
    pair.input(pair.bob, { kind: 'block', height: late });
    expect(pair.bob.announcements.length).toBe(1);
    pair.settle();
    expect(pair.alice.announcements.length).toBe(1);
  });

  it('with a bad signature: warning, and no announcement', () => {
    const pair = new Pair({ announce: true }).open().mine(6);
    const half = messagesIn(pair.alice.effects).find((m) => m.kind === 'announcementSignatures');
    const message = {
      ...(half as MessageOf<'announcementSignatures'>),
      bitcoinSignature: new Uint8Array(64).fill(1),
    };
    const effects = pair.input(pair.bob, { kind: 'message', message });
    expect(messagesIn(effects).map((m) => m.kind)).toContain('warning');
    expect(pair.bob.announcements).toEqual([]);
  });

  it('are made anew for another block after a reorg', () => {
    const pair = announced();
    for (const party of [pair.alice, pair.bob]) pair.input(party, { kind: 'fundingUnconfirmed' });
    pair.confirm(3).mine(6).settle();
    expect(pair.alice.announcements.length).toBe(2);
    const m = pair.bob.announcements.at(-1) as MessageOf<'channelAnnouncement'>;
    expect(m.shortChannelId).toBe(
      pair.alice.live.lockin.confirmed &&
        shortChannelId(pair.alice.live.lockin.confirmed.height, 3, 0),
    );
    expect(pair.complaints).toEqual([]);
  });

  it('are told again after a restart, in case gossip lost the announcement', () => {
    const pair = announced();
    pair.crash(pair.alice);
    expect(pair.alice.announcements.length).toBe(2);
    expect(pair.alice.announcements[0]).toEqual(pair.alice.announcements[1]);
  });
});

describe('channel_update', () => {
  it('of a private channel names the peer’s alias and is not to be forwarded', () => {
    const pair = new Pair().open();
    const update = lastUpdate(pair.alice);
    expect(update.shortChannelId).toBe(22n);
    expect(update.messageFlags).toBe(3);
    expect(verify(update.signature, sha256d(signedPart(update)), pair.alice.signer.nodeId)).toBe(
      true,
    );
    const first = compare(pair.alice.signer.nodeId, pair.bob.signer.nodeId) < 0;
    expect(update.channelFlags).toBe(first ? 0 : 1);
  });

  it('of a channel that is to be announced waits for the announcement, over changes and reconnections', () => {
    const pair = new Pair({ announce: true }).open();
    pair.command(pair.alice, { kind: 'setPolicy', ref: 1, policy: { feeBaseMsat: 77 } });
    pair.crash(pair.alice).reconnect().settle();
    expect(pair.alice.updates).toEqual([]);
    pair.mine(6).settle();
    expect(pair.alice.updates.length).toBe(1);
    expect(lastUpdate(pair.alice)).toMatchObject({ messageFlags: 1, feeBaseMsat: 77 });
  });

  it('of an announced channel names the real short_channel_id', () => {
    const update = lastUpdate(announced().alice);
    expect(update.shortChannelId).toBe(shortChannelId(101, 5, 0));
    expect(update.messageFlags).toBe(1);
  });

  it('never promises more than the channel and the peer bear, and is always newer', () => {
    const pair = announced();
    const before = lastUpdate(pair.alice);
    pair.command(pair.alice, {
      kind: 'setPolicy',
      ref: 1,
      policy: { feeBaseMsat: 77, enabled: false },
    });
    const update = lastUpdate(pair.alice);
    expect(update.htlcMaximumMsat).toBe(1_000_000_000n);
    expect(update.feeBaseMsat).toBe(77);
    expect(update.channelFlags & 2).toBe(2);
    expect(update.timestamp).toBeGreaterThan(before.timestamp);
  });

  it('is repeated before it is two weeks old', () => {
    const pair = announced();
    const count = pair.alice.updates.length;
    pair.now += 12 * 24 * 3600 * 1000;
    pair.mine();
    expect(pair.alice.updates.length).toBe(count);
    pair.now += 2 * 24 * 3600 * 1000;
    pair.mine();
    expect(pair.alice.updates.length).toBe(count + 1);
  });
});
