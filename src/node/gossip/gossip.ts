import { type Bytes, type NodeId, type ShortChannelId, scidParts } from '../../core/bytes/index.js';
import {
  channelKeyOf,
  type GossipContext,
  type GossipEffect,
  type GossipInput,
  GossipMachine,
  type GossipMessage,
  type StoredGossip,
} from '../../core/gossip/index.js';
import type { Message, MessageOf } from '../../core/wire/index.js';
import { type NetAddress, seconds, type Tables } from '../../ports/index.js';
import { GossipBook } from './book.js';
import { Inflow } from './inflow.js';
import { announcementsOf, type ChannelFilter, listChannels, listNodes } from './listing.js';
import { Outgoing } from './outgoing.js';
import { addressOf, ownNodeAnnouncement } from './own.js';
import type { GossipDeps, GossipServiceOptions } from './types.js';
import { Verifier } from './verifier.js';

/** Milliseconds between ticks, unless the flushes are to come faster. */
const TICK_MS = 5_000;
/** A snapshot is written when this much changed, looked at every so many ticks. */
const SNAPSHOT_CHANGES = 2_000;
const SNAPSHOT_TICKS = 120;
/** After the chain's source did not answer. */
const CHAIN_RETRY_MS = 5_000;
/** Funding outputs asked for at the same time, so that the chain's source can answer by many. */
const LOOKUPS = 100;

type OwnMessage = MessageOf<'channelAnnouncement' | 'nodeAnnouncement' | 'channelUpdate'>;

/** A block as far as gossip cares: what its transactions spend. */
interface SpendingBlock {
  readonly height: number;
  readonly txs: readonly {
    readonly tx: { readonly inputs: readonly { readonly txid: Bytes; readonly vout: number }[] };
  }[];
}

const storedGossip = (row: Tables['gossip']): StoredGossip => ({
  key: row.key,
  timestamp: row.timestamp,
  amountSat: row.amount_sat,
  fundingTxid: row.funding_txid ?? undefined,
  message: row.message,
});

const KINDS: ReadonlySet<string> = new Set<GossipMessage['kind']>([
  'channelAnnouncement',
  'nodeAnnouncement',
  'channelUpdate',
  'queryShortChannelIds',
  'replyShortChannelIdsEnd',
  'queryChannelRange',
  'replyChannelRange',
  'gossipTimestampFilter',
]);

const isGossip = (message: Message): message is GossipMessage => KINDS.has(message.kind);

/** Runs the gossip machine: peers, the chain, the disk and time around it. */
export class Gossip {
  readonly #options: GossipServiceOptions;
  readonly #deps: GossipDeps;
  readonly #machine: GossipMachine;
  readonly #book: GossipBook;
  readonly #verifier: Verifier;
  readonly #outgoing: Outgoing;
  readonly #connected = new Set<NodeId>();
  readonly #inflow: Inflow;
  /** Of the block told last, which the follower counts only once all its listeners are done. */
  #height: number | undefined;
  readonly #lookups: { readonly job: number; readonly scid: ShortChannelId }[] = [];
  #lookingUp = 0;
  #cancelTick: (() => void) | undefined;
  #ticks = 0;
  #running = false;
  #loaded: Promise<void> | undefined;

