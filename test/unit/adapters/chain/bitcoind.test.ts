import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { bitcoindAccess, readConf } from '../../../../src/adapters/chain/bitcoind/config.js';
import {
  BitcoindChain,
  btcToSat,
  feeratePerKw,
} from '../../../../src/adapters/chain/bitcoind/index.js';
import { parseExact } from '../../../../src/adapters/chain/bitcoind/rpc.js';
import { systemClock } from '../../../../src/adapters/clock/system.js';
import { ChainAway, type Clock, type Logger, silentLogger } from '../../../../src/ports/index.js';

type Answer = { status?: number; body?: string; result?: unknown; error?: unknown; hang?: true };
type Answers = (
  method: string,
  params: unknown[],
  authorization: string,
) => Answer | Promise<Answer>;

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** Something that speaks HTTP where a bitcoind would, and says what the test wants. */
async function fake(answers: Answers): Promise<{ port: number; server: Server }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', async () => {
      const { method, params, id } = JSON.parse(body);
      const { hang, ...said } = await answers(method, params, request.headers.authorization ?? '');
      if (hang) return;
      const { result = null, error = null } = said;
      response.statusCode = said.status ?? (error === null ? 200 : 500);
      response.end(said.body ?? JSON.stringify({ result, error, id }));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  open.push(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return { port: (server.address() as AddressInfo).port, server };
}

const chainAt = (
  rpcport: number,
  log: Logger = silentLogger,
  timeoutMs = 5000,
  clock: Clock = systemClock,
) =>
  BitcoindChain.create(
    { network: 'regtest', rpcport, rpcuser: 'u', rpcpassword: 'p', timeoutMs },
    { clock, log },
  );

/** Pauses are over at once; what is to come after ten seconds does not come. */
const hasty: Clock = {
  now: () => 0,
  after: (ms, fn) => {
    const timer = ms < 10_000 ? setImmediate(fn) : undefined;
    return () => clearImmediate(timer);
  },
};

const listening = (): { log: Logger; lines: string[] } => {
  const lines: string[] = [];
  const note = (text: string) => void lines.push(text);
  const log: Logger = { ...silentLogger, warn: note, info: note, child: () => log };
  return { log, lines };
};

const away = (message: RegExp) => {
  return expect.objectContaining({ message: expect.stringMatching(message) });
};

describe('amounts of bitcoind', () => {
  it.each([
    ['0.00012345', 12_345n],
    ['20999999.99999999', 2_099_999_999_999_999n],
    ['50', 5_000_000_000n],
    ['1e-8', 1n],
    ['1.5E-7', 15n],
    ['0.00000000', 0n],
    ['-0.10000000', -10_000_000n],
  ])('%s', (text, sats) => {
    expect(btcToSat(text)).toBe(sats);
  });

  it.each(['0.000000001', '', 'x', '1.2.3', '0x10', ' 1'])('%s is none', (text) => {
    expect(btcToSat(text)).toBeUndefined();
  });

  it('stay decimal strings on their way through JSON', () => {
    const text = '{"a":0.1,"b":[1e-8,7,-2.50],"c":"0.5 \\"1.5\\"","d":20999999.99999999}';
    expect(parseExact(text)).toEqual({
      a: '0.1',
      b: ['1e-8', 7, '-2.50'],
      c: '0.5 "1.5"',
      d: '20999999.99999999',
    });
  });

  it('become feerates by weight, rounded up', () => {
    expect(feeratePerKw('0.00001000')).toBe(250);
    expect(feeratePerKw('0.00001001')).toBe(251);
    expect(feeratePerKw(undefined)).toBeUndefined();
  });
});

