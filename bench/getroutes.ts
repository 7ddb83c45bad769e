/**
 * Measures getroutes on a graph: `npx tsx bench/getroutes.ts CHANNELS.csv.gz`. Pairs of nodes that
 * reach each other, at 1k, 100k and 1M sat, in parts; without layers, and with a layer of 50 nodes
 * left out, 50 channels disabled and 500 bounds. Processor time of a call, as others share the machine.
 */
import { msat } from '../src/core/bytes/index.js';
import {
  type Layer,
  layerLesson,
  newLayer,
  RouteTable,
  withChange,
  withDisabledNode,
  withLesson,
} from '../src/core/routing/index.js';
import { choosePairs, graphFile, NOW, type Pair, quantiles, random, readGraph } from './graph.js';

const PAIRS = 40;

function layerFor({ graph }: RouteTable): Layer {
  const draw = random(5);
  const below = (n: number): number => Math.floor(draw() * n);
  const at = () => ({ scid: graph.scid(below(graph.channelLimit)), direction: 0 as const });
  let layer = newLayer('bench', false);
  for (let i = 0; i < 50; i++)
    layer = withDisabledNode(layer, graph.nodeHex(below(graph.nodeLimit)));
  for (let i = 0; i < 50; i++) layer = withChange(layer, { ...at(), enabled: false });
  for (let i = 0; i < 500; i++)
    layer = withLesson(layer, layerLesson('upperBound', at(), msat(100_000_000), NOW));
  return layer;
}

function measure(table: RouteTable, pairs: readonly Pair[], sat: number, layers: readonly Layer[]) {
  const times: number[] = [];
  let [found, parts] = [0, 0];
  for (const pair of pairs) {
    const before = process.cpuUsage().user;
    const routes = table.getroutesOver({
      ...pair,
      amountMsat: msat(sat * 1000),
      maxFeeMsat: msat(sat * 50 + 10_000),
      finalCltv: 18,
      maxDelay: 2016,
      maxParts: 100,
      layers,
      learned: true,
      sourceFree: true,
      includeFees: false,
      reserved: [],
      riskFactor: 10,
      height: 800_000,
      now: NOW,
    });
    times.push((process.cpuUsage().user - before) / 1000);
    if (!routes.ok) continue;
    found++;
    parts += routes.value.routes.length;
  }
  return { found, parts: (parts / found).toFixed(2), times };
}

const graph = readGraph(graphFile('npx tsx bench/getroutes.ts CHANNELS.csv.gz'));
const table = new RouteTable({}, { graph });
const layer = layerFor(table);
for (const sat of [1_000, 100_000, 1_000_000]) {
  const pairs = choosePairs(table, sat, PAIRS);
  for (const [name, layers] of [
    ['rows made ready', []],
    ['no layers', []],
    ['a layer', [layer]],
  ] as const) {
    const { found, parts, times } = measure(table, pairs, sat, layers);
    if (name === 'rows made ready') continue;
    console.log(`${sat} sat, ${name}: ${found}/${PAIRS} in ${parts} parts: ${quantiles(times)}`);
  }
}
