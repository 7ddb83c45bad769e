/** Graphs of a few nodes, for property tests of what is found in them. */
import fc from 'fast-check';
import { type NodeId, shortChannelId, toHex } from '../../src/core/bytes/index.js';
import type { RouteTable } from '../../src/core/routing/index.js';

export const NOW = 1_700_000_000;

/** Nodes are numbers; a lesser one has the lesser id. */
export const idBytes = (n: number): Uint8Array => {
  const id = new Uint8Array(33).fill(n + 1);
  id[0] = 2;
  return id;
};
export const id = (n: number): NodeId => toHex(idBytes(n)) as NodeId;
export const scidOf = (i: number) => shortChannelId(500 + i, 1, 0);

/** The ends of a channel, for `fc.record`; channels from a node to itself are left out. */
export const ends = (nodes: number) => ({
  a: fc.integer({ min: 0, max: nodes - 1 }),
  b: fc.integer({ min: 0, max: nodes - 1 }),
});

/** A channel with the same terms in both directions. */
export interface MadeChannel {
  readonly a: number;
  readonly b: number;
  readonly capacity: number;
  readonly base: number;
  readonly ppm: number;
  readonly delta?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Adds channel number `i`; answers its number in the table and its nodes, from direction 0's view. */
export function addChannel(
  table: RouteTable,
  i: number,
  { a, b, capacity, base, ppm, delta, minimum, maximum }: MadeChannel,
): { readonly c: number; readonly nodes: readonly [number, number] } {
  const nodes: [number, number] = a < b ? [a, b] : [b, a];
  const [node1, node2] = [idBytes(nodes[0]), idBytes(nodes[1])];
  const c = table.addChannel({ scid: scidOf(i), node1, node2, capacityMsat: capacity });
  const policy = {
    enabled: true,
    cltvDelta: delta ?? 6,
    htlcMinimumMsat: minimum ?? 1,
    htlcMaximumMsat: Math.min(maximum ?? capacity, capacity),
    feeBaseMsat: base,
    feeProportionalMillionths: ppm,
    timestamp: NOW,
  };
  for (const direction of [0, 1] as const) table.setPolicy(c, direction, policy, NOW);
  return { c, nodes };
}
