/**
 * Daemons as real processes. `const lightning = await LightningNetwork.start()` brings a bitcoind
 * and, by `node('alice')`, as many of `bin/lightningd` as a test wants; `stop()` ends them all.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, startBitcoind, type TestChain } from './bitcoind.js';
import { RpcClient } from './daemon-rpc.js';

const ROOT = resolve(import.meta.dirname, '../..');

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Asks again until there is an answer that is not false or undefined, or time is up. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
    await pause(25);
  }
}

/** The newest change under a folder. */
function newest(folder: string): number {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

let built = false;

/**
 * bin/lightningd runs what was built: builds again where a source is newer. A type error does not
 * stop it, since `npm run types` tells those; one process builds at a time.
 */
export async function build(): Promise<void> {
  const [src, dist, lock] = ['src', 'dist', 'node_modules/.levin-build'].map((f) =>
    join(ROOT, f),
  ) as [string, string, string];
  const stale = (): boolean => !existsSync(dist) || newest(dist) < newest(src);
  while (!built && stale()) {
    try {
      mkdirSync(lock);
    } catch {
      // Another process builds; one that died over it is not waited for.
      if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 60_000)
        rmSync(lock, { recursive: true });
      await pause(200);
      continue;
    }
    try {
      execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
    } catch (error) {
      if (!existsSync(join(dist, 'cli/lightningd.js'))) throw error;
    } finally {
      rmSync(lock, { recursive: true });
    }
    break;
  }
  built = true;
}

export interface DaemonOptions {
  readonly name: string;
  readonly chain: TestChain;
  /** The folder that holds its own; a new one each. */
  readonly parent: string;
  /** Further options of the command line. */
  readonly args?: readonly string[];
  /** The program and its first arguments; bin/lightningd by default. */
  readonly command?: readonly string[];
}

export class Daemon {
  readonly name: string;
  readonly dir: string;
  readonly port: number;
  id = '';
  readonly #options: DaemonOptions;
  readonly #chain: TestChain;
  #child: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();
  #rpc: RpcClient | undefined;

  private constructor(options: DaemonOptions, port: number) {
    this.name = options.name;
    this.dir = join(options.parent, options.name);
    this.port = port;
    this.#options = options;
    this.#chain = options.chain;
    mkdirSync(this.dir, { recursive: true });
  }

  static async start(options: DaemonOptions): Promise<Daemon> {
    if (!options.command) await build();
    const daemon = new Daemon(options, await freePort());
    await daemon.up();
    return daemon;
  }

