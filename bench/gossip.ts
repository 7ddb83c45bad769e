/**
 * A whole graph comes in: `npm run bench:gossip -- CHANNELS.csv.gz`. Every channel of the file is
 * signed by keys of our own and told by two peers over TCP to a daemon, which verifies it against
 * a bitcoind that knows its output, and stores it. Meanwhile another process asks the daemon for
 * `getinfo` and pays through it. Then a third peer fetches the whole graph from the daemon, by a
 * filter and by queries; and the daemon is stopped and started again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { NETWORKS } from '../src/core/bitcoin/index.js';
import { parseGraphCsv } from '../src/core/routing/index.js';
import { startBitcoind } from '../test/support/bitcoind.js';
import { type Daemon, LightningNetwork, pause, until } from '../test/support/daemon.js';
import { chainWith, type MadeChain } from './gossip/chain.js';
import { type MadeGossip, makeGossip } from './gossip/made.js';
import { GossipPeer } from './gossip/peer.js';
import { type ProbeReport, probe } from './gossip/probe.js';

const { chainHash } = NETWORKS.regtest;
/** So few blocks are soon mined; the daemon reads each of them once, as it would any. */
const CHANNELS_A_BLOCK = 10;
const NOWHERE = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const SYNC_MS = 600_000;

function readMade(channels: string, nodes: string): MadeGossip {
  const text = (file: string): string => {
    const data = readFileSync(file);
    return (file.endsWith('.gz') ? gunzipSync(data) : data).toString();
  };
  const parsed = parseGraphCsv(text(channels), text(nodes));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return makeGossip(parsed.value.graph, chainHash, CHANNELS_A_BLOCK);
}

async function startChain(made: MadeGossip): Promise<MadeChain> {
  const bitcoind = await startBitcoind({ args: ['-addresstype=bech32'], blocks: 110 });
  const blocks = Math.ceil(made.channels.size / CHANNELS_A_BLOCK) + 10;
  for (let mined = 110; mined < blocks; mined += 500)
    await bitcoind.rpc('generatetoaddress', Math.min(500, blocks - mined), NOWHERE);
  return chainWith(made.channels.values(), bitcoind);
}

/** What Linux says of a process: megabytes resident, and seconds of the processor. */
function usage(daemon: Daemon): { rss: number; cpu: number } {
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  const fields = readFileSync(`/proc/${daemon.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const rss = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  return { rss, cpu: (Number(fields[11]) + Number(fields[12])) / 100 };
}

/** The other process that asks and pays. */
class Probe {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout as never })[Symbol.asyncIterator]();
  }

  static async start(subject: Daemon, payee: Daemon): Promise<Probe> {
    const child = spawn(
      process.execPath,
      [...process.execArgv, process.argv[1] as string, '--probe', subject.socket, payee.socket],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const probed = new Probe(child);
    await probed.#line();
    return probed;
  }

  /** What was measured since the last call. */
  async report(): Promise<ProbeReport> {
    this.#child.stdin?.write('\n');
    return JSON.parse(await this.#line());
  }

  async stop(): Promise<void> {
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.stdin?.end();
    await gone;
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the probe ended');
    return value;
  }
}

interface Figures extends ProbeReport {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly restMb: number;
  readonly peakMb: number;
  readonly endMb: number;
}

/** Does `work` while the daemon is probed and its memory watched. */
async function measured(
  daemon: Daemon,
  probed: Probe,
  work: () => Promise<void>,
): Promise<Figures> {
  await probed.report();
  const before = usage(daemon);
  let peak = before.rss;
  const watch = setInterval(() => {
    peak = Math.max(peak, usage(daemon).rss);
  }, 50);
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  const report = await probed.report();
  const after = usage(daemon);
  return {
    seconds: round(seconds),
    cpuSeconds: round(after.cpu - before.cpu),
    restMb: round(before.rss),
    peakMb: round(peak),
    endMb: round(after.rss),
    ...report,
  };
}

const round = (value: number): number => Number(value.toFixed(1));
const show = (name: string, figures: object): void =>
  console.log(JSON.stringify({ phase: name, ...figures }));

async function connectTo(daemon: Daemon, peer: GossipPeer): Promise<void> {
  await peer.peers.start();
  await daemon.call('connect', { id: peer.id, ...peer.address });
}

async function sync(subject: Daemon, probed: Probe, made: MadeGossip, chain: MadeChain) {
  const sources = ['first', 'second'].map((name) => new GossipPeer(name, made, chainHash));
  const fetched = (): number =>
    (readFileSync(join(subject.dir, 'log'), 'utf8').match(/gossip fetched/g) ?? []).length;
  const earlier = fetched();
  const asked = { ...chain.asked };
  const figures = await measured(subject, probed, async () => {
    for (const source of sources) await connectTo(subject, source);
    await until('the graph', () => fetched() >= earlier + sources.length, SYNC_MS);
  });
  const { seconds, cpuSeconds, ...rest } = figures;
  show('sync', {
    ...{ channels: made.channels.size, signatures: made.signatures, seconds, cpuSeconds },
    signaturesPerSecond: Math.round(made.signatures / seconds),
    rpcRequests: chain.asked.requests - asked.requests,
    rpcCalls: chain.asked.calls - asked.calls,
    ...rest,
  });
  for (const source of sources) await source.peers.stop();
}

async function main(channels: string, nodes: string): Promise<void> {
  const made = readMade(channels, nodes);
  console.log(`${made.channels.size} channels made, ${made.signatures} signatures`);
  const chain = await startChain(made);
  const network = await LightningNetwork.start(chain);
  try {
    const args = ['--log-level=info', '--log-level=debug:gossip'];
    const subject = await network.node('subject', { args });
    const payee = await network.node('payee', { args });
    await network.fund(subject, 10_000_000);
    await network.channel(subject, payee, 5_000_000);
    await network.gossiped([subject], 1);
    const probed = await Probe.start(subject, payee);
    show('rest', await measured(subject, probed, () => pause(3_000)));
    await sync(subject, probed, made, chain);
    show('after', await measured(subject, probed, () => pause(10_000)));
    const third = new GossipPeer('third', made, chainHash);
    await connectTo(subject, third);
    let heard = {};
    const figures = await measured(subject, probed, async () => {
      heard = await third.fetchAll(subject.id as never);
    });
    show('serve', { ...heard, messages: Object.fromEntries(third.heard), ...figures });
    await third.peers.stop();
    await probed.stop();
    await subject.down();
    const began = performance.now();
    await subject.up();
    show('restart', { seconds: round((performance.now() - began) / 1000), ...usage(subject) });
    const { channels: known } = await subject.call('listchannels');
    console.log(`${known.length} directions known`);
  } catch (error) {
    console.error(network.tails());
    throw error;
  } finally {
    await network.stop();
  }
}

const [first, second, third] = process.argv.slice(2);
if (first === '--probe') await probe(second as string, third as string);
else if (first === undefined) {
  console.error('usage: npm run bench:gossip -- CHANNELS.csv.gz [NODES.csv.gz]');
  process.exitCode = 1;
} else await main(first, second ?? join(dirname(first), 'nodes.csv.gz'));
