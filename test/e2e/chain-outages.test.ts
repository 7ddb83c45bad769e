/**
 * bitcoind stopped and started, answering slowly, wrongly or not at all, and pruned, while channels
 * end and payments run: nothing is lost, and the log says once what it waits for.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBitcoind, type TestBitcoind } from '../support/bitcoind.js';
import { ChainProxy, type Trouble } from '../support/chain-proxy.js';
import { type Daemon, LightningNetwork, pause, until } from '../support/daemon.js';

const CAPACITY = 1_000_000;
const AMOUNT = 50_000;
const DELAY = 22;
/** More than the end of a channel costs, satoshi. */
const FEES = 30_000;
const WALLET = ['-addresstype=bech32'];
const ARGS = ['--cltv-final=12', '--watchtime-blocks=6', '--bitcoin-rpcclienttimeout=2'];

let bitcoind: TestBitcoind;
let proxy: ChainProxy;
let lightning: LightningNetwork;
let alice: Daemon;
let bob: Daemon;
let labels = 0;

afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(lightning?.tails(80));
});

const logOf = (node: Daemon): string[] => readFileSync(join(node.dir, 'log'), 'utf8').split('\n');

/** How often the log says that. */
const said = (node: Daemon, text: RegExp): number =>
  logOf(node).filter((line) => text.test(line)).length;

const warning = async (node: Daemon): Promise<string | undefined> =>
  (await node.call('getinfo')).warning_bitcoind_sync;

const warned = (node: Daemon) => until(`the warning of ${node.name}`, () => warning(node));
const quiet = (node: Daemon) =>
  until(`${node.name} to be at rest`, async () => !(await warning(node)));

/** Half of what an invoice of the payee asks for: it is held for a minute. */
async function half(payer: Daemon, payee: Daemon, scid: string): Promise<string> {
  const label = `held ${labels++}`;
  const asked = { amount_msat: 2000 * AMOUNT, label, description: label };
  const { payment_hash, payment_secret } = await payee.call('invoice', asked);
  const route = [{ id: payee.id, channel: scid, amount_msat: 1000 * AMOUNT, delay: DELAY }];
  const whole = { partid: 1, groupid: 1, amount_msat: 2000 * AMOUNT };
  await payer.call('sendpay', { route, payment_hash, payment_secret, ...whole });
  await until('the HTLC at the payee', async () => {
    const { htlcs } = await payee.call('listhtlcs', { id: scid });
    return htlcs.some(
      (h: { payment_hash: string; state: string }) =>
        h.payment_hash === payment_hash && h.state.endsWith('ADD_ACK_REVOCATION'),
    );
  });
  return payment_hash;
}

async function pay(payer: Daemon, payee: Daemon): Promise<void> {
  const label = `paid ${labels++}`;
  const asked = { amount_msat: 1000, label, description: label };
  const { bolt11 } = await payee.call('invoice', asked);
  await payer.call('pay', { bolt11 });
}

const mempool = (): Promise<string[]> => bitcoind.rpc('getrawmempool');
const mempoolHas = (count: number) =>
  until(`${count} in the mempool`, async () => (await mempool()).length >= count);

const statusOf = async (payment_hash: string): Promise<string> =>
  (await alice.call('listsendpays', { payment_hash })).payments[0].status;

/** In the wallet and in channels that are open, satoshi. */
async function worth(node: Daemon): Promise<number> {
  const { outputs, channels } = await node.call('listfunds');
  let sum = 0;
  for (const o of outputs) if (o.status !== 'spent') sum += o.amount_msat / 1000;
  for (const c of channels)
    if (c.state === 'CHANNELD_NORMAL') sum += Math.floor(c.our_amount_msat / 1000);
  return sum;
}

/** Mines until all that was in the channel is in the wallets, less fees. */
async function toTheEnd(before: readonly number[]): Promise<void> {
  const due = async (): Promise<boolean> => {
    const now = [await worth(alice), await worth(bob)];
    return now.every((sat, i) => sat > (before[i] as number) - FEES);
  };
  await until(
    'the books to be right',
    async () => {
      await lightning.mine(3);
      await pause(200);
      return due();
    },
    60_000,
  );
}

