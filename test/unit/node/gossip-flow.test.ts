import { afterEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/store/sqlite/index.js';
import { InlineVerifier } from '../../../src/adapters/verifier/index.js';
import { sat } from '../../../src/core/bytes/index.js';
import { sign } from '../../../src/core/crypto/index.js';
import { RouteTable } from '../../../src/core/routing/index.js';
import { decodeMessage, type Message, type MessageOf } from '../../../src/core/wire/index.js';
import { Gossip } from '../../../src/node/gossip/index.js';
import { type SignatureVerifier, type Store, silentLogger } from '../../../src/ports/index.js';
import {
  CHAIN,
  END,
  HEIGHT,
  type Link,
  link,
  NOW,
  type Party,
  party,
  QUERIES,
  rangeOf,
  update,
} from '../../support/gossip.js';
import { ManualClock } from '../../support/wallet-kit.js';

const [alice, bob, self] = [party('alice'), party('bob'), party('self')];
const [peer, other] = [party('peer'), party('other')];
const LINKS = Array.from({ length: 40 }, (_, n) => link(n, alice, bob));

/** Answers when the test says so. */
class SlowVerifier implements SignatureVerifier {
  readonly width = 2;
  readonly #inner = new InlineVerifier();
  #held: (() => void)[] | undefined = [];

  async verify(checks: Uint8Array): Promise<Uint8Array> {
    if (this.#held !== undefined) await new Promise<void>((go) => this.#held?.push(go));
    return this.#inner.verify(checks);
  }
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }
  async close(): Promise<void> {}
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((done) => setImmediate(done));
};

interface KitOptions {
  readonly store?: Store;
  readonly verifier?: SignatureVerifier;
}

async function kit(options: KitOptions = {}) {
  const clock = new ManualClock();
  clock.advance(NOW * 1000 - clock.now());
  const store = options.store ?? (await openStore({ path: ':memory:', inline: true }));
  const sent: { to: string; message: Message }[] = [];
  const read = { backlog: 0 };
  const table = new RouteTable();
  const known = new Map<string, Link>(LINKS.map((each) => [`${each.scid}`, each]));
  const gossip = new Gossip(
    {
      nodeId: self.hex,
      chainHash: CHAIN,
      features: { gossipQueries: 'optional' },
      alias: 'self',
      color: '010203',
      announced: [],
      limits: { queryBatch: 20, flushSeconds: 60 },
    },
    {
      store,
      clock,
      signer: { nodeId: self.id, sign: (_ref, digest) => sign(self.key, digest) as Uint8Array },
      verifier: options.verifier ?? new InlineVerifier(),
      log: silentLogger,
      peers: {
        send: (to, message) => {
          const decoded = message instanceof Uint8Array ? decodeMessage(message) : undefined;
          sent.push({ to, message: (decoded?.ok ? decoded.value : message) as Message });
          return true;
        },
        backlog: () => read.backlog,
        disconnect: () => true,
      },
      chain: {
        height: () => HEIGHT,
        utxo: async (block, txIndex, output) => {
          const scid = (BigInt(block) << 40n) | (BigInt(txIndex) << 16n) | BigInt(output);
          const found = known.get(`${scid}`);
          return (
            found && {
              ...{ txid: found.txid, amount: sat(1_000_000), scriptPubkey: found.script },
              confirmations: 100,
            }
          );
        },
      },
      topology: table,
      ownChannel: () => undefined,
      fatal: (error) => {
        throw error;
      },
    },
  );
  started.push(gossip);
  await gossip.start();
  const connect = (who: Party) => gossip.peerConnected({ nodeId: who.hex, features: QUERIES });
  const kinds = (to?: Party): string[] =>
    sent.flatMap((s) => (to === undefined || s.to === to.hex ? [s.message.kind] : []));
  return { gossip, clock, store, sent, read, table, connect, kinds };
}

const started: Gossip[] = [];
afterEach(() => Promise.all(started.splice(0).map((gossip) => gossip.stop())));

const RANGE = rangeOf(LINKS);

describe('gossip that comes in', () => {
  it('is asked for again only when most of what came is worked through', async () => {
    const verifier = new SlowVerifier();
    const { gossip, connect, kinds } = await kit({ verifier });
    connect(peer);
    gossip.received(peer.hex, RANGE);
    const queries = () => kinds(peer).filter((k) => k === 'queryShortChannelIds').length;
    expect(queries()).toBe(1);
    const many = Array.from({ length: 150 }, (_, n) => link(100 + n, alice, bob).announcement);
    for (const each of many) gossip.received(peer.hex, each);
    gossip.received(peer.hex, END);
    await settle();
    expect(queries()).toBe(1);
    verifier.release();
    await settle();
    expect(queries()).toBe(2);
    gossip.received(peer.hex, END);
    expect(gossip.busy).toBe(false);
  });

  it('holds back the peer that sends more than may wait, and no other', async () => {
    const verifier = new SlowVerifier();
    const { gossip, connect } = await kit({ verifier });
    connect(peer);
    connect(other);
    for (const each of LINKS) gossip.received(peer.hex, each.announcement);
    let held: Promise<void> | undefined;
    const announcement = LINKS[0]?.announcement as MessageOf<'channelAnnouncement'>;
    const { raw: _, ...bare } = announcement;
    let n = 0;
    for (; held === undefined && n < 5_000; n++) {
      const shortChannelId = (announcement.shortChannelId + (BigInt(n + 1) << 16n)) as never;
      held = gossip.received(peer.hex, { ...bare, shortChannelId });
    }
    expect(n).toBeGreaterThan(2_000);
    expect(n).toBeLessThan(3_000);
    const last = link(39, alice, bob);
    expect(gossip.received(other.hex, last.announcement)).toBeUndefined();
    // A node that stops holds nobody back.
    await gossip.stop();
    await held;
  });
});

describe('stored gossip', () => {
  it('is written by one commit at a time', async () => {
    const inner = await openStore({ path: ':memory:', inline: true });
    let [open, most, rows] = [0, 0, 0];
    const store: Store = {
      select: (table, query) => inner.select(table, query),
      close: () => inner.close(),
      commit: async (writes) => {
        most = Math.max(most, ++open);
        rows += writes.length;
        await new Promise((done) => setImmediate(done));
        open--;
        return inner.commit(writes);
      },
    };
    const { gossip, connect, table } = await kit({ store });
    connect(peer);
    for (const each of LINKS) gossip.received(peer.hex, each.announcement);
    await settle();
    for (let round = 0; round < 9; round++)
      for (const each of LINKS)
        for (const direction of [0, 1] as const)
          gossip.received(peer.hex, update(each, direction, { timestamp: NOW - 900 + round }));
    await settle();
    await gossip.stop();
    expect(most).toBe(1);
    expect(rows).toBeGreaterThanOrEqual(40 * 3);
    expect(table.graph.channelCount).toBe(40);
  });

  it('is there after a restart, whatever the order of the rows', async () => {
    const first = await kit();
    first.connect(peer);
    for (const each of LINKS) {
      first.gossip.received(peer.hex, each.announcement);
      first.gossip.received(peer.hex, update(each, 0));
    }
    await settle();
    // A spend writes the channel's row anew, behind its update's.
    const txid = LINKS[3]?.txid as Uint8Array;
    first.gossip.connectBlock({
      ...{ height: HEIGHT, txs: [{ tx: { inputs: [{ txid, vout: 0 }] } }] },
    });
    await settle();
    first.clock.advance(5_000);
    await settle();
    const again = await kit({ store: first.store });
    const { graph } = again.table;
    expect(graph.channelCount).toBe(40);
    for (const { scid } of LINKS) expect(graph.policy(2 * graph.channel(scid))).toBeDefined();
  });

  it('is read from its rows where the snapshot is of another version, and kept in this one', async () => {
    const first = await kit();
    first.connect(peer);
    for (const each of LINKS) first.gossip.received(peer.hex, each.announcement);
    await settle();
    await first.gossip.stop();
    const name = 'gossip.snapshot';
    const kept = async () => (await first.store.select('vars', { where: { name } }))[0]?.value;
    const written = (await kept()) as Uint8Array;
    const value = written.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
    await first.store.commit([{ put: 'vars', row: { name, value } }]);
    const again = await kit({ store: first.store });
    expect(again.table.graph.channelCount).toBe(40);
    await again.gossip.stop();
    expect((await kept())?.subarray(0, 4)).toEqual(written.subarray(0, 4));
    const third = await kit({ store: first.store });
    expect(third.table.graph.channelCount).toBe(40);
  });

  it('goes to a peer as it reads, whole, and then the next of its questions is answered', async () => {
    const { gossip, connect, clock, kinds, read } = await kit();
    connect(peer);
    for (const each of LINKS) {
      gossip.received(peer.hex, each.announcement);
      gossip.received(peer.hex, update(each, 0));
    }
    await settle();
    connect(other);
    read.backlog = 1 << 20;
    const filter = { firstTimestamp: 0, timestampRange: 0xffffffff };
    gossip.received(other.hex, { kind: 'gossipTimestampFilter', chainHash: CHAIN, ...filter });
    gossip.received(other.hex, {
      ...{ kind: 'queryChannelRange', chainHash: CHAIN, firstBlocknum: 0 },
      ...{ numberOfBlocks: 0xffffffff, tlvs: {} },
    } as Message);
    const told = () => kinds(other).filter((k) => k.startsWith('channel')).length;
    await settle();
    expect(told()).toBe(0);
    read.backlog = 0;
    clock.advance(100);
    await settle();
    await settle();
    expect(told()).toBe(80);
    expect(kinds(other).at(-1)).toBe('replyChannelRange');
  });
});
