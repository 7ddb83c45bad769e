/** What a search costs as the graph grows: synthetic graphs, built in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openStore } from '../src/adapters/store/sqlite/index.js';
import { decodeSnapshot, encodeSnapshot, Graph, Outpoints } from '../src/core/gossip/index.js';
import { RouteTable } from '../src/core/routing/index.js';
import { choosePairs, quantiles, request, syntheticGraph, timed } from './graph.js';

const SIZES = [10_000, 30_000, 100_000, 300_000, 1_000_000];
const PAIRS = 300;
const SAT = 100_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Heap and array buffers, in megabytes. */
function memory(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}

export async function curve(): Promise<void> {
  const given = process.argv.slice(2).map(Number).filter(Number.isInteger);
  for (const channels of given.length > 0 ? given : SIZES) {
    const [graph, buildMs] = timed(() => syntheticGraph(channels, 1));
    const loaded = await load(graph);
    const table = new RouteTable({}, { graph });
    const pairs = choosePairs(table, SAT, PAIRS);
    const fresh = new RouteTable({}, { graph });
    for (const when of ['first', 'warm']) {
      const times = pairs.map((pair) => timed(() => fresh.getroute(request(pair, SAT)))[1]);
      console.log(`${channels} channels, ${graph.nodeCount} nodes, ${when}: ${quantiles(times)}`);
    }
    console.log(
      `${channels} channels: built in ${buildMs.toFixed(0)} ms; from the store in ${loaded.ms.toFixed(0)} ms, ` +
        `${(loaded.megabytes / channels) * 1e6} bytes a channel`.replace(/(\.\d)\d*/, '$1') +
        ` (${loaded.megabytes.toFixed(1)} MB of heap and buffers)`,
    );
  }
}

/** Writes the graph to a store as the daemon does, and reads it into a new one. */
async function load(graph: Graph): Promise<{ readonly ms: number; readonly megabytes: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'levin-curve-'));
  const path = join(folder, 'store.sqlite3');
  try {
    const value = encodeSnapshot({ graph, outpoints: new Outpoints(), spentAt: new Map() }, 1);
    const row = { name: 'graph', value };
    const written = await openStore({ path });
    await written.commit([{ put: 'vars', row }]);
    await written.close();
    const before = memory();
    const store = await openStore({ path });
    const begun = process.cpuUsage();
    const parts = { graph: new Graph(), outpoints: new Outpoints(), spentAt: new Map() };
    {
      const [stored] = await store.select('vars', { where: { name: 'graph' } });
      if (stored === undefined || decodeSnapshot(stored.value, parts) === undefined)
        throw new Error('the graph cannot be read back');
    }
    const table = new RouteTable({}, { graph: parts.graph });
    const { user, system } = process.cpuUsage(begun);
    const ms = (user + system) / 1000;
    await store.close();
    const megabytes = memory() - before;
    if (table.graph.channelCount !== graph.channelCount) throw new Error('channels are missing');
    return { ms, megabytes };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