  constructor(options: GossipServiceOptions, deps: GossipDeps) {
    this.#options = options;
    this.#deps = deps;
    const { nodeId, chainHash, features, limits } = options;
    this.#machine = new GossipMachine(
      { nodeId, chainHash, features, ...(limits === undefined ? {} : { limits }) },
      deps,
    );
    this.#book = new GossipBook({ ...deps, relieved: () => this.#inflow.relieved() });
    this.#inflow = new Inflow({ pressed: () => this.#book.pressed });
    this.#verifier = new Verifier({
      verifier: deps.verifier,
      answer: (job, good) => this.#step({ kind: 'verified', job, good }),
      fatal: deps.fatal,
    });
    this.#outgoing = new Outgoing({
      ...deps,
      book: this.#book,
      served: (peer, what) => this.#step({ kind: 'served', peer, what }),
    });
  }

  /** Whether the graph is being fetched, or messages are being checked. */
  get busy(): boolean {
    return this.#machine.busy;
  }

  async start(): Promise<void> {
    await this.load();
    this.#running = true;
    await this.#announceNode();
    this.#tick();
  }

  /** Loads the graph, once: a snapshot, and what came after it. May be called before the start. */
  load(): Promise<void> {
    this.#loaded ??= this.#load();
    return this.#loaded;
  }

  async #load(): Promise<void> {
    const { topology } = this.#deps;
    const { graph } = topology;
    const parts = { graph, outpoints: this.#machine.outpoints, spentAt: this.#machine.spentAt };
    const now = seconds(this.#deps.clock);
    const early: StoredGossip[] = [];
    let attached = false;
    const rows = await this.#book.load(parts, (page) => {
      // The snapshot is in the graph when the first page comes.
      if (!attached) topology.attachAll();
      attached = true;
      early.push(...this.#machine.restore(page.map(storedGossip), now));
    });
    this.#machine.restore(early, now);
    this.#deps.log.info('graph loaded', {
      channels: graph.channelCount,
      nodes: graph.nodeCount,
      rows,
    });
  }

  async stop(): Promise<void> {
    // A graph that is not all there would take the place of the one on disk.
    if (!this.#running) return;
    this.#running = false;
    this.#cancelTick?.();
    this.#verifier.stop();
    this.#inflow.stop();
    await this.#book.snapshot(this.#parts());
    await this.#book.flush();
  }

  peerConnected(peer: { readonly nodeId: NodeId; readonly features: Bytes }): void {
    this.#connected.add(peer.nodeId);
    this.#inflow.connected(peer.nodeId);
    this.#step({ kind: 'connected', peer: peer.nodeId, features: peer.features });
    // BOLT 7, gossip_timestamp_filter: what we made ourselves goes out whatever the filter.
    const keys = this.#ownKeys();
    if (keys.length > 0) this.#outgoing.add(peer.nodeId, { keys });
  }

  peerDisconnected(peer: NodeId): void {
    this.#connected.delete(peer);
    this.#outgoing.forget(peer);
    this.#inflow.disconnected(peer);
    this.#step({ kind: 'disconnected', peer });
  }

  /** A promise holds the peer back: it resolves when the message has been dealt with. */
  received(peer: NodeId, message: Message): Promise<void> | undefined {
    if (!isGossip(message)) return undefined;
    // The end of an answer leads to the next question: not before this answer is worked through.
    if (message.kind === 'replyShortChannelIdsEnd') {
      this.#inflow.whenFew(peer, () => this.#step({ kind: 'message', peer, message }));
      return undefined;
    }
    const ref = this.#inflow.begin(peer);
    this.#step({ kind: 'message', peer, message, ref });
    return this.#inflow.hold(ref);
  }

  connectBlock(block: SpendingBlock): void {
    this.#height = block.height;
    const spends = block.txs.flatMap(({ tx }) => tx.inputs);
    this.#step({ kind: 'block', height: block.height, spends });
  }

  disconnectBlock(height: number): void {
    this.#height = height - 1;
    this.#step({ kind: 'disconnectedBlock', height });
  }

  /** Our channel_announcement, both halves there. */
  announceOwn(message: Message): void {
    if (message.kind !== 'channelAnnouncement') return;
    this.#own(message);
  }

  /** Our channel_update; a private one goes to the channel's other end alone. */
  updateOwn(message: Message, isPrivate: boolean): void {
    if (message.kind !== 'channelUpdate') return;
    if (!isPrivate) {
      this.#own(message);
      return;
    }
    const peer = this.#deps.ownChannel(message.shortChannelId);
    if (peer !== undefined) this.#deps.peers.send(peer, message);
  }

  #own(message: OwnMessage): void {
    this.#step({ kind: 'own', message });
  }

  listNodes(id?: NodeId) {
    return listNodes(this.#deps.topology.graph, this.#book, id);
  }
  listChannels(filter: ChannelFilter = {}) {
    return listChannels(this.#deps.topology.graph, filter);
  }

  /** Whether gossip knows of no channel between a node and others than ourselves. */
  isDeadEnd(id: NodeId): boolean {
    return listChannels(this.#deps.topology.graph, { destination: id }).every(
      ({ source }) => source === this.#options.nodeId,
    );
  }

  /** Where a node says that it can be reached. */
  async addressesOf(id: NodeId): Promise<readonly NetAddress[]> {
    const [message] = await announcementsOf([id], this.#book);
    return (message?.addresses ?? []).flatMap((descriptor) => {
      const known = addressOf(descriptor);
      return known === undefined || known.type === 'torv3' ? [] : [known.address];
    });
  }

  #context(): GossipContext {
    return { now: seconds(this.#deps.clock), height: this.#height ?? this.#deps.chain.height() };
  }

  #parts() {
    const { outpoints, spentAt } = this.#machine;
    return { graph: this.#deps.topology.graph, outpoints, spentAt };
  }

  #step(input: GossipInput): void {
    for (const effect of this.#machine.step(input, this.#context())) this.#carryOut(effect);
  }

  #carryOut(effect: GossipEffect): void {
    const { peers, log } = this.#deps;
    switch (effect.kind) {
      case 'send':
        peers.send(effect.peer, effect.message);
        return;
      case 'sendToAll':
        for (const peer of this.#connected) peers.send(peer, effect.message);
        if (effect.message.kind === 'channelAnnouncement') void this.#announceNode();
        return;
      case 'sendStored':
        this.#outgoing.add(effect.peer, effect);
        return;
      case 'verify':
        this.#verifier.add(effect);
        return;
      case 'lookUpFunding':
        this.#lookups.push(effect);
        this.#lookUp();
        return;
      case 'put':
        this.#book.put(effect);
        return;
      case 'drop':
        this.#book.drop(effect.key);
        return;
      case 'spent':
        void this.#book.spent(channelKeyOf(effect.scid), effect.height);
        return;
      case 'done':
        this.#inflow.done(effect.ref);
        return;
      case 'warn':
        this.#warn(effect);
        return;
      case 'note':
        log[effect.level](effect.text, effect.values);
        return;
    }
  }

  #warn({ peer, text, close }: GossipEffect & { kind: 'warn' }): void {
    const { peers, log } = this.#deps;
    log.info('bad gossip', { peer, text });
    const data = new TextEncoder().encode(text);
    peers.send(peer, { kind: 'warning', channelId: new Uint8Array(32), data } as Message);
    if (close) peers.disconnect(peer, text);
  }

  /** Asks the chain for funding outputs, a few at a time; a source that is away is asked again. */
  #lookUp(): void {
    while (this.#lookingUp < LOOKUPS) {
      const next = this.#lookups.shift();
      if (next === undefined) return;
      this.#lookingUp++;
      const { block, txIndex, output } = scidParts(next.scid);
      this.#deps.chain.utxo(block, txIndex, output).then(
        (found) => {
          this.#lookingUp--;
          const { job } = next;
          if (!this.#running) return;
          this.#step({ kind: 'funding', job, ...(found === undefined ? {} : { output: found }) });
          this.#lookUp();
        },
        () => {
          this.#deps.clock.after(CHAIN_RETRY_MS, () => {
            this.#lookingUp--;
            this.#lookups.unshift(next);
            if (this.#running) this.#lookUp();
          });
        },
      );
    }
  }

  #tick(): void {
    this.#step({ kind: 'tick' });
    void this.#book.flush();
    if (++this.#ticks % SNAPSHOT_TICKS === 0 && this.#book.changes > SNAPSHOT_CHANGES)
      this.#book.snapshot(this.#parts()).catch(this.#deps.fatal);
    const flushMs = (this.#options.limits?.flushSeconds ?? 60) * 1000;
    this.#cancelTick = this.#deps.clock.after(Math.min(TICK_MS, flushMs), () => this.#tick());
  }

  /** Keys of our own announcements and updates, in the order they are to be sent. */
  #ownKeys(): string[] {
    const { graph } = this.#deps.topology;
    const { nodeId } = this.#options;
    const n = graph.node(new Uint8Array(Buffer.from(nodeId, 'hex')));
    if (n < 0) return [];
    const start = graph.incoming.start(n);
    const keys: string[] = [];
    for (let i = 0; i < graph.incoming.length(n); i++) {
      const e = graph.incoming.pool[start + i] as number;
      const key = channelKeyOf(graph.scid(e >> 1));
      keys.push(key, `u${key.slice(1)}/${(e & 1) ^ 1}`);
    }
    return [...keys, `n:${nodeId}`];
  }

  /** BOLT 7, node_announcement: makes ours once a channel of ours is public, or it changed. */
  async #announceNode(): Promise<void> {
    const { topology, signer, clock } = this.#deps;
    const n = topology.graph.node(signer.nodeId);
    if (n < 0) return;
    const [previous] = await announcementsOf([this.#options.nodeId], this.#book);
    if (!this.#running) return;
    const fresh = ownNodeAnnouncement(this.#options, signer, previous, seconds(clock));
    if (fresh !== undefined) this.#own(fresh);
  }
}
