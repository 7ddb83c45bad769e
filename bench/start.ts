/**
 * The start of a daemon with a whole graph on disk: `npm run bench:start -- CHANNELS.csv.gz` (or
 * LEVIN_GRAPH, and no argument). The graph is put into the daemon's store as gossip has it (its
 * signatures are blank: a start does not check again what was checked when it came). Shown: the
 * time from the launch of the process to the answer of `getinfo`, what the first `getroute` takes
 * then (a start that left work for it would only seem short), and the memory that is resident then
 * and after `getroute` has been asked for a while, each with the graph and without.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../src/adapters/store/sqlite/index.js';
import { type Bytes, compare, scidToString, toHex } from '../src/core/bytes/index.js';
import type { Direction, Graph } from '../src/core/gossip/index.js';
import { RouteTable } from '../src/core/routing/index.js';
import { encodeMessage } from '../src/core/wire/index.js';
import type { Tables, Write } from '../src/ports/index.js';
import { type Daemon, LightningNetwork, until } from '../test/support/daemon.js';
import { choosePairs, graphFile, type Pair, readGraph } from './graph.js';

const STARTS = 9;
/** BOLT 0's hash of regtest's first block, as the wire has it. */
const REGTEST = Buffer.from(
  '06226e46111a0b59caaf126043eb5bbf28c34f3a5e332a1fc7b2b73cf188910f',
  'hex',
);
const BLANK = new Uint8Array(64);
const WEEK_AGO = Math.floor(Date.now() / 1000) - 7 * 86_400;

type Row = Tables['gossip'];

/** The rows that gossip keeps of a channel: its announcement, and its updates. */
function* rowsOf(graph: Graph, c: number): Generator<Omit<Row, 'seq'>> {
  const scid = graph.scid(c);
  const ends = [
    graph.nodeId(graph.source[2 * c] as number),
    graph.nodeId(graph.source[2 * c + 1] as number),
  ];
  const swapped = compare(ends[0] as Bytes, ends[1] as Bytes) > 0;
  const [nodeId1, nodeId2] = (swapped ? ends.reverse() : ends) as [Bytes, Bytes];
  const print = new Uint8Array(32);
  new DataView(print.buffer).setUint32(0, c + 1);
  const common = { chainHash: REGTEST, shortChannelId: scid };
  yield {
    key: `c:${scidToString(scid)}`,
    timestamp: 0,
    amount_sat: (graph.capacity[c] as number) / 1000,
    funding_txid: print,
    message: encodeMessage({
      kind: 'channelAnnouncement',
      nodeSignature1: BLANK,
      nodeSignature2: BLANK,
      bitcoinSignature1: BLANK,
      bitcoinSignature2: BLANK,
      features: new Uint8Array(0),
      ...common,
      nodeId1,
      nodeId2,
      bitcoinKey1: nodeId1,
      bitcoinKey2: nodeId2,
    }),
  };
  for (const d of [0, 1] as const) {
    const policy = graph.policy(2 * c + d);
    if (policy === undefined) continue;
    const direction = (swapped ? 1 - d : d) as Direction;
    yield {
      key: `u:${scidToString(scid)}/${direction}`,
      timestamp: WEEK_AGO,
      amount_sat: 0,
      funding_txid: null,
      message: encodeMessage({
        kind: 'channelUpdate',
        signature: BLANK,
        ...common,
        timestamp: WEEK_AGO,
        messageFlags: 1,
        channelFlags: direction | (policy.enabled ? 0 : 2),
        cltvExpiryDelta: policy.cltvDelta,
        htlcMinimumMsat: BigInt(policy.htlcMinimumMsat) as never,
        feeBaseMsat: policy.feeBaseMsat,
        feeProportionalMillionths: policy.feeProportionalMillionths,
        htlcMaximumMsat: BigInt(policy.htlcMaximumMsat) as never,
      }),
    };
  }
}

/** The row that gossip keeps of a node. */
function nodeRow(id: Bytes, n: number): Omit<Row, 'seq'> {
  const alias = new Uint8Array(32);
  alias.set(new TextEncoder().encode(`node ${n}`));
  return {
    key: `n:${toHex(id)}`,
    timestamp: WEEK_AGO,
    amount_sat: 0,
    funding_txid: null,
    message: encodeMessage({
      kind: 'nodeAnnouncement',
      signature: BLANK,
      features: new Uint8Array(0),
      timestamp: WEEK_AGO,
      nodeId: id,
      rgbColor: Uint8Array.of(1, 2, 3),
      alias,
      addresses: [{ kind: 'ipv4', address: Uint8Array.of(10, 0, n >> 8, n & 255), port: 9735 }],
    }),
  };
}