describe('the way into bitcoind', () => {
  it('reads bitcoin.conf: the section of the network before what stands above all', () => {
    const text =
      'rpcuser=a # me\nrpcport=1\n\n[regtest]\nrpcport=2\n[main]\nrpcport=3\ntest.rpcuser=b\n';
    expect(readConf(text, 'regtest').get('rpcport')).toBe('2');
    expect(readConf(text, 'bitcoin').get('rpcport')).toBe('3');
    expect(readConf(text, 'signet').get('rpcport')).toBe('1');
    expect(readConf(text, 'signet').get('rpcuser')).toBe('a');
  });

  it('takes the options before bitcoin.conf, and a cookie where there is no password', async () => {
    const datadir = await mkdtemp(join(tmpdir(), 'levin-conf-'));
    open.push(() => rm(datadir, { recursive: true }));
    await writeFile(
      join(datadir, 'bitcoin.conf'),
      '[regtest]\nrpcport=1234\nrpcconnect=10.0.0.7\n',
    );
    const access = await bitcoindAccess({ network: 'regtest', datadir, rpcport: 99 });
    expect(access.url).toBe('http://10.0.0.7:99/');
    await expect(access.credentials()).rejects.toBeInstanceOf(ChainAway);
    await mkdir(join(datadir, 'regtest'));
    await writeFile(join(datadir, 'regtest', '.cookie'), '__cookie__:abc');
    expect(await access.credentials()).toBe('__cookie__:abc');
    const plain = await bitcoindAccess({
      network: 'regtest',
      datadir,
      rpcuser: 'u',
      rpcpassword: 'p',
    });
    expect(await plain.credentials()).toBe('u:p');
    expect(plain.url).toBe('http://10.0.0.7:1234/');
  });

  it('reads the cookie again when bitcoind has made a new one', async () => {
    const datadir = await mkdtemp(join(tmpdir(), 'levin-cookie-'));
    open.push(() => rm(datadir, { recursive: true }));
    await mkdir(join(datadir, 'regtest'));
    let valid = 'first';
    const write = () => writeFile(join(datadir, 'regtest', '.cookie'), `__cookie__:${valid}`);
    await write();
    const { port } = await fake((_method, _params, authorization) =>
      authorization === `Basic ${Buffer.from(`__cookie__:${valid}`).toString('base64')}`
        ? { result: 'ab'.repeat(32) }
        : { status: 401, body: '' },
    );
    const chain = await BitcoindChain.create(
      { network: 'regtest', datadir, rpcport: port },
      { clock: systemClock, log: silentLogger },
    );
    expect(await chain.blockHash(1)).toHaveLength(32);
    valid = 'second';
    await write();
    expect(await chain.blockHash(1)).toHaveLength(32);
    valid = 'third';
    await expect(chain.blockHash(1)).rejects.toEqual(away(/refuses our user/));
  });
});

