/**
 * A real bitcoind on regtest for a test: `const node = await startBitcoind()`, then `mine`, `send`,
 * and `stop` at the end. Where no bitcoind is found, `scripts/bitcoind.sh` is run once to bring
 * one; in CI (`CI` set) that is .ci/run's work, and a missing one fails the test.
 */
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'scripts/bitcoind.sh');

const runnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

function find(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((f) => f !== '');
  return [...folders, join(ROOT, '.cache/bitcoind')].map((f) => join(f, 'bitcoind')).find(runnable);
}

let launcher: string | undefined;

/** The path of a bitcoind that starts. */
export function bitcoindPath(): string {
  launcher ??= find();
  if (launcher !== undefined) return launcher;
  const missing = 'these tests need a bitcoind, on the PATH or brought by scripts/bitcoind.sh';
  if (process.env['CI']) throw new Error(`${missing}: .ci/run runs that script before the tests`);
  try {
    const out = execFileSync(SCRIPT, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    launcher = out.trim().split('\n').at(-1) as string;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`${missing}, which failed: ${stderr ?? String(error)}`);
  }
  return launcher;
}

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export interface TestChain {
  readonly rpcport: number;
  readonly rpcuser: string;
  readonly rpcpassword: string;
  /** bitcoind's own directory; the embedded chain has none. */
  readonly datadir?: string;
  // biome-ignore lint/suspicious/noExplicitAny: results are as various as the methods.
  rpc(method: string, ...params: unknown[]): Promise<any>;
  /** Mines to an address of the node's own wallet, or to the one given; answers the hashes. */
  mine(blocks?: number, address?: string): Promise<string[]>;
  /** Sends from the node's own wallet; answers the txid as people see it. */
  send(address: string, btc: string | number): Promise<string>;
  stop(): Promise<void>;
}

export interface TestBitcoind extends TestChain {
  /** Where other nodes of bitcoin find it, `host:port`. */
  readonly p2p: string;
  /** Stops the process; `resume` starts it again, on the same port and with the same blocks. */
  halt(): Promise<void>;
  resume(args?: readonly string[]): Promise<void>;
}

/** Calls JSON-RPC at a port; throws an Error with the `code` that the answer names. */
export async function callRpc(
  at: { rpcport: number; rpcuser: string; rpcpassword: string },
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const credentials = Buffer.from(`${at.rpcuser}:${at.rpcpassword}`).toString('base64');
  const response = await fetch(`http://127.0.0.1:${at.rpcport}/`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: JSON.stringify({ id: 1, method, params }),
  });
  const { result, error } = (await response.json()) as {
    result: unknown;
    error: { code: number; message: string } | null;
  };
  if (error) throw Object.assign(new Error(`${method}: ${error.message}`), { code: error.code });
  return result;
}

/** What every chain that speaks the RPC offers to a test. */
export function testChain(
  at: { rpcport: number; rpcuser: string; rpcpassword: string; datadir?: string },
  stop: () => Promise<void>,
): TestChain {
  let own: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: as in the interface.
  const rpc = (method: string, ...params: unknown[]): Promise<any> => callRpc(at, method, params);
  return {
    ...at,
    rpc,
    stop,
    async mine(blocks = 1, address) {
      own ??= (await rpc('getnewaddress')) as string;
      return rpc('generatetoaddress', blocks, address ?? own);
    },
    send: (address, btc) => rpc('sendtoaddress', address, btc),
  };
}

export interface BitcoindSettings {
  /** Options of the command line besides the usual ones; `-txindex=1` unless given. */
  readonly args?: readonly string[];
  /** Blocks to mine at the start, so that the wallet has coins; 101 by default. */
  readonly blocks?: number;
}

export async function startBitcoind(settings: BitcoindSettings = {}): Promise<TestBitcoind> {
  const path = bitcoindPath();
  const datadir = mkdtempSync(join(tmpdir(), 'levin-bitcoind-'));
  const [rpcport, p2p] = [await freePort(), await freePort()];
  const at = { rpcport, rpcuser: 'levin', rpcpassword: 'test', datadir };
  const args = [
    `-datadir=${datadir}`,
    '-regtest',
    '-server',
    '-fallbackfee=0.00001',
    `-rpcuser=${at.rpcuser}`,
    `-rpcpassword=${at.rpcpassword}`,
    `-rpcport=${rpcport}`,
    `-bind=127.0.0.1:${p2p}`,
    '-listenonion=0',
    '-dnsseed=0',
    '-printtoconsole=0',
    ...(settings.args ?? ['-txindex=1']),
  ];
  let process_: Process | undefined;
  const halt = async (): Promise<void> => {
    await process_?.end();
    process_ = undefined;
  };
  const stop = async (): Promise<void> => {
    await halt();
    rmSync(datadir, { recursive: true, force: true });
  };
  const chain = testChain(at, stop);
  /** Starts it and waits until `ask` is answered. */
  const resume = async (more: readonly string[], ask: () => Promise<unknown>): Promise<void> => {
    process_ = run(path, [...args, ...more]);
    for (let tries = 0; ; tries++) {
      try {
        await ask();
        return;
      } catch (error) {
        if (!process_.ended() && tries < 300) await sleep(100);
        else {
          await stop();
          throw new Error(`bitcoind does not start: ${process_?.said() || String(error)}`);
        }
      }
    }
  };
  await resume([], () => chain.rpc('createwallet', 'test'));
  const blocks = settings.blocks ?? 101;
  if (blocks > 0) await chain.mine(blocks);
  return {
    ...chain,
    p2p: `127.0.0.1:${p2p}`,
    halt,
    async resume(more = []) {
      await resume(more, () => chain.rpc('getblockcount'));
      await chain.rpc('loadwallet', 'test').catch(() => {});
    },
  };
}

interface Process {
  ended(): boolean;
  /** The last of what it wrote to stderr. */
  said(): string;
  end(): Promise<void>;
}

function run(path: string, args: readonly string[]): Process {
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said = (said + data).slice(-2000);
  });
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    ended,
    said: () => said,
    async end() {
      if (!ended()) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await gone;
      clearTimeout(timer);
    },
  };
}
