/** The channels of a node whose surroundings are lists, and peers that are bare channel machines. */
import { LocalSigner } from '../../../src/adapters/signer/index.js';
import { openStore } from '../../../src/adapters/store/sqlite/index.js';
import {
  encodeTx,
  NETWORKS,
  type Transaction,
  txid,
  unsignedInput,
} from '../../../src/core/bitcoin/index.js';
import {
  type Bytes,
  type ChannelId,
  msat,
  type NodeId,
  type ShortChannelId,
  sat,
  toHex,
} from '../../../src/core/bytes/index.js';
import {
  acceptChannel,
  type ChannelEffect,
  type ChannelInput,
  type ChannelState,
  type ChannelType,
  type LiveState,
  openChannel,
  type Step,
  type StepContext,
  step,
  wantsSign,
} from '../../../src/core/channel/index.js';
import { makePayment } from '../../../src/core/payment/index.js';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageOf,
} from '../../../src/core/wire/index.js';
import { VirtualClock } from '../../../src/lab/clock.js';
import { SeededEntropy } from '../../../src/lab/entropy.js';
import { LabStore } from '../../../src/lab/store.js';
import { Channels, type FinalHtlc } from '../../../src/node/channels/index.js';
import { categoryOf } from '../../../src/node/peers/categories.js';
import { type Logger, type Store, silentLogger } from '../../../src/ports/index.js';
import { FEATURES_OF_BOTH, FEES, POLICY, script, TERMS } from '../channel/kit.js';

const { chainHash } = NETWORKS.regtest;

export interface FundingPoint {
  readonly txid: Bytes;
  readonly vout: number;
}

/** One channel of a peer, played by the machine alone: opened by it, or by us. */
export class Opener {
  state: ChannelState | undefined;
  readonly signer: LocalSigner;
  readonly id: NodeId;
  /** What it got from the node, in order. */
  readonly heard: Message[] = [];
  /** What its machine has asked for, in order. */
  readonly effects: ChannelEffect[] = [];
  fundingTx: Transaction | undefined;

  constructor(
    readonly name: string,
    readonly kit: ChannelsKit,
    /** Instead of a transaction of its own. */
    readonly steals?: FundingPoint,
  ) {
    this.signer = new LocalSigner({
      seed: new SeededEntropy(name).bytes(32),
      network: NETWORKS.regtest,
    });
    this.id = toHex(this.signer.nodeId) as NodeId;
  }

  get live(): LiveState {
    if (this.state?.kind !== 'live') throw new Error(`${this.name} is ${this.state?.kind}`);
    return this.state;
  }

  get point(): FundingPoint {
    return { txid: this.live.params.fundingTxid, vout: this.live.params.fundingVout };
  }

