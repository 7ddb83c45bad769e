import { MemoryFiles } from '../adapters/files/memory.js';
import { LocalSigner } from '../adapters/signer/index.js';
import { openStore } from '../adapters/store/sqlite/index.js';
import { InlineVerifier } from '../adapters/verifier/index.js';
import { NETWORKS } from '../core/bitcoin/index.js';
import { sat, toHex } from '../core/bytes/index.js';
import { DEFAULT_FADING } from '../core/routing/index.js';
import type { NodeConfig } from '../node/main/config.js';
import { createNode, type Node } from '../node/main/index.js';
import type { Clock, Net, Store, Write } from '../ports/index.js';
import type { NodeApi } from '../rpc/index.js';
import type { LocalCommands } from '../rpc/local.js';
import type { LabChainPort } from './chain/index.js';
import { labCommands } from './commands.js';
import type { SeededEntropy } from './entropy.js';
import { LifeClock, LifeFiles, LifeNet, lifeChain } from './life.js';
import { type CommitFate, LabStore } from './store.js';
import type { Trace } from './trace.js';

/** What a test may choose of a node; the rest is as on regtest. */
export type LabNodeOptions = Partial<
  Omit<NodeConfig, 'network' | 'directory' | 'bindings' | 'announced'>
>;

export interface LabNodeDeps {
  readonly clock: Clock;
  readonly net: Net;
  /** Ends its connections as a power cut does. */
  readonly unplug: () => void;
  /** A way to the chain, for one life. */
  readonly chain: () => LabChainPort;
  readonly entropy: SeededEntropy;
  readonly trace: Trace;
  /** Something happened that the network is not quiet after. */
  readonly moved: () => void;
  /** Asked for each commit. */
  readonly fate: (writes: readonly Write[]) => CommitFate;
}

const PORT = 9735;

/** One life of a node, from a start to a stop or a crash. */
interface Life {
  readonly source: LabChainPort;
  readonly node: Node;
  readonly commands: LocalCommands;
  readonly kill: () => void;
  /** Rejects when the node dies. */
  readonly died: Promise<never>;
}

/** A production node whose ports are the lab's. Its disk and its keys outlive its crashes. */
export class LabNode {
  readonly name: string;
  /** The host is its name. */
  readonly port = PORT;
  /** Node id, lower-case hex. */
  readonly id: string;
  /** Its state may have changed since somebody looked: he sets it back. */
  disturbed = true;
  /** Why the node ended itself, the last time it did. */
  lastFatal: unknown;
  /** What lies beside its store, and is not lost with it. */
  readonly files = new MemoryFiles();
  /** From its next start on. */
  options: LabNodeOptions;
  readonly #deps: LabNodeDeps;
  #disk: Store;
  readonly #seed: Uint8Array;
  #lives = 0;
  #chainFault: string | undefined;
  #life: Life | undefined;

