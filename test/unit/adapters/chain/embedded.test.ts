import { afterEach, describe, expect, it } from 'vitest';
import {
  type ChainServer,
  EmbeddedChain,
  EmbeddedChainPort,
  startEmbeddedChainServer,
} from '../../../../src/adapters/chain/embedded/index.js';
import {
  encodeTx,
  type Transaction,
  type TxOutput,
  txid,
} from '../../../../src/core/bitcoin/index.js';
import { type Bytes, fromHex, reversed, sat, toHex } from '../../../../src/core/bytes/index.js';
import {
  type Coin,
  draft,
  key,
  minus,
  p2wpkhScript,
  signP2wpkh,
} from '../../../contract/chain-txs.js';
import { callRpc } from '../../../support/bitcoind.js';
import { ManualClock } from '../../../support/wallet-kit.js';

const alice = key('alice');
const clock = new ManualClock();
const newChain = (seed = 'one'): EmbeddedChain => {
  const chain = new EmbeddedChain({ seed }, { clock });
  chain.mine(110);
  return chain;
};

function coin(chain: EmbeddedChain, amount = 100_000n): Coin {
  const paid = chain.send(p2wpkhScript(alice), sat(amount));
  chain.mine();
  const vout = paid.tx.outputs.findIndex((o) => o.amount === amount);
  return { txid: paid.txid, vout, output: paid.tx.outputs[vout] as TxOutput };
}

const spend = (c: Coin, fee: number): Transaction =>
  signP2wpkh(draft([c], { outputs: [minus(c, fee, p2wpkhScript(alice))] }), 0, c, alice);

const outOf = (tx: Transaction): Coin => ({
  txid: txid(tx),
  vout: 0,
  output: tx.outputs[0] as TxOutput,
});

describe('the embedded chain', () => {
  it('begins with the genesis block of regtest', () => {
    const chain = new EmbeddedChain({}, { clock });
    expect(toHex(reversed(chain.ledger.tip.hash))).toBe(
      '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
    );
  });

  it('makes the same blocks from the same seed, and others from another', () => {
    const tips = ['a', 'a', 'b'].map((seed) => toHex(newChain(seed).ledger.tip.hash));
    expect(tips[0]).toBe(tips[1]);
    expect(tips[2]).not.toBe(tips[0]);
  });

  it('halves the reward every 150 blocks, and pays the fees', () => {
    const chain = newChain();
    chain.mine(40);
    const reward = () => chain.ledger.tip.txs[0]?.tx.outputs[0]?.amount;
    expect(chain.ledger.height).toBe(150);
    expect(reward()).toBe(2_500_000_000n);
    const c = coin(chain);
    expect(chain.submit(encodeTx(spend(c, 777)))).toBeUndefined();
    chain.mine();
    expect(reward()).toBe(2_500_000_777n);
  });

  it('lets a child pay for its parent in a mempool that is full', async () => {
    const chain = newChain();
    const parent = spend(coin(chain), 150);
    const child = spend(outOf(parent), 20_000);
    chain.mempool.minimumFeerate = 20_000;
    const port = new EmbeddedChainPort(chain);
    expect(await port.broadcast(encodeTx(parent))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('mempool min fee not met'),
    });
    expect(await port.broadcastPackage([encodeTx(parent), encodeTx(child)])).toEqual({
      kind: 'accepted',
    });
    expect(chain.mempool.size).toBe(2);
    expect((await port.feeEstimates()).minimum).toBe(5000);
  });

  it('mines what pays best with what it needs, and lets the rest wait', () => {
    const chain = newChain();
    const [poor, parent] = [spend(coin(chain), 200), spend(coin(chain), 200)];
    const child = spend(outOf(parent), 20_000);
    for (const tx of [poor, parent, child]) expect(chain.submit(encodeTx(tx))).toBeUndefined();
    chain.mine(1, { minFeerate: 5_000 });
    const mined = chain.ledger.tip.txs.slice(1).map((t) => t.key);
    expect(mined).toEqual([parent, child].map((tx) => toHex(txid(tx))));
    expect(chain.mempool.entries().map((e) => e.key)).toEqual([toHex(txid(poor))]);
  });

  it('evicts with a replaced transaction all that was built on it', () => {
    const chain = newChain();
    const c = coin(chain);
    const first = spend(c, 500);
    const child = spend(outOf(first), 500);
    for (const tx of [first, child]) expect(chain.submit(encodeTx(tx))).toBeUndefined();
    // More than the first, less than both together.
    expect(chain.submit(encodeTx(spend(c, 900)))).toMatchObject({ reason: 'insufficient fee' });
    expect(chain.submit(encodeTx(spend(c, 1_300)))).toBeUndefined();
    expect(chain.mempool.size).toBe(1);
  });

  it('refuses chains of more than 25 that wait', () => {
    const chain = newChain();
    let tx = spend(coin(chain), 200);
    for (let i = 0; i < 25; i++) {
      expect(chain.submit(encodeTx(tx))).toBeUndefined();
      tx = spend(outOf(tx), 200);
    }
    expect(chain.submit(encodeTx(tx))).toMatchObject({ reason: 'too-long-mempool-chain' });
  });

  it('confirms in a reorg the other of two that spend the same coin', () => {
    const chain = newChain();
    const c = coin(chain);
    const [one, other] = [spend(c, 500), spend(c, 5_000)];
    expect(chain.submit(encodeTx(one))).toBeUndefined();
    const [block] = chain.mine();
    chain.invalidate(block as NonNullable<typeof block>);
    expect(chain.mempool.size).toBe(1);
    const mined = chain.mineExactly([encodeTx(other)]);
    expect('reason' in mined).toBe(false);
    expect(chain.mempool.size).toBe(0);
    expect(chain.ledger.blockOf(toHex(txid(one)))).toBeUndefined();
  });

  it('mines nothing that breaks the rules of consensus', () => {
    const chain = newChain();
    const c = coin(chain);
    const good = spend(c, 500);
    const bad = { ...good, outputs: [minus(c, 400, p2wpkhScript(alice))] };
    expect(chain.mineExactly([encodeTx(bad)])).toMatchObject({
      reason: expect.stringContaining('script-verify'),
    });
    expect(chain.mineExactly([encodeTx(good), encodeTx(spend(c, 600))])).toMatchObject({
      reason: 'bad-txns-inputs-missingorspent',
    });
    expect(chain.mineExactly([encodeTx(spend(c, 0))])).toMatchObject({ height: 112 });
  });

  it('has the same coins after blocks were taken back as before them', () => {
    const chain = newChain();
    coin(chain);
    const before = new Map(chain.ledger.coins);
    const from = chain.ledger.height;
    for (let i = 0; i < 4; i++) coin(chain);
    const first = chain.ledger.at(from + 1);
    chain.invalidate(first as NonNullable<typeof first>);
    expect(new Map([...chain.ledger.coins].sort())).toEqual(new Map([...before].sort()));
    chain.reconsider(first as NonNullable<typeof first>);
    expect(chain.ledger.height).toBe(from + 4);
  });
});

