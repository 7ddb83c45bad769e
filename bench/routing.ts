/**
 * Measures getroute on a graph: `npm run bench:routing -- CHANNELS.csv.gz` (or LEVIN_GRAPH, and no
 * argument). Random pairs among nodes that reach each other, at 1k, 100k and 1M sat, in process and
 * over the RPC socket of a daemon; the routes of a sample are checked against a plain search that
 * knows no shortcuts. `any pairs`: most of them have no route, and are told why.
 *     npm run bench:routing -- CHANNELS.csv.gz --in-process     without the daemon
 *     npm run bench:routing -- CHANNELS.csv.gz --constrained    the worst cases, in process
 *     npm run bench:routing -- --synthetic [CHANNELS...]        the curve up to a million channels
 */
import { type NodeId, scidToString } from '../src/core/bytes/index.js';
import { DEFAULT_PENALTY, RouteTable } from '../src/core/routing/index.js';
import { type Daemon, LightningNetwork } from '../test/support/daemon.js';
import {
  choosePairs,
  graphFile,
  type Pair,
  quantiles,
  random,
  readGraph,
  request,
  timed,
} from './graph.js';
import { cheapestCost } from './reference.js';
import { constrained } from './routing-constrained.js';
import { curve } from './routing-curve.js';

const PAIRS = 1000;
/** Of these, so many at each amount are checked. */
const CHECKED = 200;
/** Of so many tries the best one counts, as other work of the machine makes any of them longer. */
const TRIES = 3;
const AMOUNTS_SAT = [1_000, 100_000, 1_000_000];

async function main(): Promise<void> {
  if (process.argv.includes('--synthetic')) return curve();
  const file = graphFile('npm run bench:routing -- CHANNELS.csv.gz');
  const graph = readGraph(file);
  if (process.argv.includes('--constrained')) return constrained(graph);
  const scratch = new RouteTable({}, { graph });
  const work = AMOUNTS_SAT.map((sat) => ({ sat, pairs: choosePairs(scratch, sat, PAIRS) }));
  work.push({ sat: 100_000, pairs: anyPairs(graph.nodeLimit, (n) => graph.nodeHex(n)) });
  const name = ({ sat, pairs }: (typeof work)[0]): string =>
    `${pairs === work.at(-1)?.pairs ? 'any pairs, ' : ''}${sat} sat`;

  const table = new RouteTable({}, { graph });
  for (const { sat, pairs } of work) {
    // The first time each row of the graph is made ready for the amount; then as a running node.
    const first = inProcess(table, pairs, sat);
    const warm = await best(async () => inProcess(table, pairs, sat));
    tell('in process', name({ sat, pairs }), first, warm);
  }
  for (const { sat, pairs } of work.slice(0, -1)) check(table, pairs.slice(0, CHECKED), sat);
  if (process.argv.includes('--in-process')) return;

  const network = await LightningNetwork.start();
  try {
    const args = ['--log-level=info', '--developer', `--dev-load-graph=${file}`];
    const daemon = await network.node('bench', { args });
    for (const { sat, pairs } of work) {
      const first = await overSocket(daemon, table, pairs, sat);
      const warm = await best(() => overSocket(daemon, table, pairs, sat));
      tell('over the socket', name({ sat, pairs }), first, warm);
    }
    const bare: number[] = [];
    for (let i = 0; i < PAIRS; i++) {
      const before = performance.now();
      await daemon.call('notifications', { enable: false });
      bare.push(performance.now() - before);
    }
    console.log(`over the socket, a command that does nothing: ${quantiles(bare)}`);
  } finally {
    await network.stop();
  }
}

interface Measured {
  readonly times: readonly number[];
  readonly found: number;
}

function tell(where: string, what: string, first: Measured, warm: Measured): void {
  const { found, times } = first;
  console.log(`${where}, ${what}: ${found} of ${times.length} have a route`);
  console.log(`    first: ${quantiles(times)}`);
  console.log(`    warm:  ${quantiles(warm.times)}`);
}

async function best(measure: () => Promise<Measured>): Promise<Measured> {
  let least = await measure();
  for (let i = 1; i < TRIES; i++) {
    const { times, found } = await measure();
    least = { found, times: times.map((time, k) => Math.min(time, least.times[k] as number)) };
  }
  return least;
}

/** Any two nodes: few of them have a route for the amount. */
function anyPairs(nodes: number, id: (n: number) => NodeId): Pair[] {
  const draw = random(5);
  const pick = (): NodeId => id(Math.floor(draw() * nodes));
  return Array.from({ length: PAIRS }, () => ({ source: pick(), destination: pick() }));
}

function inProcess(table: RouteTable, pairs: readonly Pair[], sat: number): Measured {
  let found = 0;
  const times = pairs.map((pair) => {
    const [route, took] = timed(() => table.getroute(request(pair, sat)));
    if (route.ok) found++;
    return took;
  });
  return { times, found };
}

/** Each route must be the one that the search in process gives. */
async function overSocket(
  daemon: Daemon,
  table: RouteTable,
  pairs: readonly Pair[],
  sat: number,
): Promise<Measured> {
  const times: number[] = [];
  let found = 0;
  for (const pair of pairs) {
    const params = {
      id: pair.destination,
      fromid: pair.source,
      amount_msat: sat * 1000,
      riskfactor: 10,
    };
    const before = performance.now();
    // biome-ignore lint/suspicious/noExplicitAny: an answer as it comes.
    const answer: any = await daemon.call('getroute', params).catch(() => undefined);
    times.push(performance.now() - before);
    if (answer !== undefined) found++;
    const expected = table.getroute(request(pair, sat));
    const channels = expected.ok ? expected.value.hops.map((h) => scidToString(h.channel)) : [];
    const got = (answer?.route ?? []).map(({ channel }: { channel: string }) => channel);
    if (String(got) !== String(channels)) throw new Error(`${got} in place of ${channels}`);
  }
  return { times, found };
}

/** Compares costs with those of the plain search. */
function check(table: RouteTable, pairs: readonly Pair[], sat: number): void {
  const { graph } = table;
  let optimal = 0;
  const options = { riskFactor: 10, ...DEFAULT_PENALTY };
  for (const pair of pairs) {
    const found = table.getroute(request(pair, sat));
    const [source, destination] = [pair.source, pair.destination].map((id) =>
      graph.node(new Uint8Array(Buffer.from(id, 'hex'))),
    ) as [number, number];
    const cost = cheapestCost(graph, source, destination, sat * 1000, options);
    if (found.ok && cost !== undefined && Math.abs(found.value.cost - cost) < 1e-6 * cost)
      optimal++;
  }
  console.log(`${sat} sat: ${optimal} of ${pairs.length} are as cheap as the plain search finds`);
  if (optimal < pairs.length) process.exitCode = 1;
}

await main();
