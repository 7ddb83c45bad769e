import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedChainServer } from '../../src/adapters/chain/embedded/index.js';
import { systemClock } from '../../src/adapters/clock/system.js';
import { CommandError, type EmbeddedNode, type NodeOptions, startNode } from '../../src/index.js';
import { until } from '../support/daemon.js';

describe('a node inside a program', () => {
  const directory = mkdtempSync(join(tmpdir(), 'levin-embed-'));
  let chain: Awaited<ReturnType<typeof startEmbeddedChainServer>>;

  beforeAll(async () => {
    chain = await startEmbeddedChainServer(
      { port: 0, blocks: 101, rpcuser: 'u', rpcpassword: 'p' },
      { clock: systemClock },
    );
  });

  afterAll(async () => {
    await chain.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const start = (more: NodeOptions = {}): Promise<EmbeddedNode> =>
    startNode({
      ...{ developer: false, autolisten: true, offline: true, ...more },
      network: 'regtest',
      'lightning-dir': directory,
      'bitcoin-rpcport': chain.port,
      'bitcoin-rpcuser': 'u',
      'bitcoin-rpcpassword': 'p',
    });

  it('starts, answers commands, refuses with their codes, stops, and goes on where it was', async () => {
    const node = await start();
    expect(await node.call('getinfo')).toMatchObject({ id: node.id, network: 'regtest' });
    const made = await node.call('invoice', {
      amount_msat: 50_000,
      label: 'a',
      description: 'b',
    });
    expect(made.bolt11).toMatch(/^lnbcrt500n1/);
    const again = node.call('invoice', { amount_msat: 1, label: 'a', description: 'b' });
    await expect(again).rejects.toThrow(CommandError);
    await expect(again).rejects.toMatchObject({ code: 900, method: 'invoice' });
    // JSON would make nothing of these, and nothing means no limit.
    const circle: Record<string, unknown> = {};
    circle['again'] = circle;
    for (const [maxfee, why] of [
      [Number.NaN, 'maxfee: NaN is no number'],
      [() => 1, 'maxfee: a function is no parameter'],
      [circle, 'is nested too deep, or in a circle'],
    ] as const) {
      const wrong = node.call('pay', { bolt11: made.bolt11, maxfee });
      await expect(wrong).rejects.toThrow(why);
      await expect(wrong).rejects.toMatchObject({ code: -32602 });
    }
    await node.stop();

    const next = await start();
    expect(next.id).toBe(node.id);
    const { invoices } = await next.call('listinvoices', { label: 'a' });
    expect(invoices).toMatchObject([{ payment_hash: made.payment_hash, status: 'unpaid' }]);
    await next.stop();
  });

  it('a wait ends with the reason of its signal, or when the node stops; then nothing is answered', async () => {
    const node = await start();
    const giveUp = new AbortController();
    const [mine, others] = [
      node.call('waitanyinvoice', {}, giveUp.signal),
      node.call('wait', { subsystem: 'invoices', indexname: 'created', nextvalue: 99 }),
    ];
    giveUp.abort(new Error('enough'));
    await expect(mine).rejects.toThrow('enough');
    const stopping = node.stop();
    const told = { method: 'wait', code: -1, message: 'wait: the node is stopped (-1)' };
    await expect(others).rejects.toMatchObject(told);
    await stopping;
    await expect(node.call('getinfo')).rejects.toThrow(CommandError);
  });

  it('takes an option that is undefined for none, and names one that is no text', async () => {
    const node = await start({ alias: undefined });
    expect((await node.call('getinfo')).alias).toMatch(/^levin-/);
    await node.stop();
    await expect(start({ alias: null as unknown as string })).rejects.toThrow(/^alias: text, a/);
    await expect(start({ 'encrypted-hsm': true })).rejects.toThrow(
      'encrypted-hsm: nobody is asked',
    );
    await expect(start({ offline: 'yes' })).rejects.toThrow('offline: true or false is wanted');
    await expect(start({ alais: 'x' })).rejects.toThrow('startNode: unknown option alais');
  });

  it('refuses a store that another hsm_secret made: its channels could not be spoken for', async () => {
    const secret = join(directory, 'regtest', 'hsm_secret');
    const ours = readFileSync(secret);
    writeFileSync(secret, new Uint8Array(32).fill(7));
    await expect(start()).rejects.toThrow(/hsm_secret is not the one this store was made with/);
    writeFileSync(secret, ours.subarray(0, 31));
    await expect(start()).rejects.toThrow(/hsm_secret: it has 31 bytes/);
    writeFileSync(secret, '');
    await expect(start()).rejects.toThrow(/hsm_secret: it is empty/);
    writeFileSync(secret, ours);
    const node = await start();
    await node.stop();
  });

  it('writes its log where the options say, and keeps it for getlog', async () => {
    const file = join(directory, 'log');
    const node = await start({ 'log-file': file, 'log-level': 'debug' });
    const { log } = await node.call('getlog', { level: 'debug' });
    expect(log.length).toBeGreaterThan(0);
    await node.stop();
    expect(readFileSync(file, 'utf8')).toContain('INFO');
  });

  it('waits for a bitcoind that is away, says so, and can be told to wait no longer', async () => {
    const file = join(directory, 'waiting');
    const giveUp = new AbortController();
    const options = {
      ...{ network: 'regtest', 'lightning-dir': directory, offline: true, 'log-file': file },
      ...{ 'bitcoin-rpcport': 1, 'bitcoin-rpcuser': 'u', 'bitcoin-rpcpassword': 'p' },
    };
    const starting = startNode(options, { signal: giveUp.signal });
    starting.catch(() => {});
    const waits = () => readFileSync(file, 'utf8').includes('nobody listens there: is it running?');
    await until('the log says so', () => existsSync(file) && waits());
    giveUp.abort(new Error('enough'));
    await expect(starting).rejects.toThrow('enough');
    const again = await start();
    await again.stop();
  });

  it('a start that fails says why, and leaves nothing behind that keeps the program running', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => taken.once('listening', done));
    const { port } = taken.address() as { port: number };
    const library = resolve(import.meta.dirname, '../../src/index.ts');
    const options = {
      ...{ network: 'regtest', 'lightning-dir': directory, 'bind-addr': `127.0.0.1:${port}` },
      ...{ 'bitcoin-rpcport': chain.port, 'bitcoin-rpcuser': 'u', 'bitcoin-rpcpassword': 'p' },
    };
    const program = `
      const { startNode } = await import(${JSON.stringify(library)});
      const fatal = (error) => console.log('fatal:', error.message);
      await startNode(${JSON.stringify(options)}, { fatal })
        .catch((error) => console.log('refused:', error.message));`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    const impatient = setTimeout(() => child.kill('SIGKILL'), 15_000);
    const code = await new Promise((done) => child.once('close', done));
    clearTimeout(impatient);
    taken.close();
    expect([code, said]).toEqual([
      0,
      `refused: cannot listen on 127.0.0.1:${port}: address in use\n`,
    ]);
  }, 20_000);
});
