import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedChainServer } from '../../../src/adapters/chain/embedded/index.js';
import { systemClock } from '../../../src/adapters/clock/system.js';
import { RawClient } from '../../support/rpc-client.js';

const DAEMON = resolve(import.meta.dirname, '../../../src/cli/lightningd.ts');

let chain: Awaited<ReturnType<typeof startEmbeddedChainServer>>;
beforeAll(async () => {
  chain = await startEmbeddedChainServer({ port: 0, blocks: 3 }, { clock: systemClock });
});
afterAll(() => chain.close());

let dir: string;
let children: ChildProcess[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'levin-daemon-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  // One in the background outlives a test that failed.
  if (existsSync(pidFile())) {
    const pid = Number(readFileSync(pidFile(), 'utf8'));
    if (pid > 0 && !children.some((child) => child.pid === pid)) process.kill(pid, 'SIGKILL');
  }
  rmSync(dir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', DAEMON, `--lightning-dir=${dir}`, '--regtest', ...args],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  children.push(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  const ended = new Promise<Ended>((done) => child.on('close', (code) => done({ code, out, err })));
  return { child, ended };
}

const node = (...args: string[]) =>
  start(
    '--bitcoin-rpcconnect=127.0.0.1',
    `--bitcoin-rpcport=${chain.port}`,
    '--bitcoin-rpcuser=u',
    '--bitcoin-rpcpassword=p',
    '--autolisten=false',
    ...args,
  );

const socket = () => join(dir, 'regtest', 'lightning-rpc');
const pidFile = () => join(dir, 'lightningd-regtest.pid');
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** A client as soon as the daemon answers. */
async function ready(): Promise<RawClient> {
  for (;;) {
    const client = await RawClient.connect(socket()).catch(() => undefined);
    if (client) return client;
    await pause(50);
  }
}

describe('lightningd', () => {
  it('tells its version and its options', async () => {
    const [version, help] = await Promise.all([start('--version').ended, start('--help').ended]);
    expect(version).toEqual({
      code: 0,
      out: expect.stringMatching(/^v26\.06-levin-\d+\.\d+\.\d+\n$/),
      err: '',
    });
    expect(help.code).toBe(0);
    expect(help.out).toContain('--lightning-dir=DIR');
  });

  it('ends with 1 and a clear word on an option it does not know', async () => {
    expect(await start('--nonsense').ended).toEqual({
      code: 1,
      out: '',
      err: 'lightningd: command line: unknown option nonsense\n',
    });
  });

  it('runs, refuses a second one beside it, and ends cleanly on SIGTERM and stop', async () => {
    const first = node('--alias=alice');
    const client = await ready();
    const { result } = await client.call('getinfo');
    expect(result).toMatchObject({ alias: 'alice', network: 'regtest', num_peers: 0 });
    expect(readFileSync(pidFile(), 'utf8')).toBe(`${first.child.pid}\n`);

    const second = await node().ended;
    expect(second.code).toBe(1);
    expect(second.err).toMatch(/^lightningd: .*lightning-rpc: another lightningd answers here\n$/);
    const { id } = result as { id: string };
    expect((await client.call('getinfo')).result).toMatchObject({ id });

    // Another socket does not help: the store is one lightningd's alone.
    const third = await node(`--rpc-file=${join(dir, 'other')}`).ended;
    expect([third.code, third.err]).toEqual([
      1,
      expect.stringContaining('in use by another lightningd'),
    ]);

    // Twice at once, as `timeout` does it.
    first.child.kill('SIGTERM');
    first.child.kill('SIGTERM');
    const ended = await first.ended;
    expect([ended.code, ended.err]).toEqual([0, '']);
    expect(existsSync(pidFile())).toBe(false);
    expect(existsSync(socket())).toBe(false);

    const again = node();
    const other = await ready();
    expect((await other.call('getinfo')).result).toMatchObject({ id });
    expect((await other.call('stop')).result).toBe('Shutdown complete');
    expect((await again.ended).code).toBe(0);
  }, 60_000);

  it('says in one line that its port is taken, ends with 1, and leaves nothing to tidy up', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => taken.once('listening', done));
    const { port } = taken.address() as { port: number };
    const log = join(dir, 'log');
    const ended = await node(`--bind-addr=127.0.0.1:${port}`, `--log-file=${log}`).ended;
    taken.close();
    const told = `cannot listen on 127.0.0.1:${port}: address in use`;
    expect(ended).toEqual({ code: 1, out: '', err: `lightningd: ${told}\n` });
    const loud = readFileSync(log, 'utf8').match(/^.*(BROKEN|UNUSUAL).*$/gm);
    expect(loud).toEqual([expect.stringContaining(told)]);
    expect(existsSync(pidFile())).toBe(false);
    expect(existsSync(socket())).toBe(false);
  }, 20_000);

  it('starts again after kill -9, over the socket and the pid that are left', async () => {
    const first = node();
    await (await ready()).call('getinfo');
    first.child.kill('SIGKILL');
    await first.ended;
    expect(existsSync(socket())).toBe(true);
    const second = node();
    const client = await ready();
    expect((await client.call('getinfo')).result).toMatchObject({ network: 'regtest' });
    second.child.kill('SIGINT');
    expect((await second.ended).code).toBe(0);
  }, 60_000);

  it('goes into the background once it is ready, and says why it could not', async () => {
    const log = join(dir, 'log');
    const front = await node('--daemon', `--log-file=${log}`).ended;
    // On a machine that has much to do it says in between that it still starts.
    const err = expect.stringMatching(/^(lightningd: still starting.*\n)?$/);
    expect(front).toEqual({ code: 0, out: '', err });
    const client = await ready();
    expect((await client.call('getinfo')).result).toMatchObject({ network: 'regtest' });
    const second = await node('--daemon', `--log-file=${log}`).ended;
    expect([second.code, second.err]).toEqual([1, expect.stringContaining('another lightningd')]);
    const pid = Number(readFileSync(pidFile(), 'utf8'));
    await client.call('stop');
    while (existsSync(pidFile())) await pause(50);
    expect(readFileSync(log, 'utf8')).toContain('INFO    lightningd: stopped');
    expect(pid).toBeGreaterThan(0);
  }, 60_000);

  it('in front of one that still starts: says so, and what interrupts it ends both', async () => {
    const log = join(dir, 'log');
    const away = ['--bitcoin-rpcport=1', '--bitcoin-rpcuser=u', '--bitcoin-rpcpassword=p'];
    const front = start('--daemon', `--log-file=${log}`, '--autolisten=false', ...away);
    let said = '';
    front.child.stderr?.on('data', (text) => {
      said += text;
    });
    while (said === '') await pause(50);
    expect(said).toBe(`lightningd: still starting; ${log} says why\n`);
    const waits = () => existsSync(log) && readFileSync(log, 'utf8').includes('is it running?');
    while (!waits()) await pause(50);
    front.child.kill('SIGINT');
    expect((await front.ended).code).toBe(1);
    expect(existsSync(socket())).toBe(false);
  }, 60_000);

  it('goes on where its log cannot: a terminal that is gone, a file that cannot be opened anew', async () => {
    const log = join(dir, 'log');
    const daemon = node('--log-file=-', `--log-file=${log}`, '--log-level=debug');
    const client = await ready();
    await client.call('getinfo');
    daemon.child.stdout?.destroy();
    rmSync(log);
    mkdirSync(log);
    daemon.child.kill('SIGHUP');
    // Each of these says something to the log.
    const lines = async () => ((await client.call('getlog')).result as { log: object[] }).log;
    const reopened = async () => JSON.stringify(await lines()).includes('cannot be written there');
    while (!(await reopened())) await pause(20);
    rmSync(log, { recursive: true });
    daemon.child.kill('SIGHUP');
    while (!existsSync(log)) await pause(20);
    expect((await client.call('getinfo')).result).toMatchObject({ network: 'regtest' });
    daemon.child.kill('SIGTERM');
    expect((await daemon.ended).code).toBe(0);
    expect(readFileSync(log, 'utf8')).toContain('lightningd: stopped');
  }, 60_000);

  it('asks for the passphrase of hsm_secret, and keeps to it', async () => {
    const typed = (passphrase: string) => {
      const daemon = node('--encrypted-hsm');
      daemon.child.stdin?.end(`${passphrase}\n`);
      return daemon;
    };
    const first = typed('correct horse');
    const { result } = await (await ready()).call('getinfo');
    first.child.kill('SIGTERM');
    await first.ended;
    expect(readFileSync(join(dir, 'regtest', 'hsm_secret'))).toHaveLength(88);

    const [without, wrong] = [await node().ended, await typed('battery').ended];
    expect([without.code, without.err]).toEqual([1, expect.stringContaining('passphrase needed')]);
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('wrong passphrase')]);
    // Nor is a store made where there is only the file, from a backup say.
    const store = join(dir, 'regtest', 'lightningd.sqlite3');
    for (const file of [store, `${store}-wal`, `${store}-shm`]) rmSync(file, { force: true });
    expect((await typed('battery').ended).code).toBe(1);
    expect(existsSync(store)).toBe(false);

    const right = typed('correct horse');
    expect((await (await ready()).call('getinfo')).result).toMatchObject({
      id: (result as { id: string }).id,
    });
    right.child.kill('SIGTERM');
    await right.ended;
  }, 60_000);

  it('reads its options from the file as well', async () => {
    mkdirSync(join(dir, 'regtest'));
    writeFileSync(join(dir, 'regtest', 'config'), 'alias=from the file\n');
    const daemon = node();
    expect((await (await ready()).call('getinfo')).result).toMatchObject({
      alias: 'from the file',
    });
    daemon.child.kill('SIGTERM');
    await daemon.ended;
  }, 60_000);

  it('--recover makes hsm_secret from the bytes given, and never over one that is there', async () => {
    const secret = join(dir, 'regtest', 'hsm_secret');
    const daemon = node(`--recover=${'ab'.repeat(32)}`);
    const { result } = await (await ready()).call('getinfo');
    daemon.child.kill('SIGTERM');
    await daemon.ended;
    expect(new Uint8Array(readFileSync(secret))).toEqual(new Uint8Array(32).fill(0xab));

    const over = await node(`--recover=${'cd'.repeat(32)}`).ended;
    expect([over.code, over.err]).toEqual([1, expect.stringContaining('already exists')]);
    expect(over.err).not.toContain('cdcd');
    const again = node();
    expect((await (await ready()).call('getinfo')).result).toMatchObject({
      id: (result as { id: string }).id,
    });
    again.child.kill('SIGTERM');
    await again.ended;
  }, 60_000);
});