async function fill(path: string, graph: Graph): Promise<void> {
  const store = await openStore({ path });
  let seq = 0;
  let writes: Write[] = [];
  const put = async (row: Omit<Row, 'seq'>): Promise<void> => {
    writes.push({ put: 'gossip', row: { ...row, seq: ++seq } });
    if (writes.length < 2000) return;
    await store.commit(writes);
    writes = [];
  };
  for (let c = 0; c < graph.channelLimit; c++) for (const row of rowsOf(graph, c)) await put(row);
  for (let n = 0; n < graph.nodeLimit; n++) await put(nodeRow(graph.nodeId(n), n));
  await store.commit(writes);
  await store.close();
}

/** Megabytes of the process that are resident, and of these what no file backs. */
function resident(daemon: Daemon): { readonly all: number; readonly own: number } {
  const text = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  const of = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) / 1e3;
  return { all: of('VmRSS'), own: of('RssAnon') };
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] as number;

/** Milliseconds of the processor that a process has used so far, as Linux counts them. */
function cpuMs(daemon: Daemon): number {
  const fields = readFileSync(`/proc/${daemon.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

interface Start {
  /** Of the processor: on a machine with nothing else to do hardly less than by the clock. */
  readonly cpu: number;
  readonly ms: number;
  readonly best: number;
  /** Milliseconds of the first `getroute`, where there is a route to ask for. */
  readonly route: number;
  readonly all: number;
  readonly own: number;
}

async function starts(daemon: Daemon, route?: object): Promise<Start> {
  const took: number[] = [];
  const routed: number[] = [];
  const used: number[] = [];
  const sizes: { readonly all: number; readonly own: number }[] = [];
  for (let i = 0; i < STARTS; i++) {
    await daemon.down();
    const begun = performance.now();
    await daemon.up();
    took.push(performance.now() - begun);
    used.push(cpuMs(daemon));
    const asked = performance.now();
    if (route !== undefined) await daemon.call('getroute', route);
    routed.push(performance.now() - asked);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    sizes.push(resident(daemon));
  }
  const [all, own] = [median(sizes.map((s) => s.all)), median(sizes.map((s) => s.own))];
  const best = Math.min(...took);
  return { cpu: median(used), ms: median(took), best, route: median(routed), all, own };
}

const tell = (what: string, { cpu, ms, best, all, own }: Start): void =>
  console.log(
    `${what}: getinfo answered after ${ms.toFixed(0)} ms (at best ${best.toFixed(0)}) and ` +
      `${cpu.toFixed(0)} ms of the processor, resident ` +
      `${all.toFixed(0)} MB, of which ${own.toFixed(0)} MB are not of files`,
  );

const asking = ({ source, destination }: Pair, sat: number): object => ({
  id: destination,
  fromid: source,
  amount_msat: sat * 1000,
  riskfactor: 10,
});

async function askMuch(daemon: Daemon, pairs: readonly Pair[], sat: number): Promise<void> {
  for (const pair of pairs) await daemon.call('getroute', asking(pair, sat)).catch(() => undefined);
}

async function main(): Promise<void> {
  const graph = readGraph(graphFile('npm run bench:start -- CHANNELS.csv.gz'));
  const scratch = new RouteTable({}, { graph });
  const amounts = [1_000, 10_000, 100_000, 1_000_000];
  const work = amounts.map((sat) => ({ sat, pairs: choosePairs(scratch, sat, 300) }));
  const network = await LightningNetwork.start();
  try {
    const daemon = await network.node('bench', { args: ['--log-level=info'] });
    const empty = await starts(daemon);
    tell('no graph', empty);
    await daemon.down();
    await fill(join(daemon.dir, 'regtest', 'lightningd.sqlite3'), graph);
    const begun = performance.now();
    await daemon.up();
    console.log(`messages read at the start: ${(performance.now() - begun).toFixed(0)} ms`);
    const channels = await until('the graph', async () => {
      const list = await daemon.call('listchannels');
      return new Set(list.channels.map((c: { short_channel_id: string }) => c.short_channel_id))
        .size;
    });
    // As it stops it writes the snapshot that starts read from then on.
    const [{ sat, pairs }] = work as [(typeof work)[number]];
    const full = await starts(daemon, asking(pairs[0] as Pair, sat));
    tell(`${channels} channels on disk`, full);
    console.log(`the first getroute after it: ${full.route.toFixed(0)} ms`);
    console.log(
      `the graph's columns take ${(graph.bytes / graph.channelCount).toFixed(0)} bytes a channel; of ` +
        `the process it takes ${(((full.own - empty.own) * 1e6) / channels).toFixed(0)}`,
    );
    for (const { sat, pairs } of work) await askMuch(daemon, pairs, sat);
    const { all, own } = resident(daemon);
    console.log(
      `after ${work.length * 300} routes at ${work.length} amounts: resident ${all.toFixed(0)} MB, ${own.toFixed(0)} MB not of files`,
    );
  } finally {
    await network.stop();
  }
}

await main();