/** What a daemon says while bitcoind does that, once. */
const TROUBLES: readonly (readonly [RegExp, Trouble])[] = [
  [
    /waiting for bitcoind, which is starting: Loading/,
    { error: { code: -28, message: 'Loading…' } },
  ],
  [/waiting for bitcoind .*HTTP 503/, { status: 503 }],
  [/waiting for bitcoind .*refuses our user and password/, { status: 401 }],
  [/waiting for bitcoind .*no answer to getblockchaininfo in 2 s/, { hang: true }],
];

describe('while payments run and channels end, a bitcoind', () => {
  /** Alice's channels with bob; the last one stays open. */
  const scids: string[] = [];

  beforeAll(async () => {
    bitcoind = await startBitcoind({ args: WALLET, blocks: 110 });
    proxy = await ChainProxy.start(bitcoind);
    lightning = await LightningNetwork.start(proxy.chain);
    [alice, bob] = (await Promise.all(
      ['alice', 'bob'].map((name) => lightning.node(name, { args: ARGS })),
    )) as [Daemon, Daemon];
    for (const node of [alice, alice, bob]) await lightning.fund(node, 3_000_000);
    for (let i = 0; i < 3; i++)
      scids.push(await lightning.channel(alice, bob, CAPACITY, { pushMsat: CAPACITY * 400 }));
  }, 120_000);
  afterAll(() => lightning?.stop(), 30_000);

  it('is stopped and started: all is said again that its mempool lost', async () => {
    const ending = scids[0] as string;
    const before = [await worth(alice), await worth(bob)];
    const hash = await half(alice, bob, ending);
    await half(bob, alice, ending);

    // What waits is forgotten by a bitcoind that ends; payments go on.
    const outage = async (): Promise<void> => {
      await mempoolHas(1);
      const waiting = (await mempool()).length;
      await bitcoind.halt();
      for (const node of [alice, bob])
        expect(await warned(node)).toMatch(/Waiting for bitcoind at/);
      for (let i = 0; i < 3; i++) {
        await pay(alice, bob);
        await pay(bob, alice);
      }
      await bitcoind.resume(['-persistmempool=0']);
      for (const node of [alice, bob]) await quiet(node);
      // Of two commitments it may be the other one.
      await mempoolHas(waiting);
    };
    // The commitment, and then the claims of HTLCs that have timed out.
    await alice.call('close', { id: ending, unilateraltimeout: 1 });
    await outage();
    await lightning.mine(DELAY - 2);
    await until('a claim', async () => {
      if ((await mempool()).length > 0) return true;
      await lightning.mine(1);
      await pause(300);
      return false;
    });
    await outage();
    await toTheEnd(before);

    expect(await statusOf(hash)).toBe('failed');
    for (const node of [alice, bob]) expect(said(node, /the chain answers again/)).toBe(2);
  }, 90_000);

  it('answers slowly, with errors, or not at all: the log says so once', async () => {
    const ending = scids[1] as string;
    const before = [await worth(alice), await worth(bob)];
    const backs = said(alice, /the chain answers again/);
    for (const [text, trouble] of TROUBLES) {
      // A bitcoind that starts has said some of it in earnest.
      const known = said(alice, text);
      proxy.trouble = () => trouble;
      for (const node of [alice, bob]) await warned(node);
      await until('the log', () => said(alice, text) > known);
      await bitcoind.mine(1);
      await pay(alice, bob);
      proxy.trouble = () => undefined;
      for (const node of [alice, bob]) await quiet(node);
      await lightning.synced();
      expect(said(alice, text)).toBe(known + 1);
    }
    expect(said(alice, /the chain answers again/)).toBe(backs + TROUBLES.length);

    // Each answer takes its time, and what is broadcast is never answered.
    const hash = await half(alice, bob, ending);
    proxy.trouble = (method) =>
      /^(sendraw|submit)/.test(method) ? { hang: true } : { delayMs: 200 };
    await alice.call('close', { id: ending, unilateraltimeout: 1 });
    await lightning.mine(2);
    expect(await mempool()).toEqual([]);
    // It is said again without a block.
    proxy.trouble = () => ({ delayMs: 200 });
    await mempoolHas(1);
    proxy.trouble = () => ({ delayMs: 20 });
    await lightning.mine(DELAY);
    await toTheEnd(before);
    expect(await statusOf(hash)).toBe('failed');
  }, 90_000);

  it('says nothing: a daemon can be stopped all the same', async () => {
    proxy.trouble = () => undefined;
    await alice.restart(['--bitcoin-rpcclienttimeout=60']);
    proxy.trouble = () => ({ hang: true });
    await pause(700);
    const since = Date.now();
    await alice.down();
    expect(Date.now() - since).toBeLessThan(6_000);
    // At its start, too.
    const started = alice.up().catch(() => {});
    await until('the process', () => alice.running);
    await pause(1_500);
    await alice.down();
    await started;
  }, 60_000);
});

