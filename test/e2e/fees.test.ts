/**
 * On a real bitcoind: commitments wait in its mempool while fees rise tenfold, and while so much
 * that pays better comes that the mempool throws them out. They confirm before their HTLCs expire.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startBitcoind, type TestBitcoind } from '../support/bitcoind.js';
import { ChainProxy } from '../support/chain-proxy.js';
import { type Daemon, LightningNetwork, until } from '../support/daemon.js';
import { fillMempool, mineDear } from '../support/fee-market.js';

const AMOUNT = 50_000;
const DELAY = 30;
const ARGS = ['--cltv-final=24', '--watchtime-blocks=6'];
/** Satoshi per virtual byte. */
const CALM = 2;
const DEAR = 10 * CALM;

let bitcoind: TestBitcoind;
let proxy: ChainProxy;
let lightning: LightningNetwork;
/** The first of each pair pays, or tries to: what it sends is held by the other one. */
let pairs: [Daemon, Daemon][];

beforeAll(async () => {
  bitcoind = await startBitcoind({
    args: ['-addresstype=bech32', '-maxmempool=5'],
    blocks: 110,
  });
  proxy = await ChainProxy.start(bitcoind);
  estimate(CALM);
  lightning = await LightningNetwork.start(proxy.chain);
  const [alice, bob, carol, dave] = (await Promise.all(
    ['alice', 'bob', 'carol', 'dave'].map((name) => lightning.node(name, { args: ARGS })),
  )) as [Daemon, Daemon, Daemon, Daemon];
  pairs = [
    [alice, bob],
    [carol, dave],
  ];
  for (const node of [alice, carol, dave]) await lightning.fund(node, 3_000_000);
  for (const [payer, payee] of pairs)
    await lightning.channel(payer, payee, 1_000_000, { pushMsat: 400_000_000 });
}, 180_000);
afterAll(() => lightning?.stop(), 30_000);
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(lightning?.tails(60));
});

function estimate(satPerVbyte: number): void {
  proxy.trouble = (method) =>
    method === 'estimatesmartfee'
      ? { result: { feerate: satPerVbyte / 1e5, blocks: 2 } }
      : undefined;
}

/** Half of what the payee waits for. */
async function half(payer: Daemon, payee: Daemon): Promise<string> {
  const asked = { amount_msat: 2000 * AMOUNT, label: 'held', description: 'held' };
  const { payment_hash, payment_secret } = await payee.call('invoice', asked);
  const [{ short_channel_id: channel }] = (await payer.call('listpeerchannels')).channels;
  const route = [{ id: payee.id, channel, amount_msat: 1000 * AMOUNT, delay: DELAY }];
  const whole = { partid: 1, groupid: 1, amount_msat: 2000 * AMOUNT };
  await payer.call('sendpay', { route, payment_hash, payment_secret, ...whole });
  await until('the HTLC at the payee', async () => {
    const { htlcs } = await payee.call('listhtlcs');
    return htlcs.length === 1 && htlcs[0].state.endsWith('ADD_ACK_REVOCATION');
  });
  return payment_hash;
}

it('of who pays and of who is paid, each alone: both by CPFP on their anchors', async () => {
  const [[alice, bob], [carol, dave]] = pairs as [[Daemon, Daemon], [Daemon, Daemon]];
  const hash = await half(alice, bob);
  await half(carol, dave);
  const expiry: number = (await alice.call('listhtlcs')).htlcs[0].expiry;
  // The closers are alone with it: the other sides do not help.
  await Promise.all([bob.down(), carol.down()]);
  const closers = [alice, dave];
  const closes: string[] = [];
  for (const closer of closers) {
    const [{ channel_id: id }] = (await closer.call('listpeerchannels')).channels;
    const { txids, txid } = await closer.call('close', { id, unilateraltimeout: 1 });
    closes.push(txids?.[0] ?? txid);
  }
  const mempool = (): Promise<string[]> => bitcoind.rpc('getrawmempool');
  await until('the closes in the mempool', async () => {
    const waiting = await mempool();
    return closes.every((txid) => waiting.includes(txid));
  });

  // Fees rise tenfold: no miner takes them, and the mempool forgets them.
  estimate(DEAR);
  await fillMempool(bitcoind, DEAR * 0.6);
  const waiting = await mempool();
  expect(closes.filter((txid) => waiting.includes(txid))).toEqual([]);
  for (const closer of closers)
    await until(
      'the estimates',
      async () => (await closer.call('feerates', { style: 'perkw' })).perkw.opening >= DEAR * 250,
      40_000,
    );
  const mined = new Set<string>();
  while (!closes.every((txid) => mined.has(txid))) {
    expect(await bitcoind.rpc('getblockcount')).toBeLessThan(expiry - 1);
    for (const txid of await mineDear(bitcoind, DEAR * 0.9)) mined.add(txid);
    await lightning.synced();
  }
  expect(await bitcoind.rpc('getblockcount')).toBeLessThan(expiry);

  // And what the HTLC comes back by.
  await until('the HTLC to come back', async () => {
    await mineDear(bitcoind, DEAR * 0.9);
    await lightning.synced();
    const { payments } = await alice.call('listsendpays', { payment_hash: hash });
    return payments[0].status === 'failed';
  });
}, 180_000);
