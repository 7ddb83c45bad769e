import { afterEach, describe, expect, it } from 'vitest';
import { EmbeddedChain, EmbeddedChainPort } from '../../../src/adapters/chain/embedded/index.js';
import { openStore } from '../../../src/adapters/store/sqlite/index.js';
import { sat, toHex } from '../../../src/core/bytes/index.js';
import { ChainFollower, type FollowerOptions } from '../../../src/node/chain/index.js';
import { ChainAway, type Logger, type Store, silentLogger } from '../../../src/ports/index.js';
import { ManualClock } from '../../support/wallet-kit.js';

type Told = ['block' | 'gone', number];

const started: ChainFollower[] = [];
afterEach(() => Promise.all(started.splice(0).map((f) => f.stop())));

const clock = new ManualClock();

async function follow(
  chain: EmbeddedChain,
  options: FollowerOptions & { store?: Store; log?: Logger } = {},
) {
  const port = new EmbeddedChainPort(chain);
  const store = options.store ?? (await openStore({ path: ':memory:', inline: true }));
  const follower = new ChainFollower(options, {
    chain: port,
    store,
    clock,
    log: options.log ?? silentLogger,
  });
  const told: Told[] = [];
  follower.onBlock((block) => void told.push(['block', block.height]));
  follower.onDisconnect((height) => void told.push(['gone', height]));
  started.push(follower);
  await follower.start();
  await follower.sync();
  return { follower, port, store, told };
}

const newChain = (blocks: number): EmbeddedChain => {
  const chain = new EmbeddedChain({}, { clock });
  chain.mine(blocks);
  return chain;
};

