import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, sat, toHex } from '../../../src/core/bytes/index.js';
import {
  backedUpId,
  backupOf,
  type ChannelBackup,
  decodeBackup,
  decodeChannel,
  encodeBackup,
  encodeChannel,
  openBackups,
  PEER_STORAGE_LENGTH,
  sealBackups,
  sealForPeer,
  step,
  stubOf,
} from '../../../src/core/channel/index.js';
import { messagesIn, Pair } from './harness.js';
import { script } from './kit.js';

const FIXTURE = join(import.meta.dirname, 'fixtures', 'backup-v1.hex');
const KEY = new Uint8Array(32).fill(3);
const NONCE = new Uint8Array(12).fill(4);

const addresses = [
  { host: '127.0.0.1', port: 9735 },
  { host: 'node.example.onion', port: 1 },
];

function pairWithPayments(): Pair {
  const pair = new Pair({ announce: true }).open();
  pair.mine(6).settle();
  for (let i = 0; i < 3; i++) pair.add(pair.alice, 5_000_000n);
  return pair.settle();
}

const backups = (): ChannelBackup[] => {
  const pair = pairWithPayments();
  const old = new Pair({ type: { anchors: false } }).open();
  return [backupOf(pair.alice.live, addresses), backupOf(old.bob.live, [])];
};

describe('the backup of a channel', () => {
  it('gives back what it was made of, alone and sealed', () => {
    const channels = backups();
    for (const backup of channels)
      expect(decodeBackup(encodeBackup(backup))).toEqual({ ok: true, value: backup });
    const set = { writtenAt: 1_700_000_000, channels };
    expect(openBackups(KEY, sealBackups(KEY, NONCE, set))).toEqual({ ok: true, value: set });
    expect(toHex(backedUpId(channels[0] as ChannelBackup))).toBe(
      toHex(pairWithPayments().alice.live.channelId),
    );
  });

  it('of version 1 is what the fixture froze', () => {
    const set = { writtenAt: 1_700_000_000, channels: backups() };
    const sealed = sealBackups(KEY, NONCE, set);
    const frozen = readFileSync(FIXTURE, 'utf8').trim();
    expect(toHex(sealed)).toBe(frozen);
    expect(openBackups(KEY, fromHex(frozen) as Uint8Array)).toEqual({ ok: true, value: set });
  });

  it('is no backup once a byte of it is another, or it is cut, or the seed is another', () => {
    const sealed = sealBackups(KEY, NONCE, { writtenAt: 1, channels: backups() });
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bad = sealed.slice();
        bad[at] = (bad[at] as number) ^ change;
        expect(openBackups(KEY, bad).ok).toBe(false);
        expect(openBackups(KEY, sealed.slice(0, at)).ok).toBe(false);
      }),
    );
    const other = openBackups(new Uint8Array(32), sealed);
    expect(other).toEqual({ ok: false, error: { code: 'wrong_key_or_damaged' } });
    expect(openBackups(KEY, new Uint8Array(0))).toMatchObject({ error: { code: 'not_a_backup' } });
  });

  it('for a peer has the length of BOLT 1, however many channels there are', () => {
    const [backup] = backups() as [ChannelBackup];
    for (const count of [0, 1, 400]) {
      const channels = Array.from({ length: count }, (_, i) => ({
        ...backup,
        fundingVout: i,
        fundingAmount: sat(20_000 + i),
      }));
      const { blob, left } = sealForPeer(KEY, NONCE, { writtenAt: 5, channels });
      expect(blob).toHaveLength(PEER_STORAGE_LENGTH);
      const opened = openBackups(KEY, blob);
      if (!opened.ok) throw new Error(opened.error.code);
      expect(opened.value.channels).toHaveLength(count - left);
      // Those with the least money are left out.
      const least = Math.min(...opened.value.channels.map((c) => Number(c.fundingAmount)));
      if (count === 400) expect(least).toBe(20_000 + left);
      else expect(left).toBe(0);
    }
  });
});

describe('a channel restored from its backup', () => {
  const restored = () => {
    const pair = pairWithPayments();
    const { live, signer } = pair.alice;
    pair.alice.state = stubOf(backupOf(live, []), script(9), signer);
    return pair;
  };

  it('is stored and read like any other', () => {
    const { alice } = restored();
    const stored = decodeChannel(encodeChannel(alice.state));
    expect(stored).toEqual({ ok: true, value: alice.state });
  });

  it('sends channel_reestablish and error on each connection, and never a commitment', () => {
    const pair = restored();
    const { alice } = pair;
    const context = pair.context(alice);
    const woken = step(alice.state, { kind: 'restored' }, context);
    const met = step(
      woken.state,
      { kind: 'connected', remoteFeatures: pair.features },
      pair.context(alice),
    );
    expect(messagesIn(met.effects).map((m) => m.kind)).toEqual(['channelReestablish', 'error']);
    expect(messagesIn(met.effects)[0]).toMatchObject({
      nextCommitmentNumber: 1n,
      nextRevocationNumber: 0n,
      yourLastPerCommitmentSecret: new Uint8Array(32),
    });
    const { channelId } = alice.live;
    const data = new Uint8Array(0);
    const inputs = [
      { kind: 'message', message: { kind: 'error', channelId, data } },
      { kind: 'block', height: 10_000 },
      { kind: 'command', command: { kind: 'forceClose', ref: 1, reason: 'please' } },
      { kind: 'command', command: { kind: 'shutdown', ref: 2 } },
      { kind: 'disconnected' },
      { kind: 'restored' },
    ] as const;
    let { state } = met;
    const effects = [...woken.effects, ...met.effects];
    for (const input of inputs) {
      const next = step(state, input, { ...pair.context(alice), height: 10_000 });
      state = next.state;
      effects.push(...next.effects);
    }
    expect(effects.filter((e) => e.kind === 'broadcast' || e.kind === 'forget')).toEqual([]);
    expect(state.kind).toBe('live');
  });

  it('says error again, once a connection, to a peer that answers with no more than a warning', () => {
    const pair = restored();
    const { alice } = pair;
    const { channelId } = alice.live;
    const meet = { kind: 'connected', remoteFeatures: pair.features } as const;
    const warning = { kind: 'warning', channelId, data: new Uint8Array(0) } as const;
    const said = (input: Parameters<typeof step>[1]): string[] =>
      messagesIn(pair.input(alice, input)).map((m) => m.kind);
    for (let connection = 0; connection < 2; connection++) {
      said(meet);
      expect(said({ kind: 'message', message: warning })).toEqual(['error']);
      expect(said({ kind: 'message', message: warning })).toEqual([]);
      said({ kind: 'disconnected' });
    }
  });

  it('makes the peer close, and the peer’s commitment pays us', () => {
    const pair = restored();
    const { alice, bob } = pair;
    pair.input(bob, { kind: 'disconnected' });
    pair.input(bob, { kind: 'connected', remoteFeatures: pair.features });
    const met = step(
      alice.state,
      { kind: 'connected', remoteFeatures: pair.features },
      pair.context(alice),
    );
    for (const message of messagesIn(met.effects)) pair.input(bob, { kind: 'message', message });
    expect(bob.broadcasts.map((b) => b.purpose)).toEqual(['commitment']);
  });
});