  private constructor(name: string, options: LabNodeOptions, deps: LabNodeDeps, disk: Store) {
    this.name = name;
    this.options = options;
    this.#deps = deps;
    this.#disk = disk;
    this.#seed = deps.entropy.fork('hsm_secret').bytes(32);
    this.id = toHex(this.#signer().nodeId);
  }

  static async create(name: string, options: LabNodeOptions, deps: LabNodeDeps): Promise<LabNode> {
    return new LabNode(name, options, deps, await openStore({ path: ':memory:', inline: true }));
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  get hasChain(): boolean {
    return this.#chainFault === undefined;
  }

  /** The height of the last block it has followed; 0 where it does not run. */
  get height(): number {
    return this.#life?.node.api.chain.height ?? 0;
  }

  /** The services of the running node. */
  get node(): Node {
    if (!this.#life) throw new Error(`${this.name} is not running`);
    return this.#life.node;
  }

  async start(): Promise<void> {
    if (this.#life) throw new Error(`${this.name} is running`);
    const { entropy, trace } = this.#deps;
    const clock = new LifeClock(this.#deps.clock);
    const net = new LifeNet(this.#deps.net);
    const store = new LabStore(this.#disk, {
      decide: (writes) => {
        this.disturbed = true;
        return this.#deps.fate(writes);
      },
      die: () => this.crash(),
    });
    const files = new LifeFiles(this.files);
    const source = this.#deps.chain();
    source.fault = this.#chainFault;
    const chain = lifeChain(
      source,
      (tx) => this.#broadcast(tx),
      (reason) => trace.add(this.name, 'chain', `refused: ${reason}`),
    );
    let die: (error: Error) => void = () => {};
    const died = new Promise<never>((_, reject) => {
      die = reject;
    });
    died.catch(() => {});
    const kill = (): void => {
      for (const each of [clock, net, store, files, chain]) each.kill();
      die(new Error(`${this.name} died`));
    };
    trace.add(this.name, 'lab', 'start');
    this.disturbed = true;
    const node = createNode(this.#config(), {
      clock,
      net,
      store,
      files,
      chain: chain.port,
      signer: this.#signer(),
      verifier: new InlineVerifier(),
      seedIsOld: this.#lives > 0,
      entropy: entropy.fork(`life ${this.#lives++}`),
      log: trace.logger(this.name),
      fatal: (error) => this.#fatal(error),
    });
    this.#life = { source, node, commands: labCommands(this.#api(node)), kill, died };
    await Promise.race([node.start(), died]);
  }

  async stop(): Promise<void> {
    const life = this.#life;
    if (!life) return;
    this.#deps.trace.add(this.name, 'lab', 'stop');
    // A crash may come in between: then there is nothing left to stop.
    await Promise.race([life.node.stop(), life.died.catch(() => {})]);
    life.kill();
    if (this.#life === life) this.#life = undefined;
  }

  crash(): void {
    if (!this.#life) return;
    this.#deps.trace.add(this.name, 'lab', 'crash');
    this.#life.kill();
    this.#life = undefined;
    this.#deps.unplug();
  }

  /** It dies, and all that its store held is gone; its keys and `files` are not. */
  async loseStore(): Promise<void> {
    this.crash();
    this.#deps.trace.add(this.name, 'lab', 'the store is lost');
    await this.#disk.close();
    this.#disk = await openStore({ path: ':memory:', inline: true });
  }

  /** From now on the chain does not answer this node, or (undefined) does again. */
  chainAway(fault: string | undefined): void {
    this.#deps.trace.add(this.name, 'lab', `chain ${fault ?? 'answers'}`);
    this.#chainFault = fault;
    if (this.#life) this.#life.source.fault = fault;
  }

  /** The disk is gone as well. */
  async close(): Promise<void> {
    await this.#disk.close();
  }

  /** Calls a command as a client of the RPC socket would; rejects where the node dies over it. */
  call(method: string, params: object): Promise<unknown> {
    const life = this.#life;
    if (!life) return Promise.reject(new Error(`${this.name} is not running`));
    this.#deps.trace.add(this.name, 'lab', `rpc ${method}`);
    return Promise.race([life.commands.call(method, params), life.died]);
  }

  #api(node: Node): NodeApi {
    const requestStop = (): void => {
      void this.stop();
    };
    return { ...node.api, recentLog: () => [], requestStop };
  }

  /** The node ends itself: its disk failed, or it found a bug of ours. */
  #fatal(error: unknown): void {
    this.#deps.trace.add(this.name, 'lab', `fatal: ${String(error)}`);
    this.lastFatal = error;
    this.crash();
  }

  #broadcast(tx: Uint8Array): void {
    this.#deps.moved();
    this.#deps.trace.add(this.name, 'chain', `broadcast ${toHex(tx)}`);
  }

  #signer(): LocalSigner {
    return new LocalSigner({ seed: this.#seed, network: NETWORKS.regtest });
  }

  #config(): NodeConfig {
    const address = { host: this.name, port: PORT };
    return {
      network: 'regtest',
      directory: `/lab/${this.name}`,
      version: 'lab',
      alias: this.name,
      color: this.id.slice(2, 8),
      bindings: [address],
      announced: [address],
      feeBaseMsat: 1,
      feePerSatoshi: 10,
      cltvDelta: 6,
      cltvFinal: 10,
      maxConcurrentHtlcs: 483,
      minCapacitySat: sat(10_000),
      fundingConfirms: 1,
      watchtimeBlocks: 6,
      sendpayCompat: 'seed',
      constraintHalfLife: DEFAULT_FADING.halfLifeSeconds,
      rescan: undefined,
      minEmergencyMsat: 25_000_000n,
      forceFeerate: undefined,
      pollMs: 500,
      developer: true,
      devGraph: undefined,
      configs: {},
      ...this.options,
    };
  }
}