describe('following the chain', () => {
  it('begins a few blocks below the tip', async () => {
    const { follower, told } = await follow(newChain(120));
    expect(follower.height).toBe(120);
    expect(told[0]).toEqual(['block', 115]);
    expect(told.at(-1)).toEqual(['block', 120]);
    expect(follower.synced).toBe(true);
  });

  it('begins where it is told to', async () => {
    const { told } = await follow(newChain(30), { from: 12 });
    expect(told.map(([, height]) => height)).toEqual(Array.from({ length: 19 }, (_, i) => 12 + i));
  });

  it('tells each block once, with its transactions in order', async () => {
    const chain = newChain(120);
    const { follower, told } = await follow(chain);
    const seen: string[][] = [];
    follower.onBlock((block) => void seen.push(block.txs.map((t) => toHex(t.txid))));
    const sent = [1, 2, 3].map(() => chain.send(chain.faucet.newScript(), sat(10_000)));
    chain.mine();
    await follower.sync();
    await follower.sync();
    expect(told.filter(([, height]) => height === 121)).toHaveLength(1);
    expect(seen).toEqual([chain.ledger.tip.txs.map((t) => t.key)]);
    expect(seen[0]).toEqual(expect.arrayContaining(sent.map((t) => t.key)));
    expect(follower.blockTime).toBe(chain.ledger.tip.time);
  });

  it('waits for each listener before the next', async () => {
    const chain = newChain(10);
    const { follower } = await follow(chain);
    const order: string[] = [];
    follower.onBlock(async (block) => {
      await Promise.resolve();
      order.push(`a ${block.height}`);
    });
    follower.onBlock((block) => void order.push(`b ${block.height}`));
    chain.mine(2);
    await follower.sync();
    expect(order).toEqual(['a 11', 'b 11', 'a 12', 'b 12']);
  });

  it.each([1, 2, 3, 4, 5, 6])('takes back a reorg of depth %i', async (depth) => {
    const chain = newChain(120);
    const { follower, told } = await follow(chain);
    told.length = 0;
    chain.reorg(depth);
    await follower.sync();
    const gone = Array.from({ length: depth }, (_, i): Told => ['gone', 120 - i]);
    const back = Array.from({ length: depth + 1 }, (_, i): Told => ['block', 121 - depth + i]);
    expect(told).toEqual([...gone, ...back]);
    expect(follower.height).toBe(121);
  });

  it('takes back a reorg deeper than anything it has seen', async () => {
    const chain = newChain(120);
    const { follower } = await follow(chain);
    chain.reorg(40);
    await follower.sync();
    expect(follower.height).toBe(121);
  });

  it('follows a chain that becomes shorter', async () => {
    const chain = newChain(120);
    const { follower, told } = await follow(chain);
    told.length = 0;
    const lost = chain.ledger.at(119);
    chain.invalidate(lost as NonNullable<typeof lost>);
    await follower.sync();
    expect(follower.height).toBe(118);
    expect(told).toEqual([
      ['gone', 120],
      ['gone', 119],
    ]);
  });

  it('goes on after a restart where it stopped, and takes back what changed meanwhile', async () => {
    const chain = newChain(120);
    const first = await follow(chain);
    await first.follower.stop();
    chain.reorg(2);
    chain.mine(3);
    const second = await follow(chain, { store: first.store });
    expect(second.told).toEqual([
      ['gone', 120],
      ['gone', 119],
      ...Array.from({ length: 6 }, (_, i): Told => ['block', 119 + i]),
    ]);
  });

  it('tells a block again whose listeners were not done when it died', async () => {
    const chain = newChain(120);
    const first = await follow(chain);
    first.follower.onBlock(() => new Promise(() => {}));
    chain.mine();
    void first.follower.sync();
    await new Promise((done) => setImmediate(done));
    started.length = 0;
    const second = await follow(chain, { store: first.store });
    expect(second.told).toEqual([['block', 121]]);
  });

  it('goes on where a listener fails', async () => {
    const chain = newChain(120);
    const errors: string[] = [];
    const log: Logger = {
      ...silentLogger,
      error: (text) => void errors.push(text),
      child: () => log,
    };
    const { follower, told } = await follow(chain, { log });
    follower.onBlock(() => {
      throw new Error('a bug');
    });
    const after: number[] = [];
    follower.onBlock((block) => void after.push(block.height));
    chain.mine(2);
    await follower.sync();
    expect(after).toEqual([121, 122]);
    expect(told.slice(-2)).toEqual([
      ['block', 121],
      ['block', 122],
    ]);
    expect(errors).toHaveLength(2);
  });

  it('tells a block again that one missed who must not, and counts it only then', async () => {
    const chain = newChain(120);
    const { follower, told, store } = await follow(chain, { pollMs: 1000 });
    let faults = 1;
    const leave = follower.onBlock(() => {
      if (faults-- > 0) throw new Error('the disk cannot be read');
    }, true);
    chain.mine(2);
    await follower.sync();
    expect(follower.height).toBe(120);
    expect(await store.select('blocks', { order: 'height', from: 121 })).toEqual([]);
    await follower.sync();
    expect(follower.height).toBe(122);
    expect(told.slice(-3)).toEqual([
      ['block', 121],
      ['block', 121],
      ['block', 122],
    ]);
    leave();
  });

  it('waits for a source that is away, says so once, and catches up', async () => {
    const chain = newChain(120);
    const lines: string[] = [];
    const note = (text: string) => void lines.push(text);
    const log: Logger = { ...silentLogger, warn: note, info: note, child: () => log };
    const { follower, port } = await follow(chain, { log, pollMs: 1000 });
    lines.length = 0;
    port.fault = 'bitcoind is starting';
    chain.mine(3);
    for (let i = 0; i < 10; i++) await follower.sync();
    expect(follower.height).toBe(120);
    expect(lines).toEqual(['waiting for bitcoind is starting']);
    port.fault = undefined;
    await follower.sync();
    expect(follower.height).toBe(123);
    expect(lines).toContain('the chain answers again');
  });

  it('says once that answers take long, and that it is over when they are quick again', async () => {
    const chain = newChain(120);
    const lines: string[] = [];
    const note = (text: string) => void lines.push(text);
    const log: Logger = { ...silentLogger, warn: note, info: note, child: () => log };
    const { follower, port } = await follow(chain, { log, pollMs: 1e9 });
    lines.length = 0;
    const tip = port.tip.bind(port);
    let answer = () => {};
    port.tip = () => new Promise((go) => (answer = () => go(tip())));
    chain.mine();
    for (let i = 0; i < 3; i++) {
      const synced = follower.sync();
      clock.advance(10_000);
      expect(follower.waitingFor).toMatch(/bitcoind, which takes its time/);
      answer();
      await synced;
    }
    expect(follower.height).toBe(121);
    expect(lines).toEqual(['waiting for bitcoind, which takes its time to answer']);
    port.tip = tip;
    await follower.sync();
    expect(follower.waitingFor).toBe('');
    expect(lines.at(-1)).toBe('the chain answers again');
  });

  it('tells who asked when a source that was away is back', async () => {
    const { follower, port } = await follow(newChain(120));
    let back = 0;
    follower.onBack(() => void back++);
    await follower.sync();
    expect(back).toBe(0);
    port.fault = 'bitcoind is stopped';
    await follower.sync();
    port.fault = undefined;
    await follower.sync();
    await follower.sync();
    expect(back).toBe(1);
  });

  it('takes no block back because the source reads its blocks anew', async () => {
    const chain = newChain(120);
    const { follower, port, told } = await follow(chain);
    told.length = 0;
    const tip = port.tip.bind(port);
    port.tip = async () => {
      const block = chain.ledger.at(7);
      return { height: 7, hash: block?.hash as Uint8Array, syncing: { headers: 7 } };
    };
    await follower.sync();
    expect(follower).toMatchObject({ height: 120, synced: false, isCurrent: false });
    expect(follower.waitingFor).toMatch(/height 120 again: it reads its blocks anew/);
    port.tip = tip;
    await follower.sync();
    expect(follower).toMatchObject({ height: 120, synced: true, isCurrent: true });
    expect(told).toEqual([]);
  });

  it('follows blocks where feerates do not come', async () => {
    const chain = newChain(120);
    const { follower, port } = await follow(chain);
    port.feeEstimates = () => Promise.reject(new ChainAway('estimates'));
    clock.advance(31_000);
    chain.mine();
    await follower.sync();
    expect(follower.height).toBe(121);
    port.feeEstimates = () => new Promise(() => {});
    chain.mine();
    const synced = follower.sync();
    await new Promise((go) => setImmediate(go));
    clock.advance(2_000);
    await synced;
    expect(follower.height).toBe(122);
  });

  it('sees the present only where it follows a source that answers', async () => {
    const chain = newChain(120);
    const { follower, port } = await follow(chain);
    expect(follower.whenCurrent()).toBe(true);
    const { block } = port;
    port.block = () => Promise.reject(new ChainAway('block 121, which bitcoind has pruned'));
    chain.mine(3);
    await follower.sync();
    const [early, late] = [follower.whenCurrent(), follower.whenCurrent()];
    clock.advance(60_000);
    expect(await early).toBe(false);
    expect(await late).toBe(false);
    const again = follower.whenCurrent();
    port.block = block.bind(port);
    await follower.sync();
    expect(await again).toBe(true);
    // For some time away, it may be taken for what it was.
    port.fault = 'bitcoind is stopped';
    await follower.sync();
    expect(follower.isCurrent).toBe(true);
    clock.advance(3_600_000);
    expect(follower.isCurrent).toBe(false);
    const unanswered = follower.whenCurrent();
    await follower.stop();
    expect(await unanswered).toBeUndefined();
  });

  it('polls by its clock', async () => {
    const chain = newChain(120);
    const { follower } = await follow(chain, { pollMs: 1000 });
    chain.mine();
    clock.advance(999);
    await follower.stop();
    expect(follower.height).toBe(120);
    await follower.start();
    await follower.sync();
    chain.mine();
    clock.advance(1000);
    await new Promise((done) => setImmediate(done));
    await new Promise((done) => setImmediate(done));
    expect(follower.height).toBe(122);
  });
});

