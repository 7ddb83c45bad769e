/**
 * The search of the specification, by trying every way: no heap, no pruning, exact integers where
 * the protocol has integers. Only for graphs of a few nodes.
 */

import { scidToString } from '../../../src/core/bytes/index.js';
import type { RouteRequest } from '../../../src/core/routing/index.js';

export interface PlainChannel {
  readonly scid: bigint;
  readonly from: string;
  readonly to: string;
  readonly direction: 0 | 1;
  readonly capacity: bigint;
  readonly enabled: boolean;
  readonly base: bigint;
  readonly ppm: bigint;
  readonly delta: number;
  readonly minimum: bigint;
  readonly maximum: bigint;
  /** Known bounds, for the chance. */
  readonly lower: bigint;
  readonly upper: bigint;
  readonly unusable: boolean;
  /** By which the fee is over- or underrated. */
  readonly factor: number;
}

export interface PlainCost {
  readonly base: number;
  readonly millionths: number;
  readonly onesided: number;
}

export interface PlainRoute {
  readonly cost: number;
  readonly hops: readonly {
    readonly id: string;
    readonly amount: bigint;
    readonly delay: number;
  }[];
  readonly name: string;
}

const cdf = (x: number, onesided: number): number =>
  (1 - onesided) * x + onesided * 0.5 * ((2 * x - 1) ** 9 + 1);

function chance(c: PlainChannel, amount: bigint, onesided: number): number {
  if (amount <= c.lower) return 1;
  const at = (x: bigint) => cdf(Number(x) / Number(c.capacity), onesided);
  return Math.max(1e-6, (at(c.upper) - at(amount)) / (at(c.upper) - at(c.lower)));
}

const significant = (value: bigint): number => {
  let bytes = 0;
  for (let left = value; left > 0n; left >>= 8n) bytes++;
  return bytes;
};

export function cheapest(
  channels: readonly PlainChannel[],
  request: RouteRequest & { readonly maxHops: number; readonly maxDelay: number },
  cost: PlainCost,
  payloadBytes = 1300,
): PlainRoute | undefined {
  let best: PlainRoute | undefined;
  const weight = cost.base + (cost.millionths * Number(request.amountMsat)) / 1e6;
  const walk = (
    node: string,
    amount: bigint,
    delay: number,
    paid: number,
    bytes: number,
    hops: PlainRoute['hops'],
    names: readonly string[],
    visited: readonly string[],
  ): void => {
    if (node === request.source) {
      if (best === undefined || paid < best.cost)
        best = { cost: paid, hops, name: names.join(' ') };
      return;
    }
    if (hops.length === request.maxHops) return;
    for (const c of channels) {
      if (c.to !== node || visited.includes(c.from)) continue;
      if (!c.enabled || c.unusable) continue;
      if (amount < c.minimum || amount > c.maximum || amount > c.capacity || amount > c.upper)
        continue;
      const penalty = -weight * Math.log(chance(c, amount, cost.onesided));
      const first = c.from === request.source;
      const fee = first ? 0n : c.base + (amount * c.ppm) / 1_000_000n;
      const delta = first ? 0 : c.delta;
      const risk = (Number(amount + fee) * delta * request.riskFactor) / 5_259_600;
      const size = first
        ? 0
        : 47 + significant(amount) + significant(BigInt((request.height ?? 0) + delay));
      if (delay + delta > request.maxDelay || bytes + size > payloadBytes) continue;
      walk(
        c.from,
        amount + fee,
        delay + delta,
        paid + Number(fee) * c.factor + risk + penalty,
        bytes + size,
        [{ id: node, amount, delay }, ...hops],
        [`${scidToString(c.scid as never)}/${c.direction}`, ...names],
        [...visited, c.from],
      );
    }
  };
  walk(
    request.destination,
    request.amountMsat,
    request.finalCltv ?? 9,
    0,
    0,
    [],
    [],
    [request.destination],
  );
  return best;
}
