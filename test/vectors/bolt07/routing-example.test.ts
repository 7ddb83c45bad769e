/** BOLT 7, "Routing Example": fees and expiries of three routes, less the shadow route. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hex, msat, type NodeId, shortChannelId, toHex } from '../../../src/core/bytes/index.js';
import { RouteTable } from '../../../src/core/routing/index.js';

interface Example {
  readonly amountMsat: number;
  readonly minFinalCltvExpiryDelta: number;
  readonly channels: readonly string[];
  readonly nodes: Readonly<
    Record<
      string,
      { cltvExpiryDelta: number; feeBaseMsat: number; feeProportionalMillionths: number }
    >
  >;
  readonly routes: readonly {
    readonly path: string;
    readonly hops: readonly { amountMsat: number; delay: number }[];
  }[];
}

const example = JSON.parse(
  readFileSync(new URL('routing-example.json', import.meta.url), 'utf8'),
) as Example;

const NOW = 1_700_000_000;
const nodeId = (name: string) =>
  hex(`02${name.charCodeAt(0).toString(16).padStart(2, '0').repeat(32)}`);
const idOf = (name: string) => toHex(nodeId(name)) as NodeId;

function network(): RouteTable {
  const table = new RouteTable({ fading: { halfLifeSeconds: 3600, holdSeconds: 600 } });
  for (const [i, ends] of example.channels.entries()) {
    const [one, two] = [...ends].sort() as [string, string];
    const channel = table.addChannel({
      scid: shortChannelId(100 + i, 1, 0),
      node1: nodeId(one),
      node2: nodeId(two),
      capacityMsat: 1_000_000_000,
    });
    for (const [direction, name] of [one, two].entries()) {
      const policy = example.nodes[name] as Example['nodes'][string];
      table.graph.setPolicy(2 * channel + direction, {
        enabled: true,
        cltvDelta: policy.cltvExpiryDelta,
        htlcMinimumMsat: 0,
        htlcMaximumMsat: 1_000_000_000,
        feeBaseMsat: policy.feeBaseMsat,
        feeProportionalMillionths: policy.feeProportionalMillionths,
        timestamp: NOW,
      });
    }
  }
  return table;
}

describe('BOLT 7: Routing Example', () => {
  it.each(example.routes)('$path', ({ path, hops }) => {
    const others = Object.keys(example.nodes).filter((name) => !path.includes(name));
    const found = network().getroute({
      source: idOf(path[0] as string),
      destination: idOf('C'),
      amountMsat: msat(example.amountMsat),
      riskFactor: 10,
      finalCltv: example.minFinalCltvExpiryDelta,
      exclude: others.map((name) => ({ nodeId: idOf(name) })),
      now: NOW,
    });
    if (!found.ok) throw new Error(found.error.code);
    expect(
      found.value.hops.map(({ id, amountMsat, delay }) => ({ id, amountMsat, delay })),
    ).toEqual(
      hops.map(({ amountMsat, delay }, i) => ({
        id: idOf(path[i + 1] as string),
        amountMsat: msat(amountMsat),
        delay,
      })),
    );
  });
});