describe('a bitcoind that does not answer', () => {
  it('is away where nobody listens', async () => {
    const { port, server } = await fake(() => ({}));
    await new Promise((done) => server.close(done));
    const chain = await chainAt(port);
    await expect(chain.tip()).rejects.toBeInstanceOf(ChainAway);
    await expect(chain.broadcast(new Uint8Array(10))).rejects.toBeInstanceOf(ChainAway);
  });

  it('is away while it is silent', async () => {
    const { port } = await fake(() => ({ hang: true }));
    const chain = await chainAt(port, silentLogger, 50);
    await expect(chain.tip()).rejects.toEqual(away(/no answer to getblockchaininfo in 0.05 s/));
  });

  it.each([
    ['a page', { body: '<html>' }],
    ['nothing', { result: null }],
    ['another shape', { result: { blocks: 'many' } }],
    ['a hash that is none', { result: { chain: 'regtest', blocks: 1, bestblockhash: 'x' } }],
  ])('is away where something else answers: %s', async (_, answer) => {
    const { port } = await fake(() => answer);
    await expect((await chainAt(port)).tip()).rejects.toBeInstanceOf(ChainAway);
  });

  it('is asked again where its work queue is full', async () => {
    let full = 2;
    const { port } = await fake(() =>
      full-- > 0 ? { status: 503, body: 'Work queue depth exceeded' } : { result: 'ab'.repeat(32) },
    );
    const chain = await chainAt(port);
    expect(await chain.blockHash(7)).toHaveLength(32);
  });

  it('is away where its work queue stays full', async () => {
    const { port } = await fake(() => ({ status: 503, body: 'Work queue depth exceeded' }));
    const chain = await chainAt(port);
    await expect(chain.tip()).rejects.toEqual(away(/503.*Work queue/));
  });

  it('is not asked more than eight things at once', async () => {
    let [now, most] = [0, 0];
    const { port } = await fake(async () => {
      most = Math.max(most, ++now);
      await new Promise((go) => setTimeout(go, 5));
      now--;
      return { result: 'ab'.repeat(32) };
    });
    const chain = await chainAt(port);
    await Promise.all(Array.from({ length: 50 }, () => chain.txids(new Uint8Array(32))));
    expect(most).toBe(8);
  });

  it('keeps nobody waiting once we end', async () => {
    const { port } = await fake(() => ({ hang: true }));
    const chain = await chainAt(port);
    const asked = [chain.tip(), chain.broadcast(new Uint8Array(10))].map((answer) =>
      expect(answer).rejects.toBeInstanceOf(ChainAway),
    );
    await new Promise((go) => setTimeout(go, 50));
    await chain.close();
    await Promise.all(asked);
    await expect(chain.tip()).rejects.toBeInstanceOf(ChainAway);
  });

  it('is given up at once where the start is called off', async () => {
    const { port } = await fake(() => ({ hang: true }));
    const off = new AbortController();
    const ready = (await chainAt(port)).ready(off.signal);
    setTimeout(() => off.abort(new Error('stopped')), 20);
    await expect(ready).rejects.toThrow('stopped');
  });

  it('is waited for while it starts, and the log says for what, once each', async () => {
    const said = ['Loading block index…', 'Loading block index…', 'Verifying blocks…'];
    const { port } = await fake(() => {
      const message = said.shift();
      return message === undefined
        ? { result: { chain: 'regtest' } }
        : { error: { code: -28, message } };
    });
    const { log, lines } = listening();
    const chain = await chainAt(port, log, 5000, hasty);
    expect(await chain.ready()).toBeUndefined();
    expect(lines).toEqual([
      'waiting for bitcoind, which is starting: Loading block index…',
      'waiting for bitcoind, which is starting: Verifying blocks…',
      'bitcoind answers',
    ]);
  });

  it('says that it still reads what its network has', async () => {
    const bestblockhash = 'ab'.repeat(32);
    const info = { chain: 'regtest', blocks: 7, headers: 90, bestblockhash };
    const { port } = await fake(() => ({ result: { ...info, initialblockdownload: true } }));
    expect(await (await chainAt(port)).tip()).toMatchObject({
      height: 7,
      syncing: { headers: 90 },
    });
  });

  it('is refused where it is on another network', async () => {
    const { port } = await fake(() => ({ result: { chain: 'main' } }));
    expect(await (await chainAt(port)).ready()).toEqual({
      code: 'wrong_network',
      expected: 'regtest',
      actual: 'main',
    });
  });

  /** One that has no block, and whose peer 3, which has all of them, brings it at the last try. */
  const pruned = (peers: readonly object[], brings = false) => {
    const asked: unknown[] = [];
    let tries = 0;
    const answers: Answers = (method, params) => {
      if (method === 'getblockheader') return { result: { height: 5 } };
      if (method === 'getpeerinfo') return { result: peers };
      if (method === 'getblock' && brings && ++tries === 4) return { result: '00' };
      if (method === 'getblock')
        return { error: { code: -1, message: 'Block not available (pruned data)' } };
      asked.push([method, params[1]]);
      return { result: {} };
    };
    return { asked, answers };
  };
  const PEERS = [
    { id: 3, services: '0000000000000409' },
    { id: 4, services: '0400' },
  ];

  it('asks its peers for a block that it has pruned, and says so', async () => {
    const { asked, answers } = pruned(PEERS);
    const chain = await chainAt((await fake(answers)).port, silentLogger, 5000, hasty);
    await expect(chain.block(new Uint8Array(32))).rejects.toEqual(
      away(/block 5, 0+, which bitcoind has pruned; 1 of its peers/),
    );
    expect(asked).toEqual([['getblockfrompeer', 3]]);
  });

  it('waits for the block that its peers bring', async () => {
    const { answers } = pruned(PEERS, true);
    const chain = await chainAt((await fake(answers)).port, silentLogger, 5000, hasty);
    await expect(chain.block(new Uint8Array(32))).rejects.toEqual(away(/does not parse/));
  });

  it('says what to do where none of its peers has the block', async () => {
    const { answers } = pruned(PEERS.slice(1));
    const chain = await chainAt((await fake(answers)).port);
    await expect(chain.block(new Uint8Array(32))).rejects.toEqual(
      away(/none of its peers has it: connect it to a node with all blocks/),
    );
  });

  it('tells fees from the dearest minimum it names', async () => {
    const { port } = await fake((method, params) => {
      if (method === 'getmempoolinfo')
        return {
          body: '{"result":{"mempoolminfee":0.00005000,"minrelaytxfee":0.00001000},"error":null}',
        };
      if (params[0] === 2) return { result: { errors: ['Insufficient data'] } };
      return { body: '{"result":{"feerate":0.00012345,"blocks":6},"error":null}' };
    });
    expect(await (await chainAt(port)).feeEstimates()).toEqual({
      minimum: 1250,
      targets: [6, 12, 100].map((blocks) => ({ blocks, feeratePerKw: 3087 })),
    });
  });

  it('knows no packages where bitcoind is too old for them', async () => {
    const { port } = await fake(() => ({
      status: 404,
      error: { code: -32601, message: 'Method not found' },
    }));
    expect(await (await chainAt(port)).broadcastPackage([])).toBeUndefined();
  });
});