  get socket(): string {
    return join(this.dir, 'regtest', 'lightning-rpc');
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process and returns once it answers `getinfo`. */
  async up(args: readonly string[] = []): Promise<void> {
    const command = this.#options.command ?? [join(ROOT, 'bin/lightningd')];
    const output = openSync(join(this.dir, 'output'), 'a');
    const child = spawn(
      command[0] as string,
      [
        ...command.slice(1),
        `--lightning-dir=${this.dir}`,
        '--network=regtest',
        `--alias=${this.name}`,
        `--addr=127.0.0.1:${this.port}`,
        ...chainArgs(this.#chain),
        `--log-file=${join(this.dir, 'log')}`,
        '--log-level=debug',
        ...(this.#options.args ?? []),
        ...args,
      ],
      { stdio: ['ignore', output, output] },
    );
    closeSync(output);
    this.#child = child;
    this.#gone = new Promise((done) => {
      child.once('exit', () => {
        if (this.#child === child) this.#child = undefined;
        done();
      });
      child.once('error', () => done());
    });
    this.#rpc = await until(`${this.name} to answer`, () => this.#open(child));
    this.id = (await this.call('getinfo')).id;
  }

  async #open(child: ChildProcess): Promise<RpcClient | undefined> {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${this.name} ended at its start:\n${this.tail()}`);
    try {
      return await RpcClient.open(this.socket);
    } catch {
      return undefined;
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: results are as various as the commands.
  call(method: string, params: object = {}): Promise<any> {
    if (!this.#rpc) throw new Error(`${this.name} is not running`);
    return this.#rpc.call(method, params);
  }

  /** kill -9: no chance to tidy up. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#end();
  }

  /** Asks it to stop, and waits for its end. */
  async down(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await this.#end();
    clearTimeout(timer);
  }

  async restart(args: readonly string[] = []): Promise<void> {
    await this.down();
    await this.up(args);
  }

  async #end(): Promise<void> {
    await this.#gone;
    this.#rpc?.close();
    this.#rpc = undefined;
  }

  /** The last lines that it wrote, log and output. */
  tail(lines = 40): string {
    const read = (file: string): string =>
      existsSync(file)
        ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
        : '';
    return `--- ${this.name}\n${read(join(this.dir, 'log'))}\n${read(join(this.dir, 'output'))}`;
  }
}

const chainArgs = (chain: TestChain): string[] => [
  `--bitcoin-rpcuser=${chain.rpcuser}`,
  `--bitcoin-rpcpassword=${chain.rpcpassword}`,
  '--bitcoin-rpcconnect=127.0.0.1',
  `--bitcoin-rpcport=${chain.rpcport}`,
  ...(chain.datadir ? [`--bitcoin-datadir=${chain.datadir}`] : []),
];

export interface ChannelOptions {
  readonly pushMsat?: number;
  readonly announce?: boolean;
}

/** A chain and the daemons on it. */
export class LightningNetwork {
  readonly chain: TestChain;
  readonly dir: string;
  readonly nodes: Daemon[] = [];

  private constructor(chain: TestChain) {
    this.chain = chain;
    this.dir = mkdtempSync(join(tmpdir(), 'levin-test-'));
  }

  /** On a bitcoind of its own, or on the chain given. */
  static async start(chain?: TestChain): Promise<LightningNetwork> {
    return new LightningNetwork(
      chain ?? (await startBitcoind({ args: ['-addresstype=bech32'], blocks: 110 })),
    );
  }

  /** On the network's chain, or on the one given. */
  async node(
    name: string,
    options: Pick<DaemonOptions, 'args' | 'command'> & { readonly chain?: TestChain } = {},
  ): Promise<Daemon> {
    const node = await Daemon.start({ chain: this.chain, ...options, name, parent: this.dir });
    this.nodes.push(node);
    return node;
  }

  async mine(blocks = 1): Promise<void> {
    await this.chain.mine(blocks);
    await this.synced();
  }

  /** Every running daemon has seen the tip. */
  async synced(): Promise<void> {
    const height = await this.chain.rpc('getblockcount');
    for (const node of this.nodes)
      if (node.running)
        await until(
          `${node.name} at height ${height}`,
          async () => (await node.call('getinfo')).blockheight >= height,
        );
  }

  /** Gives the node's wallet a confirmed coin. */
  async fund(node: Daemon, sat: number): Promise<void> {
    const { bech32 } = await node.call('newaddr', { addresstype: 'bech32' });
    await this.chain.send(bech32, (sat / 1e8).toFixed(8));
    await this.mine(1);
    await until(`${node.name}'s coin`, async () =>
      (await node.call('listfunds')).outputs.some(
        (o: { status: string; amount_msat: number }) =>
          o.status === 'confirmed' && o.amount_msat === sat * 1000,
      ),
    );
  }

  async connect(a: Daemon, b: Daemon): Promise<void> {
    await a.call('connect', { id: b.id, host: '127.0.0.1', port: b.port });
  }

  /** Opens a channel from `a`, confirms it, and answers its short channel id. */
  async channel(a: Daemon, b: Daemon, sat: number, options: ChannelOptions = {}): Promise<string> {
    await this.connect(a, b);
    const { txid } = await a.call('fundchannel', {
      id: b.id,
      amount: sat,
      announce: options.announce ?? true,
      ...(options.pushMsat ? { push_msat: options.pushMsat } : {}),
    });
    await until('the funding in the mempool', async () =>
      (await this.chain.rpc('getrawmempool')).includes(txid),
    );
    await this.mine(6);
    const scids = [];
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      scids.push(
        await until(`${from.name}'s channel with ${to.name}`, async () => {
          const { channels } = await from.call('listpeerchannels', { id: to.id });
          const channel = channels.find((c: { funding_txid: string }) => c.funding_txid === txid);
          const ready = channel?.state === 'CHANNELD_NORMAL' && channel.peer_connected;
          return ready ? (channel.short_channel_id as string | undefined) : undefined;
        }),
      );
    return scids[0] as string;
  }

  /** All open channels of the node are with connected peers and may carry payments. */
  async ready(node: Daemon): Promise<void> {
    await until(`the channels of ${node.name}`, async () => {
      const { channels } = await node.call('listpeerchannels');
      return channels.every(
        (c: { state: string; peer_connected: boolean }) =>
          c.state === 'CHANNELD_NORMAL' && c.peer_connected,
      );
    });
  }

  /** The nodes know of both directions of this many channels. */
  async gossiped(nodes: readonly Daemon[], channels: number): Promise<void> {
    for (const node of nodes)
      await until(
        `${channels} channels in the gossip of ${node.name}`,
        async () => (await node.call('listchannels')).channels.length >= 2 * channels,
      );
  }

  /** What every daemon wrote last, for a failed test to show. */
  tails(lines = 40): string {
    return this.nodes.map((node) => node.tail(lines)).join('\n');
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.down()));
    await this.chain.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
