import { beforeEach, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes/index.js';
import { Broadcasts, type FollowedBlock } from '../../../src/node/chain/index.js';
import { type BroadcastResult, ChainAway, silentLogger } from '../../../src/ports/index.js';
import { ManualClock } from '../../support/wallet-kit.js';

const [one, two, parent] = [1, 2, 3].map((n) => Uint8Array.of(n)) as [Bytes, Bytes, Bytes];
const block = { height: 7, txs: [] } as unknown as FollowedBlock;
const turn = () => new Promise((go) => setImmediate(go));

/** What came to the source; it hears nothing while it is away, and may take its time. */
let source: { heard: number[][]; fault: string; silent: boolean };
let clock: ManualClock;
let broadcasts: Broadcasts;
beforeEach(() => {
  source = { heard: [], fault: '', silent: false };
  clock = new ManualClock();
  const hand = async (txs: readonly Bytes[]): Promise<BroadcastResult> => {
    if (source.silent) await new Promise(() => {});
    if (source.fault !== '') throw new ChainAway(source.fault);
    source.heard.push(txs.map((tx) => tx[0] as number));
    return { kind: 'accepted' };
  };
  const chain = { broadcast: (tx: Bytes) => hand([tx]), broadcastPackage: hand };
  broadcasts = new Broadcasts({}, { chain, clock, log: silentLogger });
});

async function pass(seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    clock.advance(1000);
    await turn();
  }
}

it('what the source does not hear is said again until it does, in order', async () => {
  source.fault = 'bitcoind is starting';
  await expect(broadcasts.broadcast(one)).rejects.toBeInstanceOf(ChainAway);
  await expect(broadcasts.broadcastPackage([parent, two])).rejects.toBeInstanceOf(ChainAway);
  await pass(20);
  source.fault = '';
  await pass(31);
  expect(source.heard).toEqual([[1], [3, 2]]);
  await pass(5);
  expect(source.heard).toHaveLength(2);
});

it('after the source was away all of it is said again: its mempool may be lost', async () => {
  expect(await broadcasts.broadcast(one)).toEqual({ kind: 'accepted' });
  broadcasts.again();
  await turn();
  expect(source.heard).toEqual([[1], [1]]);
});

it('with a block the services say what still waits, and nothing else is said', async () => {
  await broadcasts.broadcast(one);
  broadcasts.connectBlock({ ...block, more: true });
  broadcasts.again();
  await turn();
  expect(source.heard).toHaveLength(2);
  broadcasts.connectBlock(block);
  broadcasts.again();
  await turn();
  expect(source.heard).toHaveLength(2);
});

it('once a minute it is said again, for a mempool may have lost it unseen', async () => {
  await broadcasts.broadcast(one);
  await pass(59);
  expect(source.heard).toHaveLength(1);
  await pass(2);
  expect(source.heard).toEqual([[1], [1]]);
  await pass(60);
  expect(source.heard).toHaveLength(3);
  broadcasts.connectBlock(block);
  await pass(120);
  expect(source.heard).toHaveLength(3);
});

it('nobody waits long for a source that takes its time', async () => {
  source.silent = true;
  const answer = expect(broadcasts.broadcast(one)).rejects.toThrow(/takes its time/);
  clock.advance(10_000);
  await answer;
});

it('nothing is said after a stop', async () => {
  source.fault = 'bitcoind is stopped';
  await expect(broadcasts.broadcast(one)).rejects.toBeInstanceOf(ChainAway);
  broadcasts.stop();
  source.fault = '';
  await pass(60);
  expect(source.heard).toEqual([]);
});
