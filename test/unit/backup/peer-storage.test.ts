import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/store/sqlite/index.js';
import { err, type NodeId, ok } from '../../../src/core/bytes/index.js';
import { featureBits, type Message } from '../../../src/core/wire/index.js';
import { VirtualClock } from '../../../src/lab/clock.js';
import { PeerStorage, type PeerStorageDeps } from '../../../src/node/backup/index.js';
import { type Store, silentLogger } from '../../../src/ports/index.js';

const bob = '02bb' as NodeId;
const stranger = '03cc' as NodeId;
const STORES = featureBits([43]);
const blob = (byte: number) => new Uint8Array(20).fill(byte);

let clock: VirtualClock;
let store: Store;
let tied: Set<NodeId>;
let sent: { to: NodeId; message: Message }[];
let ours: { blob: Uint8Array; fingerprint: string } | undefined;
let features: Uint8Array;
let storage: PeerStorage;

beforeEach(async () => {
  clock = new VirtualClock();
  store = await openStore({ path: ':memory:', inline: true });
  tied = new Set([bob]);
  sent = [];
  ours = undefined;
  features = STORES;
  await start();
});
afterEach(() => store.close());

async function start(): Promise<void> {
  const deps: PeerStorageDeps = {
    store,
    clock,
    log: silentLogger,
    connected: (nodeId) => ({ nodeId, features }),
    send: (to, message) => sent.push({ to, message }) > 0,
    peersWithChannels: () => tied,
    height: () => 100,
    ours: () => ours,
    returned: async (_, { 0: first }) =>
      first === 66 ? err({ code: 'not_a_backup' }) : ok(`print ${first}`),
    fatal: (error) => {
      throw error;
    },
  };
  storage = new PeerStorage({}, deps);
  await storage.start();
}

const stored = async () => (await store.select('peer_storage')).map((row) => row.blob);
const connect = async (nodeId: NodeId) => {
  sent = [];
  storage.peerConnected({ nodeId, features });
  await clock.advance(10_000);
};
const says = (from: NodeId, value: Uint8Array) =>
  storage.message(from, { kind: 'peerStorage', blob: value });

describe('receive peer_storage', () => {
  it('is kept, and returned after every init, also after a restart', async () => {
    await connect(bob);
    expect(sent).toEqual([]);
    await says(bob, blob(1));
    await connect(bob);
    const answer = [{ to: bob, message: { kind: 'peerStorageRetrieval', blob: blob(1) } }];
    expect(sent).toEqual(answer);
    await start();
    await connect(bob);
    expect(sent).toEqual(answer);
  });

  it('from who has no channel with us: nothing is kept', async () => {
    await says(stranger, blob(1));
    expect(await stored()).toEqual([]);
  });

  it('again and again: the newest is returned at once, and written once a minute', async () => {
    for (let i = 1; i <= 50; i++) await says(bob, blob(i));
    expect(await stored()).toEqual([blob(1)]);
    await connect(bob);
    expect(sent[0]?.message).toEqual({ kind: 'peerStorageRetrieval', blob: blob(50) });
    await clock.advance(60_000);
    expect(await stored()).toEqual([blob(50)]);
    await says(bob, blob(51));
    await storage.stop();
    expect(await stored()).toEqual([blob(51)]);
  });

  it('is kept for 2016 blocks after the last channel is closed', async () => {
    await says(bob, blob(1));
    await storage.connectBlock({ height: 100 });
    tied.clear();
    await storage.connectBlock({ height: 101 });
    await start();
    await storage.connectBlock({ height: 101 + 2015 });
    expect(await stored()).toEqual([blob(1)]);
    await storage.connectBlock({ height: 101 + 2016 });
    expect(await stored()).toEqual([]);
    await connect(bob);
    expect(sent).toEqual([]);
  });

  it('a new channel within that time begins the count anew', async () => {
    await says(bob, blob(1));
    tied.clear();
    await storage.connectBlock({ height: 101 });
    tied.add(bob);
    await storage.connectBlock({ height: 1000 });
    tied.clear();
    await storage.connectBlock({ height: 1001 });
    await storage.connectBlock({ height: 101 + 2016 });
    expect(await stored()).toEqual([blob(1)]);
  });
});

describe('send peer_storage', () => {
  const offers = () => sent.filter(({ message }) => message.kind === 'peerStorage');

  it('to a peer with a channel that offers option_provide_storage, whenever ours changes', async () => {
    ours = { blob: blob(7), fingerprint: 'print 7' };
    await connect(bob);
    expect(offers()).toEqual([{ to: bob, message: { kind: 'peerStorage', blob: blob(7) } }]);
    storage.changed();
    expect(offers()).toHaveLength(1);
    ours = { blob: blob(8), fingerprint: 'print 8' };
    storage.changed();
    expect(offers()).toHaveLength(2);
  });

  it('not to strangers, and not to who does not offer it', async () => {
    ours = { blob: blob(7), fingerprint: 'print 7' };
    await connect(stranger);
    features = featureBits([1]);
    await connect(bob);
    storage.changed();
    expect(offers()).toEqual([]);
  });

  it('not to a peer that has just returned the same', async () => {
    ours = { blob: blob(7), fingerprint: 'print 7' };
    storage.peerConnected({ nodeId: bob, features });
    await storage.message(bob, { kind: 'peerStorageRetrieval', blob: blob(7) });
    await clock.advance(10_000);
    expect(offers()).toEqual([]);
    await connect(bob);
    await storage.message(bob, { kind: 'peerStorageRetrieval', blob: blob(66) });
    expect(offers()).toHaveLength(1);
  });
});
