/** Graphs to measure on: one from a file, and synthetic ones of any size. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { msat, type NodeId, shortChannelId } from '../src/core/bytes/index.js';
import { DISABLED, Graph, KNOWN } from '../src/core/gossip/index.js';
import { parseGraphCsv, type RouteTable } from '../src/core/routing/index.js';

export const NOW = 1_770_000_000;

/** Where the graph is: the first argument that is no option, or LEVIN_GRAPH. */
export function graphFile(usage: string): string {
  const given = process.argv.slice(2).find((word) => !word.startsWith('-'));
  const file = given ?? process.env['LEVIN_GRAPH'];
  if (file === undefined || !existsSync(file)) {
    console.error(`usage: ${usage}, or LEVIN_GRAPH=CHANNELS.csv.gz; nodes.csv.gz lies beside it`);
    process.exit(1);
  }
  return resolve(file);
}

export function readGraph(file: string): Graph {
  const text = (path: string): string => {
    const data = readFileSync(path);
    return (path.endsWith('.gz') ? gunzipSync(data) : data).toString();
  };
  const nodes = join(dirname(file), file.endsWith('.gz') ? 'nodes.csv.gz' : 'nodes.csv');
  const parsed = parseGraphCsv(text(file), text(nodes));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value.graph;
}

/** A small generator of our own: the same numbers each time. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A scale-free graph: a new node has a channel with each of three that are drawn by how many
 * channels they have. Capacities and fees are spread over orders of magnitude as on the real one.
 */
export function syntheticGraph(channels: number, seed: number): Graph {
  const draw = random(seed);
  const below = (n: number): number => Math.floor(draw() * n);
  const between = (least: number, most: number): number =>
    Math.floor(least * (most / least) ** draw());
  const graph = new Graph();
  graph.reserve(channels, Math.ceil(channels / 3) + 3);
  const ids: Uint8Array[] = [];
  const newNode = (): number => {
    const id = Uint8Array.from({ length: 33 }, () => below(256));
    id[0] = 2;
    return ids.push(id) - 1;
  };
  const ends = new Int32Array(2 * channels);
  ends.set([newNode(), newNode()]);
  let from = 1;
  for (let c = 0; c < channels; c++) {
    if (c % 3 === 0) from = newNode();
    const to = ends[below(Math.max(2, 2 * c))] as number;
    ends.set([from, to], 2 * c);
    const capacityMsat = between(20_000, 20_000_000) * 1000;
    const scid = shortChannelId(500_000 + Math.floor(c / 1000), c % 1000, 0);
    graph.addChannel({
      scid,
      node1: ids[from] as Uint8Array,
      node2: ids[to] as Uint8Array,
      capacityMsat,
    });
    for (const d of [0, 1])
      graph.setPolicy(2 * c + d, {
        enabled: draw() > 0.1,
        cltvDelta: [34, 40, 80, 144][below(4)] as number,
        htlcMinimumMsat: [1, 1000][below(2)] as number,
        htlcMaximumMsat: capacityMsat - capacityMsat / 100,
        feeBaseMsat: [0, 0, 1, 1000][below(4)] as number,
        feeProportionalMillionths: between(1, 3000),
        timestamp: NOW,
      });
  }
  return graph;
}

function usable(graph: Graph, e: number, amount: number): boolean {
  return (
    (graph.flags[e]! & (KNOWN | DISABLED)) === KNOWN &&
    amount >= graph.htlcMinimum[e]! &&
    amount <= graph.htlcMaximum[e]! &&
    amount <= graph.capacity[e >> 1]!
  );
}

/** Nodes that node 0's strongly connected part holds, at an amount in one part. */
export function reachable(graph: Graph, amount: number): number[] {
  const sweep = (forward: boolean): Set<number> => {
    const seen = new Set([0]);
    const stack = [0];
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      const start = graph.incoming.start(n);
      for (let i = 0; i < graph.incoming.length(n); i++) {
        const incoming = graph.incoming.pool[start + i]!;
        const other = graph.source[incoming]!;
        if (seen.has(other) || !usable(graph, forward ? incoming ^ 1 : incoming, amount)) continue;
        seen.add(other);
        stack.push(other);
      }
    }
    return seen;
  };
  const to = sweep(true);
  return [...sweep(false)].filter((n) => to.has(n));
}

export interface Pair {
  readonly source: NodeId;
  readonly destination: NodeId;
}

export const request = ({ source, destination }: Pair, sat: number) => ({
  source,
  destination,
  amountMsat: msat(sat * 1000),
  riskFactor: 10,
  now: NOW,
});

/** Pairs of nodes that reach each other, fees included: a route is found both ways. */
export function choosePairs(scratch: RouteTable, sat: number, count: number): Pair[] {
  const { graph } = scratch;
  const pool = reachable(graph, sat * 1000);
  const draw = random(sat);
  const pick = (): NodeId => graph.nodeHex(pool[Math.floor(draw() * pool.length)] as number);
  const pairs: Pair[] = [];
  while (pairs.length < count) {
    const pair = { source: pick(), destination: pick() };
    const back = { source: pair.destination, destination: pair.source };
    if (pair.source === pair.destination) continue;
    if (scratch.getroute(request(pair, sat)).ok && scratch.getroute(request(back, sat)).ok)
      pairs.push(pair);
  }
  return pairs;
}

/** What a piece of work takes of the processor, in milliseconds: other work does not count. */
export function timed<T>(work: () => T): [result: T, ms: number] {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1000];
}

/** Median, 95th and 99th percentile in milliseconds, as text. */
export function quantiles(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (q: number): string => (sorted[Math.floor(q * sorted.length)] ?? 0).toFixed(3);
  return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, most ${(sorted.at(-1) ?? 0).toFixed(1)} ms`;
}