  open(type: Partial<ChannelType> = {}): void {
    const params = {
      key: 1,
      peerId: this.kit.signer.nodeId,
      localFeatures: FEATURES_OF_BOTH,
      remoteFeatures: FEATURES_OF_BOTH,
      fundingAmount: sat(1_000_000),
      pushMsat: msat(300_000_000),
      feeratePerKw: 1000,
      announce: false,
      type: { anchors: true, scidAlias: false, zeroconf: false, ...type },
      terms: TERMS,
      policy: POLICY,
      localAlias: BigInt(this.kit.opened++) as ShortChannelId,
      shutdownScript: script(1),
    };
    this.take(openChannel(params, this.#context()));
  }

  /** We open: this peer says yes. */
  accept(message: MessageOf<'openChannel'>): void {
    const params = {
      key: 1,
      peerId: this.kit.signer.nodeId,
      localFeatures: FEATURES_OF_BOTH,
      remoteFeatures: FEATURES_OF_BOTH,
      minFunding: sat(10_000),
      minimumDepth: 1,
      trustZeroconf: false,
      terms: TERMS,
      policy: POLICY,
      localAlias: BigInt(this.kit.opened++) as ShortChannelId,
      shutdownScript: script(2),
    };
    this.take(acceptChannel(params, message, this.#context()));
  }

  input(input: ChannelInput): void {
    if (this.state === undefined) return;
    this.take(step(this.state, input, this.#context()));
    if (wantsSign(this.state)) this.input({ kind: 'command', command: { kind: 'sign' } });
  }

  take({ state, effects }: Step): void {
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) this.#perform(effect);
  }

  /** An HTLC of this peer's that ends with us. */
  async pay(amount: number, paymentHash = new Uint8Array(32).fill(6)): Promise<void> {
    const hop = {
      id: toHex(this.kit.signer.nodeId) as NodeId,
      channel: 1n as ShortChannelId,
      direction: 0,
      amountMsat: msat(amount),
      delay: 40,
    } as const;
    const made = makePayment({
      route: [hop],
      paymentHash,
      height: this.kit.height,
      sessionKey: this.kit.entropy.bytes(32),
      paymentSecret: new Uint8Array(32).fill(8),
    });
    if (!made.ok) throw new Error(made.error.code);
    const { amountMsat, cltvExpiry, onion } = made.value;
    const origin = { kind: 'local', paymentHash, groupId: 1, partId: 0 } as const;
    const htlc = { amountMsat, cltvExpiry, onion, paymentHash, origin };
    this.input({ kind: 'command', command: { kind: 'addHtlc', ref: 1, ...htlc } });
    await this.kit.settle();
  }

  #perform(effect: ChannelEffect): void {
    if (effect.kind === 'send') this.kit.say(this, effect.message);
    if (effect.kind === 'fund') {
      const outputs = [{ amount: effect.amount, scriptPubkey: effect.scriptPubkey }];
      this.fundingTx = payingTo(outputs, `coin ${this.name} ${this.kit.opened}`);
      const { txid: id, vout } = this.steals ?? { txid: txid(this.fundingTx), vout: 0 };
      this.input({
        kind: 'command',
        command: { kind: 'funded', fundingTxid: id, fundingVout: vout },
      });
    }
  }

  #context(): StepContext {
    return {
      height: this.kit.height,
      now: this.kit.clock.now(),
      fees: FEES,
      signer: this.signer,
      entropy: (n) => this.kit.entropy.bytes(n),
      chainHash,
    };
  }
}

/** The node under test: real channels, everything else a list. */
export class ChannelsKit {
  readonly clock = new VirtualClock();
  readonly entropy = new SeededEntropy('channels kit');
  readonly signer = new LocalSigner({
    seed: new SeededEntropy('us').bytes(32),
    network: NETWORKS.regtest,
  });
  height = 100;
  opened = 1;
  channels!: Channels;
  store!: LabStore;
  /** What the node has logged as an error of its own. */
  readonly errors: string[] = [];
  /** What a peer says in place of a message. */
  mangle: ((from: Opener, message: Message) => readonly Bytes[]) | undefined;
  #disk!: Store;
  /** Counts a peer's connections; those that are not connected are `#away`. */
  readonly #connections = new Map<NodeId, number>();
  readonly #away = new Set<NodeId>();
  readonly openers: Opener[] = [];
  readonly finals: FinalHtlc[] = [];
  readonly closed: ChannelId[] = [];
  readonly broadcasts: Bytes[] = [];
  /** Transactions of ours that fund channels, and what became of them. */
  readonly fundings: Transaction[] = [];
  readonly published: string[] = [];
  readonly abandoned: string[] = [];
  /** Those that the wallet was asked for. */
  scripts = 0;
  /** Resolves once the backup is written. */
  backup: Promise<void> = Promise.resolve();
  #line: Promise<void> = Promise.resolve();
  #keepBack: Message[] | undefined;

  static async start(): Promise<ChannelsKit> {
    const kit = new ChannelsKit();
    kit.#disk = await openStore({ path: ':memory:', inline: true });
    await kit.#live();
    return kit;
  }

  async #live(): Promise<void> {
    this.store = new LabStore(this.#disk, { decide: () => 'durable', die() {} });
    this.channels = this.#channels();
    await this.channels.start();
  }

  /** The node dies and starts again: all connections are lost. */
  async restart(): Promise<void> {
    this.store.kill();
    for (const id of new Set(this.openers.map((opener) => opener.id))) this.#hangUp(id);
    this.#line = Promise.resolve();
    await this.#live();
  }

  /** Ends the connection with a peer, for both. */
  cut(id: NodeId): void {
    if (this.#away.has(id)) return;
    this.#hangUp(id);
    this.channels.peerDisconnected(id);
  }

  #hangUp(id: NodeId): void {
    this.#away.add(id);
    this.#connections.set(id, this.#connectionOf(id) + 1);
    for (const opener of this.openers) if (opener.id === id) opener.input({ kind: 'disconnected' });
  }

  #connectionOf = (id: NodeId): number => this.#connections.get(id) ?? 0;

  /** Connects a peer again; false where it is connected. */
  join(id: NodeId): boolean {
    if (!this.#away.delete(id)) return false;
    for (const opener of this.openers)
      if (opener.id === id) opener.input({ kind: 'connected', remoteFeatures: FEATURES_OF_BOTH });
    this.channels.peerConnected({ nodeId: id, features: FEATURES_OF_BOTH });
    return true;
  }

  #channels(): Channels {
    const { store } = this;
    // A life that is over is heard no more.
    const lives = (): boolean => store === this.store;
    return new Channels(
      {
        chainHash,
        policy: POLICY,
        dustLimit: sat(546),
        htlcMinimumMsat: msat(0),
        relay: { graceBlocks: 3, maxExpiryBlocks: 2016 },
        minimumDepth: 1,
        maxAcceptedHtlcs: 483,
        toSelfDelay: 144,
        minCapacity: sat(10_000),
        localFeatures: FEATURES_OF_BOTH,
      },
      {
        store,
        clock: this.clock,
        entropy: this.entropy.fork('us'),
        signer: this.signer,
        log: this.#logger,
        peers: {
          send: (id, message) => lives() && this.#told(id, message),
          connected: (nodeId) =>
            this.#away.has(nodeId) ? undefined : { nodeId, features: FEATURES_OF_BOTH },
          disconnect: (id) => {
            if (lives()) this.cut(id);
          },
          keep() {},
          release() {},
        },
        chain: {
          height: () => this.height,
          whenCurrent: () => true,
          fees: () => FEES,
          broadcast: (tx) => this.broadcasts.push(tx),
        },
        wallet: {
          fund: async ({ amount, scriptPubkey }) => {
            const tx = payingTo([{ amount, scriptPubkey }], `our coin ${this.opened}`);
            this.fundings.push(tx);
            return { ok: true, value: { txid: txid(tx), vout: 0, tx: encodeTx(tx) } };
          },
          fundMany: () => Promise.reject(new Error('no wallet')),
          spendableForChannel: () => Promise.reject(new Error('no wallet')),
          publish: async (id) => {
            this.published.push(toHex(id));
          },
          abandon: (id) => this.abandoned.push(toHex(id)),
          closeScript: async () => {
            this.scripts++;
            return script(7);
          },
        },
        gossip: { announce() {}, update() {} },
        ends: {
          receiveFinal: (htlc) => this.finals.push(htlc),
          fulfilled: () => [],
          failed: () => [],
          settled() {},
          paidAfterAll: async () => [],
        },
        endings: {
          leaving() {},
          closedOnChain: (live) => this.closed.push(toHex(live.channelId) as ChannelId),
          preimage() {},
        },
        backedUp: () => this.backup,
        fatal: (error) => {
          throw error;
        },
      },
    );
  }

  readonly #logger: Logger = {
    ...silentLogger,
    child: () => this.#logger,
    error: (text, fields) => this.errors.push(`${text} ${String(fields?.['error'] ?? '')}`),
  };

  /** A peer that opens a channel with us. */
  opener(name: string, steals?: FundingPoint): Opener {
    const opener = new Opener(name, this, steals);
    this.openers.push(opener);
    return opener;
  }

  /** What peers would say, kept back. */
  overheard(act: () => void): readonly Message[] {
    const said: Message[] = [];
    this.#keepBack = said;
    act();
    this.#keepBack = undefined;
    return said;
  }

  /** From a peer to us, in order. */
  say(from: Opener, message: Message): void {
    if (this.#keepBack !== undefined) {
      this.#keepBack.push(message);
      return;
    }
    for (const raw of this.mangle?.(from, message) ?? [encodeMessage(message)])
      this.shout(from, raw);
  }

  /** Bytes from a peer to us; those that are no message end the connection. */
  shout({ id }: Opener, raw: Bytes): void {
    const connection = this.#connectionOf(id);
    this.#line = this.#line.then(() => {
      if (this.#away.has(id) || connection !== this.#connectionOf(id)) return;
      const read = decodeMessage(raw);
      if (!read.ok) return this.cut(id);
      const message = read.value;
      if (message.kind === 'unknown' || categoryOf(message.kind) !== 'channel') return;
      return this.channels.message(id, message);
    });
  }

  /** From us to a peer: all its machines of this kit that the message is about. */
  #told(id: NodeId, message: Message): boolean {
    if (this.#away.has(id)) return false;
    for (const opener of this.openers) {
      if (opener.id !== id) continue;
      if (message.kind === 'openChannel' && opener.state === undefined) {
        opener.heard.push(message);
        opener.accept(message);
        return true;
      }
      if (opener.state === undefined || !isAbout(opener.state, message)) continue;
      opener.heard.push(message);
      opener.input({ kind: 'message', message });
    }
    return true;
  }

  /** Until nobody has anything more to say. */
  async settle(): Promise<void> {
    for (let line: Promise<void> | undefined; line !== this.#line; ) {
      line = this.#line;
      await line;
      await this.channels.idle();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A block with these transactions, seen by all. */
  async mine(...txs: readonly Transaction[]): Promise<void> {
    this.height++;
    const { height } = this;
    for (const opener of this.openers) {
      const fundingTx = opener.fundingTx ?? this.#fundingOf(opener);
      if (fundingTx !== undefined && txs.includes(fundingTx)) {
        const txIndex = txs.indexOf(fundingTx);
        opener.input({ kind: 'fundingConfirmed', height, txIndex, tx: encodeTx(fundingTx) });
      }
      opener.input({ kind: 'block', height });
    }
    await this.channels.connectBlock({ height, txs: txs.map((tx) => ({ txid: txid(tx), tx })) });
    await this.settle();
  }

  #fundingOf({ state }: Opener): Transaction | undefined {
    if (state?.kind !== 'live') return undefined;
    const id = toHex(state.params.fundingTxid);
    return this.fundings.find((tx) => toHex(txid(tx)) === id);
  }

  /** We open a channel with a peer; it is in no block yet. */
  async openTo(name: string, anchors = true): Promise<Opener> {
    const accepter = this.opener(name);
    const opened = this.fundTo(accepter, anchors);
    await this.settle();
    const result = await opened;
    if (!result.ok) throw new Error(result.error.code);
    return accepter;
  }

  fundTo({ id: peerId }: Opener, anchors = true): ReturnType<Channels['fund']> {
    const [amount, pushMsat] = [sat(1_000_000), msat(300_000_000)];
    return this.channels.fund({ peerId, amount, pushMsat, announce: false, anchors });
  }

  /** Opens a channel, puts it into a block, and waits for it to be ready. */
  async channelWith(name: string, type: Partial<ChannelType> = {}): Promise<Opener> {
    const opener = this.opener(name);
    opener.open(type);
    await this.settle();
    await this.mine(opener.fundingTx as Transaction);
    return opener;
  }
}

function isAbout(state: ChannelState, message: Message): boolean {
  const names = ['channelId', 'temporaryChannelId'] as const;
  const idsOf = (of: object): string[] =>
    names.flatMap((name) => (name in of ? [toHex((of as Record<typeof name, Bytes>)[name])] : []));
  const known = idsOf(state);
  return idsOf(message).some((id) => known.includes(id));
}

function payingTo(outputs: Transaction['outputs'], coin: string): Transaction {
  const seed = new SeededEntropy(coin).bytes(32);
  const input = { ...unsignedInput(seed, 0, 0xfffffffd), witness: [Uint8Array.of(1)] };
  return { version: 2, inputs: [input], outputs, locktime: 0 };
}

/** Any transaction that spends it. */
export const spendOf = ({ txid: id, vout }: FundingPoint): Transaction => ({
  version: 2,
  inputs: [{ ...unsignedInput(id, vout, 0xfffffffd), witness: [Uint8Array.of(1)] }],
  outputs: [{ amount: sat(1000), scriptPubkey: script(9) }],
  locktime: 0,
});
