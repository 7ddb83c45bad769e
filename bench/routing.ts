/**
 * Measures getroute on a graph file: `npm run bench:routing -- CHANNELS.csv.gz [NODES.csv.gz]`.
 * Random pairs among nodes that reach each other, at 1k, 100k and 1M sat; the routes of a sample
 * are checked against a plain search that knows no shortcuts.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { msat, type NodeId, toHex } from '../src/core/bytes/index.js';
import { DISABLED, type Graph, KNOWN } from '../src/core/gossip/index.js';
import { parseGraphCsv, RouteTable } from '../src/core/routing/index.js';

const PAIRS = 1000;
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
    const pool = reachable(graph, sat * 1000);
    const draw = random(sat);
    const times: number[] = [];
    let hops = 0;
    let labels = 0;
    let entries = 0;
    for (let i = -100; i < PAIRS; i++) {
      const pick = (): NodeId =>
        toHex(graph.nodeId(pool[Math.floor(draw() * pool.length)]!)) as NodeId;
      const source = pick();
      let destination = pick();
      while (destination === source) destination = pick();
      const before = performance.now();
      const found = table.getroute({
        source,
        destination,
        amountMsat: msat(sat * 1000),
        riskFactor: 10,
        now: NOW,
      });
      const took = performance.now() - before;
      if (i < 0) continue;
      times.push(took);
      labels += table.router.search.settledLabels;
      entries += table.router.search.entries;
      if (found.ok) hops += found.value.hops.length;
      else console.log(found.error);
    }
    times.sort((a, b) => a - b);
    const at = (q: number): string => times[Math.floor(q * times.length)]!.toFixed(3);
    console.log(
      `${sat} sat: ${pool.length} nodes, median ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(0.9999)} ms, ${(hops / PAIRS).toFixed(2)} hops, ${(labels / PAIRS).toFixed(0)} labels, ${(entries / PAIRS).toFixed(0)} entries, ${table.router.search.thoroughSearches} second passes`,
    );
  }
}

main();
