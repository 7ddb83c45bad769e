import type { EmbeddedChain } from '../adapters/chain/embedded/index.js';
import { decodeAddress, NETWORKS } from '../core/bitcoin/index.js';
import { type Bytes, sat } from '../core/bytes/index.js';
import { sleep, type Write } from '../ports/index.js';
import { type Audit, audit } from './audit.js';
import { EmbeddedLabChain, type LabChain } from './chain/index.js';
import type { VirtualClock } from './clock.js';
import { checkChannels } from './conservation.js';
import { Driver } from './driver.js';
import { SeededEntropy } from './entropy.js';
import { MemoryNet, type MemoryNetOptions, type NetEvent } from './net.js';
import { LabNode, type LabNodeOptions } from './node.js';
import { type CommitFate, describeCommit } from './store.js';
import { Trace } from './trace.js';

export interface LabOptions {
  /** Everything that happens follows from it. */
  readonly seed: string | number;
  readonly net?: MemoryNetOptions;
  /** The chain it stands on; one in the process unless given. */
  readonly chain?: LabChain;
  /** How many of the last entries of the trace are kept to be read. */
  readonly keepTrace?: number;
}

export interface LabChannelOptions {
  readonly pushMsat?: number;
  readonly announce?: boolean;
}

/** A node, or its name. */
export type NodeName = LabNode | string;

/** How long nothing must have moved for the network to be quiet, in virtual milliseconds. */
const QUIET_MS = 3_000;

/**
 * A whole Lightning network in one process: production nodes on an embedded chain, a network in
 * memory and virtual time. The same seed and the same calls give the same run, byte for byte.
 */
export class Lab {
  readonly clock: VirtualClock;
  readonly net: MemoryNet;
  readonly ground: LabChain;
  readonly trace: Trace;
  /** For the choices of a test: forks never disturb those of the nodes. */
  readonly entropy: SeededEntropy;
  readonly #driver: Driver;
  readonly #nodes = new Map<string, LabNode>();
  readonly #fates = new Map<string, { after: number; fate: CommitFate }>();
  #activity = 0;
  #putIn = 0n;

  private constructor(options: LabOptions) {
    this.entropy = new SeededEntropy(String(options.seed));
    this.ground = options.chain ?? new EmbeddedLabChain({ seed: String(options.seed) });
    this.clock = this.ground.clock;
    this.trace = new Trace(options.keepTrace === undefined ? {} : { keep: options.keepTrace }, {
      clock: this.clock,
    });
    this.net = new MemoryNet(options.net ?? {}, {
      clock: this.clock,
      entropy: this.entropy.fork('net'),
    });
    this.net.onEvent = (event) => this.#onNet(event);
    this.#driver = new Driver({}, { clock: this.clock, onStep: () => this.#check() });
  }

  /** A chain with coins to give away, and no node yet. */
  static async create(options: LabOptions): Promise<Lab> {
    return new Lab(options);
  }

  /** The chain in the process, for what the lab's own calls do not do. */
  get chain(): EmbeddedChain {
    if (this.ground instanceof EmbeddedLabChain) return this.ground.chain;
    throw new Error('the lab stands on another chain than its own');
  }

  /** Of the best chain. */
  get height(): number {
    return this.ground.height;
  }