describe('being stopped', () => {
  it('between two looks at the chain leaves no refusal that nobody hears', async () => {
    const chain = newChain(20);
    const { follower, port } = await follow(chain);
    const tip = port.tip.bind(port);
    let answer = () => {};
    port.tip = async () => {
      const found = await tip();
      await new Promise<void>((go) => {
        answer = go;
      });
      return found;
    };
    chain.mine();
    const unheard: unknown[] = [];
    const hear = (error: unknown) => unheard.push(error);
    process.on('unhandledRejection', hear);
    void follower.sync();
    await new Promise((go) => setImmediate(go));
    const stopped = follower.stop();
    port.block = () => Promise.reject(new ChainAway('gone'));
    answer();
    await stopped;
    await new Promise((go) => setImmediate(go));
    process.off('unhandledRejection', hear);
    expect(unheard).toEqual([]);
  });
});

describe('finding outputs by short channel id', () => {
  it('finds what is unspent, and nothing else', async () => {
    const chain = newChain(120);
    const { follower } = await follow(chain);
    const paid = chain.send(chain.faucet.newScript(), sat(50_000));
    chain.mine();
    const { height, txs } = chain.ledger.tip;
    const index = txs.findIndex((t) => t.key === paid.key);
    const vout = paid.tx.outputs.findIndex((o) => o.amount === 50_000n);
    expect(await follower.utxoByScid(height, index, vout)).toMatchObject({
      txid: paid.txid,
      vout,
      amount: 50_000n,
      confirmations: 1,
    });
    expect(await follower.utxoByScid(height, 99, 0)).toBeUndefined();
    expect(await follower.utxoByScid(height, index, 99)).toBeUndefined();
    expect(await follower.utxoByScid(height + 1, 0, 0)).toBeUndefined();
  });

  it('asks the source for a block once, however many ask at the same time', async () => {
    const chain = newChain(120);
    const { follower, port } = await follow(chain);
    let asked = 0;
    const { block } = port;
    port.block = (hash) => {
      asked++;
      return block.call(port, hash);
    };
    await Promise.all(Array.from({ length: 50 }, () => follower.utxoByScid(60, 0, 0)));
    expect(asked).toBe(1);
    await Promise.all(Array.from({ length: 50 }, (_, i) => follower.utxoByScid(i + 1, 0, 0)));
    expect(asked).toBe(51);
  });
});

describe('feerates', () => {
  it('uses a fallback where the source knows none', async () => {
    const { follower } = await follow(newChain(10));
    expect(follower.estimates).toEqual({ minimum: 253, targets: [] });
    expect(follower.feerateFor(6)).toBe(1250);
    expect(follower.fees()).toMatchObject({ anchorCommitment: 1250, minimum: 253 });
  });

  it('uses what the source estimates', async () => {
    const chain = newChain(10);
    chain.feerate = 40_000;
    const { follower } = await follow(chain);
    expect(follower.feerateFor(6)).toBe(10_000);
    const fees = follower.fees();
    expect(fees).toMatchObject({ commitment: 10_000, mutualClose: 10_000, maximum: 100_000 });
    expect(fees.anchorCommitment).toBe(2_500);
  });

  it('uses what it is forced to', async () => {
    const { follower } = await follow(newChain(10), { forceFeerate: 5000 });
    expect(follower.feerateFor(2)).toBe(5000);
    expect(follower.fees()).toMatchObject({ commitment: 5000, anchorCommitment: 5000 });
  });
});
