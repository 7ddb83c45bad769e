import { describe, expect, it } from 'vitest';
import { msat, type NodeId, shortChannelId, toHex } from '../../../src/core/bytes/index.js';
import { RouteTable } from '../../../src/core/routing/index.js';

const NOW = 1_700_000_000;
const idBytes = (n: number): Uint8Array => new Uint8Array(33).fill(n + 1).fill(2, 0, 1);
const id = (n: number): NodeId => toHex(idBytes(n)) as NodeId;

/** A channel in one direction, from the lesser node to the greater or back. */
function edge(
  table: RouteTable,
  [from, to, name]: readonly [from: number, to: number, name: number],
  { base = 0, delta = 0, minimum = 0 },
): void {
  const [node1, node2] = [Math.min(from, to), Math.max(from, to)];
  const c = table.addChannel({
    scid: shortChannelId(500 + name, 1, 0),
    node1: idBytes(node1),
    node2: idBytes(node2),
    capacityMsat: 1_000_000,
  });
  const policy = {
    enabled: true,
    cltvDelta: delta,
    htlcMinimumMsat: minimum,
    htlcMaximumMsat: 1_000_000,
    feeBaseMsat: base,
    feeProportionalMillionths: 0,
    timestamp: NOW,
  };
  table.setPolicy(c, from < to ? 0 : 1, policy, NOW);
}

describe('htlc_minimum_msat', () => {
  it('is reached by the fees of a detour, through a node that has a cheaper way on', () => {
    const table = new RouteTable();
    edge(table, [0, 2, 1], { minimum: 101_000 });
    edge(table, [2, 5, 2], {});
    edge(table, [2, 4, 3], { base: 1000 });
    edge(table, [4, 2, 4], {});
    edge(table, [4, 5, 5], { delta: 40 });
    const found = table.getroute({
      source: id(0),
      destination: id(5),
      amountMsat: msat(100_000),
      riskFactor: 10,
      penalty: { penaltyBaseMsat: 0, penaltyMillionths: 0 },
      now: NOW,
    });
    expect(found.ok && found.value.hops.map((hop) => hop.id)).toEqual([id(2), id(4), id(5)]);
    expect(found.ok && found.value.hops[0]?.amountMsat).toBe(101_000n);
  });
});