  /** The nodes, in the order they were made. */
  get nodes(): readonly LabNode[] {
    return [...this.#nodes.values()];
  }

  /** Makes a node and starts it. */
  async node(name: string, options: LabNodeOptions = {}): Promise<LabNode> {
    if (this.#nodes.has(name)) throw new Error(`the lab has a node ${name} already`);
    const node = await LabNode.create(name, options, {
      clock: this.clock,
      net: this.net.host(name),
      unplug: () => this.net.unplug(name),
      chain: () => this.ground.port(),
      entropy: this.entropy.fork(`node ${name}`),
      trace: this.trace,
      moved: () => this.#activity++,
      fate: (writes) => this.#fateOf(name, writes),
    });
    this.#nodes.set(name, node);
    await this.run(node.start(), `the start of ${name}`);
    return node;
  }

  /** A node by its name. */
  get(name: NodeName): LabNode {
    const node = typeof name === 'string' ? this.#nodes.get(name) : name;
    if (!node) throw new Error(`the lab has no node ${String(name)}`);
    return node;
  }

  /**
   * Calls a command of a node's RPC, as a client of its socket would, and lets time pass until it
   * answers. Rejects with `LabRpcError`, which holds `code`, `message` and `data`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: results are as various as the commands.
  rpc(node: NodeName, method: string, params: object = {}): Promise<any> {
    const target = this.get(node);
    return this.run(target.call(method, params), `${method} of ${target.name}`);
  }

  /** Lets time pass until the promise is settled. */
  run<T>(promise: Promise<T>, what = 'what the test waits for', limitMs?: number): Promise<T> {
    return this.#driver.run(promise, what, limitMs);
  }

  /** Lets this much virtual time pass. */
  async wait(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new Error(`the lab: ${ms} is no time to wait`);
    await this.run(sleep(this.clock, ms), 'the wait', ms + 1);
  }

  /** Runs until nothing has moved for a while: no byte, no commit, no transaction. */
  async settle(): Promise<void> {
    for (let moved = -1; moved !== this.#activity; ) {
      moved = this.#activity;
      await this.wait(QUIET_MS);
    }
  }

  /** Mines blocks, and lets every running node see them. */
  async mine(blocks = 1): Promise<void> {
    await this.ground.mine(blocks);
    this.#activity++;
    this.trace.add('lab', 'chain', `mined ${blocks}, height ${this.height}`);
    await this.#synced();
    await this.settle();
  }

  /**
   * Mines one block of exactly these transactions, whether a mempool would take them or not, and
   * lets nobody see it yet. Rejects where it would not be valid.
   */
  async mineExactly(txs: readonly Bytes[]): Promise<void> {
    await this.ground.mineExactly(txs);
    this.#activity++;
    this.trace.add('lab', 'chain', `mined ${txs.length} transactions, height ${this.height}`);
  }

  /**
   * Replaces the last `depth` blocks by others, one more. The first of them hold exactly `first`,
   * a list of transactions for each block; the others what the mempool holds, so that what was
   * taken back is mined again where it still can be.
   */
  async reorg(depth: number, first: readonly (readonly Bytes[])[] = []): Promise<void> {
    await this.ground.reorg(depth, first);
    this.#activity++;
    this.trace.add('lab', 'chain', `reorg of ${depth}`);
    await this.#synced();
    await this.settle();
  }

  /** Gives the node's wallet a confirmed coin, of 546 satoshi at least. */
  async fund(node: NodeName, satoshi: number): Promise<void> {
    if (!Number.isSafeInteger(satoshi) || satoshi < 546)
      throw new Error(`the lab: a coin has whole satoshi, 546 or more, and not ${satoshi}`);
    const { bech32 } = await this.rpc(node, 'newaddr', { addresstype: 'bech32' });
    const script = decodeAddress(bech32, NETWORKS.regtest);
    if (!script.ok) throw new Error(`no address: ${bech32}`);
    await this.ground.give(script.value, sat(satoshi));
    this.#putIn += BigInt(satoshi);
    await this.mine(1);
  }

  async connect(a: NodeName, b: NodeName): Promise<void> {
    const to = this.get(b);
    await this.rpc(a, 'connect', { id: to.id, host: to.name, port: to.port });
  }

  /** Opens a channel that `a` pays for, confirms it, and answers its short channel id. */
  async channel(
    a: NodeName,
    b: NodeName,
    satoshi: number,
    options: LabChannelOptions = {},
  ): Promise<string> {
    await this.connect(a, b);
    const { txid } = await this.rpc(a, 'fundchannel', {
      id: this.get(b).id,
      amount: satoshi,
      announce: options.announce ?? true,
      ...(options.pushMsat === undefined ? {} : { push_msat: options.pushMsat }),
    });
    await this.settle();
    await this.mine(6);
    const { channels } = await this.rpc(a, 'listpeerchannels', { id: this.get(b).id });
    const channel = channels.find((c: { funding_txid: string }) => c.funding_txid === txid);
    if (channel?.state !== 'CHANNELD_NORMAL')
      throw new Error(`the channel from ${this.get(a).name} is ${channel?.state ?? 'gone'}`);
    return channel.short_channel_id;
  }

  /** The node's power goes: what was not on its disk is lost, and its peers see a reset. */
  crash(node: NodeName): void {
    this.get(node).crash();
  }

  /** The node dies, and its store is lost: only its keys and its files are left. */
  async loseStore(node: NodeName): Promise<void> {
    await this.get(node).loseStore();
  }

  /** Starts a node that crashed or stopped, from what its disk holds; `options` change its own. */
  async restart(node: NodeName, options: LabNodeOptions = {}): Promise<void> {
    const target = this.get(node);
    target.options = { ...target.options, ...options };
    if (target.running) target.crash();
    await this.run(target.start(), `the start of ${target.name}`);
  }

  /** What becomes of the node's next commit, or of the one after `skip` others. */
  commitFate(node: NodeName, fate: CommitFate, skip = 0): void {
    this.#fates.set(this.get(node).name, { after: skip, fate });
  }

  /** The node's source of blocks is away, until `chainBack`. */
  chainAway(node: NodeName): void {
    this.get(node).chainAway('the lab: the chain is away');
  }

  chainBack(node: NodeName): void {
    this.get(node).chainAway(undefined);
  }

  /** The connections of the two end with an error; new ones may be made. */
  cut(a: NodeName, b: NodeName): void {
    this.trace.add('lab', 'net', `cut ${this.get(a).name} ${this.get(b).name}`);
    this.net.cut(this.get(a).name, this.get(b).name);
  }

  /** No byte passes between the two until `heal`. */
  partition(a: NodeName, b: NodeName): void {
    this.trace.add('lab', 'net', `partition ${this.get(a).name} ${this.get(b).name}`);
    this.net.partition(this.get(a).name, this.get(b).name);
  }

  heal(a: NodeName, b: NodeName): void {
    this.trace.add('lab', 'net', `heal ${this.get(a).name} ${this.get(b).name}`);
    this.net.heal(this.get(a).name, this.get(b).name);
  }

  /** What is under way on connections of the two is lost for good, and nobody is told. */
  drop(a: NodeName, b: NodeName): void {
    this.trace.add('lab', 'net', `drop ${this.get(a).name} ${this.get(b).name}`);
    this.net.drop(this.get(a).name, this.get(b).name);
  }

  /**
   * Settles, then adds up what all nodes have in wallets and channels, and what the chain has
   * taken as fees; throws where a satoshi is missing or too many.
   */
  async audit(): Promise<Audit> {
    await this.settle();
    return audit(this, this.#putIn);
  }

  /** Stops every node; the lab cannot be used after it. */
  async close(): Promise<void> {
    for (const node of this.nodes) await this.run(node.stop(), `the end of ${node.name}`);
    for (const node of this.nodes) await node.close();
  }

  async #synced(): Promise<void> {
    const { height } = this;
    const behind = () => this.nodes.filter((n) => n.running && n.hasChain && n.height < height);
    for (let waits = 0; behind().length > 0; waits++) {
      if (waits > 1_000) throw new Error(`${behind()[0]?.name} does not see the chain's tip`);
      await this.wait(100);
    }
  }

  #fateOf(name: string, writes: readonly Write[]): CommitFate {
    this.#activity++;
    const planned = this.#fates.get(name);
    let fate: CommitFate = 'durable';
    if (planned && planned.after-- === 0) {
      fate = planned.fate;
      this.#fates.delete(name);
    }
    const note = fate === 'durable' ? '' : ` (${fate})`;
    this.trace.add(name, 'store', describeCommit(writes) + note);
    return fate;
  }

  #onNet(event: NetEvent): void {
    if (event.kind === 'refused') return;
    if (event.kind !== 'delivered') {
      this.trace.add(event.to, 'net', `${event.kind} from ${event.from}`);
      return;
    }
    this.#activity++;
    const hex = Buffer.from(event.bytes).toString('hex');
    this.trace.add(event.to, 'net', `from ${event.from} ${hex}`);
  }

  /** After every step of the clock: what must hold at any time. */
  #check(): void {
    for (const node of this.#nodes.values()) {
      if (!node.disturbed) continue;
      node.disturbed = false;
      if (node.running) checkChannels(node, (id) => this.#byId(id));
    }
  }

  #byId(id: string): LabNode | undefined {
    return this.nodes.find((node) => node.id === id);
  }
}
