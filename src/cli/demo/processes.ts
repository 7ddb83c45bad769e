import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from './client.js';

/** The folder that holds `bin`, from dist/cli/demo or src/cli/demo alike. */
const ROOT = resolve(import.meta.dirname, '../../..');

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + 25_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`gave up waiting for ${what}`);
    await pause(20);
  }
}

const freePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });

interface Child {
  readonly name: string;
  readonly output: string;
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
}

/** The demo's processes and its folder: whatever happens, `end` leaves nothing of them. */
export class Processes {
  readonly dir = mkdtempSync(join(tmpdir(), 'levin-demo-'));
  readonly #children: Child[] = [];
  readonly #clients: Client[] = [];
  #ending = false;
  #tellLost: (error: Error) => void = () => {};
  /** Rejects when one of them ends before it is told to: nobody then waits for its answer. */
  readonly lost = new Promise<never>((_, reject) => {
    this.#tellLost = reject;
  });

  constructor() {
    this.lost.catch(() => {});
  }

  /** `program` is a file below the project's root. */
  start(name: string, program: string, args: readonly string[]): Child {
    if (this.#ending) throw new Error('the demo is ending');
    const output = join(this.dir, `${name}.out`);
    const file = openSync(output, 'a');
    // A process group of its own: Ctrl-C reaches the demo alone, which then ends the others.
    const process = spawn(globalThis.process.execPath, [join(ROOT, program), ...args], {
      stdio: ['ignore', file, file],
      detached: true,
    });
    closeSync(file);
    const ended = new Promise<void>((done) =>
      process.once('exit', () => {
        if (!this.#ending) this.#tellLost(new Error(`${name} ended before its time`));
        done();
      }),
    );
    const child = { name, output, process, ended };
    this.#children.push(child);
    return child;
  }

  async client(child: Child, socket: string): Promise<Client> {
    const client = await until(`${child.name} to answer`, async () => {
      if (child.process.exitCode !== null) throw new Error(`${child.name} ended at its start`);
      return Client.open(socket).catch(() => undefined);
    });
    this.#clients.push(client);
    return client;
  }

  /** What each wrote last, for a failure to show. */
  tails(lines = 15): string {
    return this.#children
      .map(({ name, output }) => {
        const text = readFileSync(output, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
        return `--- ${name}\n${text}`;
      })
      .join('\n');
  }

  async end(): Promise<void> {
    this.#ending = true;
    for (const client of this.#clients) client.close();
    for (const { process } of this.#children) process.kill('SIGTERM');
    const patience = setTimeout(() => {
      for (const { process } of this.#children) process.kill('SIGKILL');
    }, 5_000);
    await Promise.all(this.#children.map(({ ended }) => ended));
    clearTimeout(patience);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const CREDENTIALS = { user: 'demo', password: 'demo' };

/** The embedded chain, a process that speaks bitcoind's RPC. */
export class DemoChain {
  readonly port: number;
  #address: string | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(processes: Processes): Promise<DemoChain> {
    const chain = new DemoChain(await freePort());
    const child = processes.start('chain', 'dist/cli/chaind.js', [
      `--port=${chain.port}`,
      '--blocks=101',
      `--rpcuser=${CREDENTIALS.user}`,
      `--rpcpassword=${CREDENTIALS.password}`,
    ]);
    await until('the chain to answer', async () => {
      if (child.process.exitCode !== null) throw new Error('the chain ended at its start');
      return chain.rpc('getblockcount').then(
        () => true,
        () => false,
      );
    });
    return chain;
  }

  // biome-ignore lint/suspicious/noExplicitAny: results are as various as the methods.
  async rpc(method: string, ...params: unknown[]): Promise<any> {
    const { user, password } = CREDENTIALS;
    const token = Buffer.from(`${user}:${password}`).toString('base64');
    const response = await fetch(`http://127.0.0.1:${this.port}/`, {
      method: 'POST',
      headers: { authorization: `Basic ${token}` },
      body: JSON.stringify({ id: 1, method, params }),
    });
    const { result, error } = (await response.json()) as {
      result: unknown;
      error: { message: string } | null;
    };
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async mine(blocks: number): Promise<void> {
    this.#address ??= (await this.rpc('getnewaddress')) as string;
    await this.rpc('generatetoaddress', blocks, this.#address);
  }
}

/** A daemon with a name. */
export class DemoNode {
  readonly name: string;
  readonly id: string;
  readonly port: number;
  readonly #client: Client;

  private constructor(name: string, id: string, port: number, client: Client) {
    this.name = name;
    this.id = id;
    this.port = port;
    this.#client = client;
  }

  static async start(
    name: string,
    args: readonly string[],
    deps: { readonly processes: Processes; readonly chain: DemoChain },
  ): Promise<DemoNode> {
    const dir = join(deps.processes.dir, name);
    mkdirSync(dir);
    const port = await freePort();
    const child = deps.processes.start(name, 'bin/lightningd', [
      `--lightning-dir=${dir}`,
      '--network=regtest',
      `--alias=${name}`,
      `--addr=127.0.0.1:${port}`,
      `--bitcoin-rpcuser=${CREDENTIALS.user}`,
      `--bitcoin-rpcpassword=${CREDENTIALS.password}`,
      '--bitcoin-rpcconnect=127.0.0.1',
      `--bitcoin-rpcport=${deps.chain.port}`,
      ...args,
    ]);
    const client = await deps.processes.client(child, join(dir, 'regtest', 'lightning-rpc'));
    const { id } = await client.call('getinfo', {});
    return new DemoNode(name, id, port, client);
  }

  // biome-ignore lint/suspicious/noExplicitAny: results are as various as the commands.
  call(method: string, params: object = {}): Promise<any> {
    return this.#client.call(method, params);
  }
}
