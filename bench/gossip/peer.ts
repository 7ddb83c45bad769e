/** A peer that knows the whole graph and tells it to whoever asks, or one that asks for it. */
import { systemClock } from '../../src/adapters/clock/system.js';
import { systemEntropy } from '../../src/adapters/entropy/system.js';
import { TcpNet } from '../../src/adapters/net/tcp.js';
import type { Bytes, NodeId, ShortChannelId } from '../../src/core/bytes/index.js';
import { encodeMessage, type Message, type MessageOf } from '../../src/core/wire/index.js';
import { Peers } from '../../src/node/peers/index.js';
import { type NetAddress, silentLogger } from '../../src/ports/index.js';
import { identity, PeersTable } from '../../test/support/peers.js';
import type { MadeGossip } from './made.js';

const MOST_BACKLOG = 512 * 1024;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export class GossipPeer {
  readonly id: NodeId;
  readonly peers: Peers;
  /** Messages heard, by kind. */
  readonly heard = new Map<string, number>();
  /** When a query was last answered. */
  busyAt = 0;
  readonly #made: MadeGossip;
  readonly #chainHash: Bytes;
  readonly #scids: readonly ShortChannelId[];
  #heardChannels: ShortChannelId[] = [];
  #rangeDone: () => void = () => {};
  #channelsDone: () => void = () => {};

  constructor(name: string, made: MadeGossip, chainHash: Bytes) {
    const { id, signer } = identity(name);
    this.id = id;
    this.#made = made;
    this.#chainHash = chainHash;
    this.#scids = [...made.channels.keys()];
    this.peers = new Peers(
      {
        chainHash,
        features: { gossipQueries: 'optional', gossipQueriesEx: 'optional' },
        listen: [{ host: '127.0.0.1', port: 0 }],
        defaultPort: 9735,
      },
      {
        net: new TcpNet(),
        clock: systemClock,
        entropy: systemEntropy,
        signer,
        store: new PeersTable() as never,
        log: silentLogger,
        fatal: console.error,
      },
    );
    this.peers.onMessage('gossip', (from, message) => this.#take(from, message));
  }

  get address(): NetAddress {
    return this.peers.listening[0] as NetAddress;
  }

  #take(from: NodeId, message: Message): void {
    this.heard.set(message.kind, (this.heard.get(message.kind) ?? 0) + 1);
    if (message.kind === 'queryChannelRange') void this.#sendRange(from, message);
    if (message.kind === 'queryShortChannelIds') void this.#sendChannels(from, message);
    if (message.kind === 'replyChannelRange') {
      for (const scid of message.encodedShortIds) this.#heardChannels.push(scid);
      if (message.syncComplete === 1) this.#rangeDone();
    }
    if (message.kind === 'replyShortChannelIdsEnd') this.#channelsDone();
  }

  async #say(to: NodeId, raw: Bytes): Promise<void> {
    while (this.peers.backlog(to) > MOST_BACKLOG) await pause(1);
    this.peers.send(to, raw);
  }

  async #sendRange(to: NodeId, query: MessageOf<'queryChannelRange'>): Promise<void> {
    const scids = this.#scids;
    for (let at = 0; at < scids.length; at += 8000) {
      const part = scids.slice(at, at + 8000);
      const last = at + 8000 >= scids.length;
      const first = at === 0 ? 0 : Number((part[0] as bigint) >> 40n);
      const end = last ? 0xffffffff : Number((part.at(-1) as bigint) >> 40n) + 1;
      await this.#say(
        to,
        encodeMessage({
          kind: 'replyChannelRange',
          chainHash: query.chainHash,
          firstBlocknum: first,
          numberOfBlocks: end - first,
          syncComplete: last ? 1 : 0,
          encodedShortIds: part,
          tlvs: {},
        }),
      );
    }
  }

  /** BOLT 7, query_short_channel_ids: each channel, and each of their nodes once. */
  async #sendChannels(to: NodeId, query: MessageOf<'queryShortChannelIds'>): Promise<void> {
    const nodes = new Set<NodeId>();
    for (const scid of query.encodedShortIds) {
      const channel = this.#made.channels.get(scid);
      if (channel === undefined) continue;
      for (const raw of channel.messages) await this.#say(to, raw);
      for (const node of channel.nodes) nodes.add(node);
    }
    for (const node of nodes) await this.#say(to, this.#made.nodes.get(node) as Bytes);
    const { chainHash } = query;
    const end = { kind: 'replyShortChannelIdsEnd', chainHash, fullInformation: 1 } as const;
    await this.#say(to, encodeMessage(end));
    this.busyAt = Date.now();
  }

  /** Asks for all that the other has, twice: by a filter, and by queries. Answers how much came. */
  async fetchAll(from: NodeId): Promise<{ streamed: number; queried: number }> {
    const chainHash = this.#chainHash;
    const count = (): number =>
      ['channelAnnouncement', 'channelUpdate', 'nodeAnnouncement'].reduce(
        (sum, kind) => sum + (this.heard.get(kind) ?? 0),
        0,
      );
    const all = this.#made.channels.size + this.#made.updates + this.#made.nodes.size;
    const whole = { firstTimestamp: 0, timestampRange: 0xffffffff };
    this.peers.send(from, { kind: 'gossipTimestampFilter', chainHash, ...whole });
    // Our own daemons' channel and nodes are in it too.
    for (let quiet = 0, before = 0; quiet < 20 && before < all + 10; before = count()) {
      await pause(50);
      quiet = count() === before ? quiet + 1 : 0;
    }
    const streamed = count();
    this.peers.send(from, {
      kind: 'gossipTimestampFilter',
      chainHash,
      firstTimestamp: 0xffffffff,
      timestampRange: 0,
    });
    await new Promise<void>((done) => {
      this.#rangeDone = done;
      this.peers.send(from, {
        kind: 'queryChannelRange',
        chainHash,
        firstBlocknum: 0,
        numberOfBlocks: 0xffffffff,
        tlvs: { queryOption: 3n },
      });
    });
    for (let at = 0; at < this.#heardChannels.length; at += 1000)
      await new Promise<void>((done) => {
        this.#channelsDone = done;
        const encodedShortIds = this.#heardChannels.slice(at, at + 1000);
        this.peers.send(from, {
          ...{ kind: 'queryShortChannelIds', chainHash, encodedShortIds, tlvs: {} },
        });
      });
    return { streamed, queried: this.#heardChannels.length };
  }
}
