/**
 * Measures getroute on a graph file: `npm run bench:routing -- CHANNELS.csv.gz [NODES.csv.gz]`.
 * Random pairs among nodes that reach each other, at 1k, 100k and 1M sat; the routes of a sample
 * are checked against a plain search that knows no shortcuts.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { msat, type NodeId } from '../src/core/bytes/index.js';
import { DISABLED, type Graph, KNOWN } from '../src/core/gossip/index.js';
import { DEFAULT_PENALTY, parseGraphCsv, RouteTable } from '../src/core/routing/index.js';
import { cheapestCost } from './reference.js';

const PAIRS = 1000;
/** Of these, so many at each amount are checked. */
const CHECKED = 100;
const AMOUNTS_SAT = [1_000, 100_000, 1_000_000];
const NOW = 1_770_000_000;

/** A small generator of our own: the same pairs each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
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
function reachable(graph: Graph, amount: number): number[] {
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

function main(): void {
  const [channels, nodes = join(dirname(channels ?? ''), 'nodes.csv.gz')] = process.argv.slice(2);
  if (channels === undefined) {
    console.error('usage: npm run bench:routing -- CHANNELS.csv.gz [NODES.csv.gz]');
    process.exit(1);
  }
  const text = (file: string): string => {
    const data = readFileSync(file);
    return (file.endsWith('.gz') ? gunzipSync(data) : data).toString();
  };
  const started = performance.now();
  const parsed = parseGraphCsv(text(channels), text(nodes));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const { graph } = parsed.value;
  const table = new RouteTable({}, { graph });
  console.log(
    `${graph.nodeCount} nodes, ${graph.channelCount} channels, read in ${(performance.now() - started).toFixed(0)} ms, ${(graph.bytes / graph.channelCount).toFixed(1)} bytes a channel`,
  );
  for (const sat of AMOUNTS_SAT) {
    const pairs = choosePairs(graph, sat);
    // The first time each row of the graph is made ready for the amount; then as a running node.
    for (const when of ['first', 'warm']) {
      const { times, hops } = measure(table, pairs, sat);
      const at = (q: number): string => (times[Math.floor(q * times.length)] ?? 0).toFixed(3);
      console.log(
        `${sat} sat, ${when}: ${pairs.length} pairs, median ${at(0.5)} ms, p95 ${at(0.95)} ms, ` +
          `p99 ${at(0.99)} ms, ${(hops / pairs.length).toFixed(2)} hops`,
      );
    }
    check(table, graph, pairs.slice(0, CHECKED), sat);
  }
}

interface Pair {
  readonly source: NodeId;
  readonly destination: NodeId;
}

const request = ({ source, destination }: Pair, sat: number) => ({
  source,
  destination,
  amountMsat: msat(sat * 1000),
  riskFactor: 10,
  now: NOW,
});

/** Pairs of nodes that reach each other, fees included: a route is found both ways. */
function choosePairs(graph: Graph, sat: number): Pair[] {
  const pool = reachable(graph, sat * 1000);
  const draw = random(sat);
  const pick = (): NodeId => graph.nodeHex(pool[Math.floor(draw() * pool.length)] as number);
  const scratch = new RouteTable({}, { graph });
  const pairs: Pair[] = [];
  while (pairs.length < PAIRS) {
    const pair = { source: pick(), destination: pick() };
    const back = { source: pair.destination, destination: pair.source };
    if (pair.source === pair.destination) continue;
    if (scratch.getroute(request(pair, sat)).ok && scratch.getroute(request(back, sat)).ok)
      pairs.push(pair);
  }
  return pairs;
}

function measure(
  table: RouteTable,
  pairs: readonly Pair[],
  sat: number,
): { readonly times: number[]; readonly hops: number } {
  let hops = 0;
  const times = pairs.map((pair) => {
    const before = performance.now();
    const found = table.getroute(request(pair, sat));
    const took = performance.now() - before;
    if (found.ok) hops += found.value.hops.length;
    return took;
  });
  return { times: times.sort((a, b) => a - b), hops };
}

/** Compares costs with those of the plain search. */
function check(table: RouteTable, graph: Graph, pairs: readonly Pair[], sat: number): void {
  let wrong = 0;
  const options = { riskFactor: 10, ...DEFAULT_PENALTY };
  for (const pair of pairs) {
    const found = table.getroute(request(pair, sat));
    const [source, destination] = [pair.source, pair.destination].map((id) =>
      graph.node(new Uint8Array(Buffer.from(id, 'hex'))),
    ) as [number, number];
    const cost = cheapestCost(graph, source, destination, sat * 1000, options);
    const same = found.ok && cost !== undefined && Math.abs(found.value.cost - cost) < 1e-6 * cost;
    if (!same) wrong++;
  }
  console.log(`${sat} sat: ${pairs.length} routes checked by the plain search, ${wrong} dearer`);
  if (wrong > 0) process.exitCode = 1;
}

main();