describe('the embedded chain over RPC', () => {
  let server: ChainServer | undefined;
  afterEach(() => server?.close());

  const access = { rpcuser: 'u', rpcpassword: 'p' };
  async function start() {
    server = await startEmbeddedChainServer({ port: 0, blocks: 101, ...access }, { clock });
    const at = { rpcport: server.port, ...access };
    // biome-ignore lint/suspicious/noExplicitAny: as various as the methods.
    const rpc = (method: string, ...params: unknown[]): Promise<any> => callRpc(at, method, params);
    return { at, rpc, port: server.port };
  }

  it('lets nobody in without the password', async () => {
    const { port } = await start();
    for (const authorization of [
      '',
      'Basic xyz',
      `Basic ${Buffer.from('u:q').toString('base64')}`,
    ]) {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: { authorization },
        body: '{"method":"getblockcount"}',
      });
      expect(response.status).toBe(401);
    }
  });

  it('answers malformed calls with an error and goes on', async () => {
    const { port, rpc } = await start();
    const authorization = `Basic ${Buffer.from('u:p').toString('base64')}`;
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '7',
      '{"method":7}',
      '{"method":"getblockhash"}',
      '[1,null]',
    ]) {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: { authorization },
        body,
      });
      await response.text();
    }
    for (const params of [[], [-1], ['x'], [{}], [1e9], [null]])
      await expect(rpc('getblockhash', ...params)).rejects.toThrow();
    await expect(rpc('nosuchmethod')).rejects.toMatchObject({ code: -32601 });
    expect(await rpc('getblockcount')).toBe(101);
  });

  it('tells the codes that bitcoind tells', async () => {
    const { rpc } = await start();
    await expect(rpc('getblockhash', 5000)).rejects.toMatchObject({ code: -8 });
    await expect(rpc('getblock', '00'.repeat(32))).rejects.toMatchObject({ code: -5 });
    await expect(rpc('sendrawtransaction', 'zz')).rejects.toMatchObject({ code: -22 });
    await expect(rpc('sendtoaddress', 'nowhere', 1)).rejects.toMatchObject({ code: -5 });
    await expect(rpc('sendtoaddress', await rpc('getnewaddress'), 1e6)).rejects.toMatchObject({
      code: -6,
    });
    expect(await rpc('gettxout', '00'.repeat(32), 0)).toBeNull();
  });

  it('shows a payment from every side', async () => {
    const { rpc } = await start();
    const address = await rpc('getnewaddress');
    const id = await rpc('sendtoaddress', address, '0.5');
    const [raw] = [await rpc('getrawtransaction', id)];
    expect(await rpc('testmempoolaccept', [raw])).toMatchObject([
      { txid: id, allowed: false, 'reject-reason': 'txn-already-in-mempool' },
    ]);
    const entry = await rpc('getmempoolentry', id);
    expect(Object.keys(await rpc('getrawmempool', true))).toEqual([id]);
    expect((await rpc('getmempoolinfo')).bytes).toBe(entry.vsize);
    const [hash] = await rpc('generatetoaddress', 1, address);
    const block = await rpc('getblock', hash, 2);
    const paid = block.tx[1].vout.find((o: { value: number }) => o.value === 0.5);
    expect(paid.scriptPubKey.address).toBe(address);
    expect(await rpc('gettxout', id, paid.n)).toMatchObject({ value: 0.5, confirmations: 1 });
    const header = fromHex(await rpc('getblockheader', hash, false)) as Bytes;
    expect((await rpc('getblock', hash, 0)).startsWith(toHex(header))).toBe(true);
    await rpc('invalidateblock', hash);
    expect(await rpc('getrawmempool')).toEqual([id]);
    await rpc('reconsiderblock', hash);
    expect(await rpc('getbestblockhash')).toBe(hash);
  });

  it('ends when it is told to', async () => {
    const { rpc } = await start();
    await rpc('stop');
    await server?.closed;
    await expect(rpc('getblockcount')).rejects.toThrow();
  });
});
