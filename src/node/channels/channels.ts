/**
 * Every channel of the node: which machine a message, a block or a command goes to, and what
 * becomes of the effects. The machines themselves are pure (core/channel); each has its runner.
 */
import {
  type ChannelId,
  equal,
  err,
  type Msat,
  type NodeId,
  ok,
  type Result,
  type ShortChannelId,
} from '../../core/bytes/index.js';
import {
  type ChannelCommand,
  type ChannelState,
  type ChannelView,
  type CommandResult,
  channelView,
  decodeChannel,
  type HtlcOrigin,
  type LiveState,
  type RelayPolicy,
  type Step,
  type StepContext,
} from '../../core/channel/index.js';
import type { Message, MessageOf } from '../../core/wire/index.js';
import type { Write } from '../../ports/index.js';
import { Blocks } from './blocks.js';
import { ChannelKeys } from './channel-keys.js';
import { closed } from './closed.js';
import { DynamicOptions } from './dynamic-options.js';
import { Effects } from './effects.js';
import { idOf, isOperating, isPending, peerOf } from './facts.js';
import { FundingWatch, type WatchedBlock } from './funding-watch.js';
import { heldOrigins, heldReceived, isFulfillable, isRelayed } from './held.js';
import { deliver } from './inbox.js';
import { Opening } from './opening.js';
import { takePeerPolicy } from './peer-policy.js';
import { type Entry, Registry } from './registry.js';
import { outgoingTo, roomyEntry, setRelayTerms } from './relay-terms.js';
import { rowOf } from './rows.js';
import { ChannelRunner, type WritesFor } from './runner.js';
import {
  type Ended,
  type FinalHtlc,
  HtlcSwitch,
  type HtlcToOffer,
  type Settlement,
} from './switch.js';
import type {
  ChannelPeer,
  ChannelsDeps,
  ChannelsOptions,
  CloseError,
  CloseOptions,
  CloseResult,
  FundError,
  FundParams,
  FundResult,
  LiveChannel,
  SharedFundError,
  SharedFundParams,
  SharedFundResult,
} from './types.js';

/** Fewer than recovery from the seed alone looks ahead. */
const KEYS_ASIDE = 100;

export class Channels {
  readonly #options: ChannelsOptions;
  readonly #deps: ChannelsDeps;
  readonly #switch: HtlcSwitch;
  readonly #opening: Opening;
  readonly #keys: ChannelKeys;
  readonly #effects: Effects;
  readonly #blocks: Blocks;
  /** What `setconfig` may change. */
  readonly dynamic: DynamicOptions;
  readonly #watch = new FundingWatch();
  readonly #registry = new Registry();
  readonly #listeners = new Set<(channel: LiveChannel) => void>();
  /** States do not change: what is told of one is worked out once. */
  readonly #views = new WeakMap<ChannelState, ChannelView>();
  #ref = 1;

