/** The operator is told before it matters that coins for fees are missing. */
import { expect, it } from 'vitest';
import { msat, type Sat, sat } from '../../../src/core/bytes/index.js';
import type { LiveChannel } from '../../../src/node/channels/index.js';
import { FeeReserve } from '../../../src/node/main/fee-reserve.js';
import { silentLogger } from '../../../src/ports/index.js';

const open = {
  status: 'CHANNELD_NORMAL',
  type: { anchors: true },
  toLocalMsat: msat(500_000_000n),
  feeratePerKw: 2_500,
  htlcs: [],
} as unknown as LiveChannel;

class Operator {
  channels: LiveChannel[] = [open];
  coins: Sat[] = [];
  feerate = 253;
  readonly log: string[] = [];
  readonly reserve = new FeeReserve(
    {},
    {
      channels: { list: () => this.channels },
      chain: { feerateFor: () => this.feerate },
      coins: () => this.coins,
      log: {
        ...silentLogger,
        warn: (text) => void this.log.push(`warn ${text}`),
        info: (text) => void this.log.push(`info ${text}`),
      },
    },
  );

  blocks(count = 3): string[] {
    for (let i = 0; i < count; i++) this.reserve.connectBlock({});
    return this.log.splice(0);
  }
}

it('the log warns once, and says once that it is over', () => {
  const operator = new Operator();
  expect(operator.blocks()).toEqual([expect.stringMatching(/^warn Confirmed coins of 0 sat/)]);
  expect(operator.reserve.warning()).toMatch(/send coins to the wallet/);
  operator.coins = [sat(25_000)];
  expect(operator.reserve.warning()).toBeUndefined();
  expect(operator.blocks()).toEqual(['info the coins for fees suffice again']);
});

it('what just suffices is not told to suffice before it does by a quarter', () => {
  const operator = new Operator();
  operator.blocks();
  const needed = Number(/may take (\d+) sat/.exec(operator.reserve.warning() ?? '')?.[1]);
  operator.coins = [sat(needed)];
  expect(operator.reserve.warning()).toBeUndefined();
  expect(operator.blocks()).toEqual([]);
  operator.coins = [sat(needed - 1)];
  expect(operator.blocks()).toEqual([]);
});

it('fees that rise may make too little of enough', () => {
  const operator = new Operator();
  operator.coins = [sat(25_000)];
  expect(operator.blocks()).toEqual([]);
  operator.feerate = 10_000;
  expect(operator.blocks()).toHaveLength(1);
});

it('nothing is said where no channel of ours needs coins, nor amid blocks', () => {
  const operator = new Operator();
  operator.reserve.connectBlock({ more: true });
  expect(operator.log).toEqual([]);
  for (const other of [
    { ...open, type: { anchors: false } },
    { ...open, status: 'AWAITING_UNILATERAL' },
    { ...open, status: 'ONCHAIN' },
    { ...open, toLocalMsat: msat(0n) },
    { ...open, behind: true },
  ]) {
    operator.channels = [other as unknown as LiveChannel];
    expect(operator.blocks()).toEqual([]);
  }
});