describe('a pruned bitcoind', () => {
  let pruned: TestBitcoind;
  afterAll(async () => {
    await lightning?.stop();
    await pruned?.stop();
  }, 30_000);

  it('lacks blocks that a node has not seen: it says what to do, waits, and claims', async () => {
    bitcoind = await startBitcoind({ args: WALLET, blocks: 190 });
    pruned = await startBitcoind({ args: [...WALLET, '-prune=1', '-fastprune'], blocks: 0 });
    const meet = () => bitcoind.rpc('addnode', pruned.p2p, 'onetry');
    const same = () =>
      until('the same tip', async () => {
        const tips = [bitcoind, pruned].map((c) => c.rpc('getbestblockhash'));
        return (await tips[0]) === (await tips[1]);
      });
    await meet();
    await same();
    lightning = await LightningNetwork.start(bitcoind);
    alice = await lightning.node('alice', { args: ARGS, chain: pruned });
    bob = await lightning.node('bob', { args: ARGS });
    await lightning.fund(alice, 3_000_000);
    await lightning.fund(bob, 1_000_000);
    const scid = await lightning.channel(alice, bob, CAPACITY, { pushMsat: CAPACITY * 400 });
    const before = await worth(alice);
    const hash = await half(alice, bob, scid);

    // Alice is away when his close comes into a block, and until that is pruned.
    await bob.call('close', { id: scid, unilateraltimeout: 1 });
    await mempoolHas(1);
    const seen = (await alice.call('getinfo')).blockheight;
    await alice.down();
    // It keeps the last 288, and throws the others away by whole files.
    await bitcoind.mine(270);
    await until('his close to be pruned', async () => {
      await bitcoind.mine(30);
      const tip = await bitcoind.rpc('getblockcount');
      await same();
      return (await pruned.rpc('pruneblockchain', tip - 288)) > seen + 1;
    });
    await pruned.rpc('setnetworkactive', false);
    await alice.up();
    expect(await warned(alice)).toMatch(
      /Waiting for block \d+, [0-9a-f]+, which bitcoind has pruned; none of its peers has it/,
    );
    await expect(
      alice.call('fundchannel', { id: bob.id, amount: CAPACITY / 2 }),
    ).rejects.toMatchObject({ code: 304 });
    await pause(2_000);
    expect(said(alice, /waiting for block .*connect it to a node with all blocks/)).toBe(1);

    // What the log asks for.
    await pruned.rpc('setnetworkactive', true);
    await meet();
    await lightning.synced();
    await quiet(alice);
    // His own claim may be there long before hers.
    await until("alice's due, for good", async () => {
      if ((await worth(alice)) > before - FEES && (await statusOf(hash)) === 'failed') return true;
      await lightning.mine();
      return false;
    });
  }, 180_000);
});