  constructor(options: ChannelsOptions, deps: ChannelsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.dynamic = new DynamicOptions(options, deps);
    this.#keys = new ChannelKeys({ seedIsOld: options.seedIsOld ?? false }, deps);
    this.#switch = new HtlcSwitch(options.relay, {
      store: deps.store,
      clock: deps.clock,
      log: deps.log,
      height: () => this.#blocks.height,
      whenCurrent: () => deps.chain.whenCurrent(),
      ecdh: (point) => deps.signer.ecdh(point),
      outgoing: (next, amount) => outgoingTo(this.#registry, next, amount, deps.clock.now()),
      offer: (channelId, htlc, writes) => this.#offer(channelId, htlc, writes),
      settle: (channelId, command, writes) => this.#settle(channelId, command, writes),
      received: (channelId, htlcId) => heldReceived(this.#registry, channelId, htlcId),
      isFulfillable: (channelId, htlcId) => isFulfillable(this.#registry, channelId, htlcId),
      isOffered: (channelId, htlcId) => isRelayed(this.#registry, channelId, htlcId),
      isOperating: (channelId) => isOperating(this.#registry.get(channelId)?.runner.state),
      receiveFinal: (htlc: FinalHtlc) => deps.ends.receiveFinal(htlc),
      localFulfilled: (origin, preimage) => deps.ends.fulfilled(origin, preimage),
      localFailed: (origin, failure) => deps.ends.failed(origin, failure),
      localSettled: (origin) => deps.ends.settled(origin),
      localPaidAfterAll: (late) => deps.ends.paidAfterAll(late),
    });
    this.#blocks = new Blocks({
      registry: this.#registry,
      watch: this.#watch,
      htlcs: this.#switch,
      chain: deps.chain,
    });
    this.#opening = new Opening(options, {
      ...deps,
      keys: this.#keys,
      minCapacity: () => this.dynamic.minCapacity,
      context: () => this.#context(),
      adopt: (step) => this.#adopt(step),
      pendingWith: (peer) => this.#pendingWith(peer.nodeId),
      pendingBeside: (peer) => this.#registry.pendingBeside(peer.nodeId),
      taken: (id) => this.#registry.has(id),
      signedFrom: (txid) =>
        this.liveStates().filter(({ params }) => equal(params.fundingTxid, txid)).length,
    });
    this.#effects = new Effects(
      {
        registry: this.#registry,
        htlcs: this.#switch,
        opening: this.#opening,
        watch: this.#watch,
        changed: (entry) => this.#changed(entry),
        remove: (entry) => this.#remove(entry),
      },
      deps,
    );
  }

  /** Reads every channel that is not over, and lets it say what was due when the node stopped. */
  async start(): Promise<void> {
    await this.dynamic.start();
    await this.#keys.start();
    await this.#switch.start();
    const rows = await this.#deps.store.select('channels', { where: { closed_at: null } });
    const entries: Entry[] = [];
    for (const row of rows) {
      const state = decodeChannel(row.state);
      // On doubt about state, keep the state: a row we cannot read stops the node, not the channel.
      if (!state.ok)
        throw new Error(`channel ${row.channel_id} cannot be read: ${JSON.stringify(state.error)}`);
      entries.push(this.#insert(state.value, true));
    }
    for (const entry of entries) {
      this.#deps.peers.keep(entry.peerId, 'channel');
      entry.runner.submit({ kind: 'restored' });
    }
    await Promise.all(entries.map((entry) => entry.runner.idle()));
  }

  async stop(): Promise<void> {
    await this.idle();
    await this.#switch.stop();
    for (const { runner } of this.#registry.all()) runner.stop();
  }

  /** Resolves when every channel has carried out all that it was given so far. */
  async idle(): Promise<void> {
    await Promise.all(this.#registry.all().map((entry) => entry.runner.idle()));
  }

  // What the peers say.

  peerConnected(peer: ChannelPeer): void {
    for (const entry of this.#registry.of(peer.nodeId))
      entry.runner.submit({ kind: 'connected', remoteFeatures: peer.features });
  }

  peerDisconnected(nodeId: NodeId): void {
    for (const entry of this.#registry.of(nodeId)) entry.runner.submit({ kind: 'disconnected' });
  }

  /**
   * A message of BOLT 2, or an error or warning, from a peer. The promise resolves when its
   * effects are carried out: a peer that sends faster than our disk writes has to wait.
   */
  message(nodeId: NodeId, message: Message): Promise<void> | undefined {
    const { peers } = this.#deps;
    return deliver(nodeId, message, { registry: this.#registry, opening: this.#opening, peers });
  }

  /** A channel_update of the peer for a channel with us: what it asks for relaying to us. */
  peerUpdate(nodeId: NodeId, update: MessageOf<'channelUpdate'>): void {
    for (const entry of this.#registry.of(nodeId)) takePeerPolicy(entry, update);
  }

  // What the chain says.

  /** Resolves when every channel's answer to the block is durable: only then is it followed. */
  connectBlock(block: WatchedBlock): Promise<void> {
    return this.#blocks.connect(block);
  }

  disconnectBlock(height: number): Promise<void> {
    return this.#blocks.disconnect(height);
  }

  // What the node and its operator ask.

  list(): LiveChannel[] {
    return this.#registry.all().map((entry) => this.#view(entry));
  }

  get(channelId: ChannelId): LiveChannel | undefined {
    const entry = this.#registry.get(channelId);
    return entry && this.#view(entry);
  }

  byScid(scid: ShortChannelId): LiveChannel | undefined {
    const entry = this.#registry.byScid(scid);
    return entry && this.#view(entry);
  }

  /** Every channel with a funding outpoint, as its machine has it. */
  liveStates(): LiveState[] {
    return this.#registry.all().flatMap(({ runner: { state } }) => {
      return state.kind === 'live' ? [state] : [];
    });
  }

  /** Takes up channels whose state was lost: on disk before they say their first word. */
  async takeUp(stubs: readonly LiveState[]): Promise<void> {
    const { store, peers } = this.#deps;
    for (const { params } of stubs) await this.#keys.isUsed(params.key);
    await store.commit(stubs.flatMap((stub) => rowOf(stub, null) ?? []));
    for (const stub of stubs) {
      const { peerId, runner } = this.#insert(stub);
      runner.submit({ kind: 'restored' });
      const peer = peers.connected(peerId);
      if (peer !== undefined) runner.submit({ kind: 'connected', remoteFeatures: peer.features });
      await runner.idle();
    }
  }

  /**
   * Somebody remembers a channel by this key that the store does not: it was in use, and so may the
   * next ones have been, by channels that are over.
   */
  keyUsed(key: number): Promise<void> {
    return this.#keys.isUsed(key + KEYS_ASIDE);
  }

  /** A block of the past, for channels that were taken up after it. */
  replayBlock(block: WatchedBlock): Promise<void> {
    return this.#blocks.replay(block);
  }

  /** Calls `listener` whenever a channel's state or readiness changes; the answer ends it. */
  onChange(listener: (channel: LiveChannel) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  fund(params: FundParams): Promise<Result<FundResult, FundError>> {
    return this.#opening.fund(params);
  }

  /** Opens several channels out of one transaction. */
  fundTogether(
    destinations: readonly FundParams[],
    shared: SharedFundParams,
  ): Promise<Result<SharedFundResult, SharedFundError>> {
    return this.#opening.fundTogether(destinations, shared);
  }

  /**
   * Offers an HTLC of our own. `writes` are committed with the channel's state; where the channel
   * refuses, nothing is written.
   */
  offer(channelId: ChannelId, htlc: HtlcToOffer, writes: readonly Write[]): Promise<CommandResult> {
    return this.#offer(channelId, htlc, () => writes);
  }

  /**
   * The channel by which an HTLC of ours is to leave: the one named, or any with the peer that
   * can carry the amount.
   */
  firstHop(
    peer: NodeId,
    scid: ShortChannelId | undefined,
    amountMsat: Msat,
  ): ChannelId | undefined {
    if (scid === undefined) return roomyEntry(this.#registry, peer, amountMsat)?.id;
    const entry = this.#registry.byScid(scid);
    return entry?.peerId === peer ? entry.id : undefined;
  }

  /** Ends an HTLC that we received as its final hop. */
  settle(channelId: ChannelId, htlcId: bigint, settlement: Settlement): void {
    this.#switch.settle(channelId, htlcId, settlement);
  }

  /** Every HTLC of our own payments that some channel still holds. */
  liveOrigins(): HtlcOrigin[] {
    return heldOrigins(this.#registry);
  }

  /**
   * Changes our terms for relaying over a channel; for `graceSeconds` payers may go by those of
   * before as well.
   */
  async setPolicy(
    channelId: ChannelId,
    policy: Partial<RelayPolicy>,
    graceSeconds: number,
  ): Promise<Result<LiveChannel, CloseError>> {
    const entry = this.#registry.get(channelId);
    if (entry === undefined) return err({ code: 'unknown_channel' });
    const until = this.#deps.clock.now() + 1000 * graceSeconds;
    const result = await setRelayTerms(entry, policy, until, this.#ref++);
    return result.ok ? ok(this.#view(entry)) : err({ code: 'refused', error: result.error });
  }

  /** Resolves when the closing transaction is known. */
  async close(
    channelId: ChannelId,
    options: CloseOptions,
  ): Promise<Result<CloseResult, CloseError>> {
    const entry = this.#registry.get(channelId);
    if (entry === undefined) return err({ code: 'unknown_channel' });
    const { unilateralTimeout, ...terms } = options;
    const command: ChannelCommand = { kind: 'shutdown', ref: this.#ref++, ...terms };
    const asked = await entry.runner.command({ kind: 'command', command });
    if (!asked.ok) return err({ code: 'refused', error: asked.error });
    return closed(entry, unilateralTimeout, {
      clock: this.#deps.clock,
      onChange: (fn) => this.onChange(fn),
      nextRef: () => this.#ref++,
    });
  }

  /** The end of an HTLC that the chain decided: rows that must be durable with it. */
  writesOfChainEnd(end: Ended): Promise<readonly Write[]> {
    return this.#switch.writesOfChainEnd(end);
  }

  /** Those rows are durable: the end is passed on. */
  chainEnded(end: Ended): void {
    this.#switch.ended(end);
  }

  /** Everything about the channel is settled and buried: only its row stays. */
  async archive(channelId: ChannelId): Promise<void> {
    const entry = this.#registry.get(channelId);
    if (entry === undefined) return;
    entry.closedAt = Math.floor(this.#deps.clock.now() / 1000);
    const { state } = entry.runner;
    const row = rowOf(state, entry.closedAt);
    const writes: Write[] = [
      ...(row === undefined ? [] : [row]),
      ...this.#switch.archived(channelId),
    ];
    // Nothing of it can be on the chain any more: what would have punished it is not needed.
    if (state.kind === 'live')
      for (const table of ['revoked', 'closings'] as const)
        writes.push({ delete: table, where: { channel_key: state.params.key } });
    await this.#deps.store.commit(writes);
    this.#changed(entry);
    this.#remove(entry);
  }

  /** What forwarding has earned, msat. */
  get feesCollected(): bigint {
    return this.#switch.earned;
  }

  /** Deletes one of the forwards that are over; false where there is none with this status. */
  deleteForward(channelId: string, htlcId: bigint, status: string): Promise<boolean> {
    return this.#switch.forget(channelId, htlcId, status);
  }

  // Inside.

  #context(): StepContext {
    const { chain, clock, signer, entropy } = this.#deps;
    return {
      height: this.#blocks.height,
      now: clock.now(),
      fees: chain.fees(),
      signer,
      entropy: (count) => entropy.bytes(count),
      chainHash: this.#options.chainHash,
    };
  }

  #insert(state: ChannelState, stored = false): Entry {
    const entry: Entry = {
      id: idOf(state),
      peerId: peerOf(state),
      update: new Uint8Array(0),
      closedAt: null,
      stored,
      runner: new ChannelRunner(state, {
        store: this.#deps.store,
        clock: this.#deps.clock,
        log: this.#deps.log.child(`chan-${idOf(state).slice(0, 12)}`),
        context: () => this.#context(),
        row: (next) => {
          const row = rowOf(next, entry.closedAt);
          if (row !== undefined) entry.stored = true;
          return row;
        },
        writesOf: (effect) => this.#effects.writesOf(entry, effect),
        perform: (effect) => this.#effects.perform(entry, effect),
        onStoreFailure: (error) => this.#deps.fatal(error),
      }),
    };
    this.#registry.add(entry);
    return entry;
  }

  /** A channel that has just begun: its first effects are carried out like all others. */
  #adopt(step: Step): Entry {
    const entry = this.#insert(step.state);
    entry.runner.begin(step.effects);
    return entry;
  }

  #pendingWith(nodeId: NodeId): number {
    return this.#registry.of(nodeId).filter(({ runner }) => isPending(runner.state)).length;
  }

  #remove(entry: Entry): void {
    this.#registry.remove(entry);
    const { state } = entry.runner;
    if (state.kind === 'live')
      this.#watch.remove(state.params.fundingTxid, state.params.fundingVout);
    entry.runner.end();
    if (this.#registry.of(entry.peerId).length === 0) this.#deps.peers.release(entry.peerId);
  }

  #view(entry: Entry): LiveChannel {
    const { state } = entry.runner;
    let view = this.#views.get(state);
    if (view === undefined) {
      view = channelView(state);
      this.#views.set(state, view);
    }
    return {
      ...view,
      peerConnected: this.#deps.peers.connected(entry.peerId) !== undefined,
      ...(entry.peerPolicy === undefined ? {} : { peerPolicy: entry.peerPolicy }),
    };
  }

  async #offer(channelId: ChannelId, htlc: HtlcToOffer, writes: WritesFor): Promise<CommandResult> {
    const entry = this.#registry.get(channelId);
    if (entry === undefined) return { ok: false, error: { code: 'channel_not_ready' } };
    const command: ChannelCommand = { kind: 'addHtlc', ref: this.#ref++, ...htlc };
    return entry.runner.command({ kind: 'command', command }, writes);
  }

  #settle(channelId: ChannelId, command: ChannelCommand, writes: readonly Write[]): void {
    const entry = this.#registry.get(channelId);
    if (entry === undefined)
      this.#deps.log.error('an HTLC ended whose channel is gone', { channel: channelId });
    if (entry === undefined) return;
    entry.runner.submit({ kind: 'command', command }, () => writes);
    // Where the channel ends on the chain meanwhile, it is by now in one of the two.
    if (command.kind === 'fulfillHtlc')
      void entry.runner
        .flushed()
        .then(() => this.#deps.endings.preimage(channelId, command.preimage));
  }

  #changed(entry: Entry): void {
    this.#registry.reindex(entry);
    const view = this.#view(entry);
    for (const listener of [...this.#listeners]) listener(view);
  }
}
