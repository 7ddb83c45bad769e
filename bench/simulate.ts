/**
 * The payment simulator's table: `npm run bench:simulate -- CHANNELS.csv.gz [name=value ...]`,
 * the nodes beside it. Each sender's stream is a job; workers take them one after the other.
 */
import {
  METHODS,
  percentOf,
  ratioOf,
  type Sender,
  simulate,
  sumOf,
  type Tally,
} from '../src/lab/simulator/index.js';
import { Casts } from './simulate/cast.js';
import { loadGraph } from './simulate/graph.js';
import {
  rowsOf,
  STREAM_DEFAULTS,
  type StreamJob,
  settings,
  streamsOf,
  tableOptions,
} from './simulate/streams.js';
import { answersAsWorker, Workers } from './simulate/workers.js';

const DEFAULTS = { ...STREAM_DEFAULTS, methods: Object.keys(METHODS).join(';') };

interface Job extends StreamJob {
  readonly method: string;
}

interface Done {
  readonly tally: Tally;
  /** Of a processor, for the attempts and what they move. */
  readonly ms: number;
}

/** Of a pair of a model and an amount: each way to pay with all streams. */
interface Row {
  readonly title: string;
  readonly done: readonly (readonly Done[])[];
}

const HEAD = `| balances, sat | by | paid | first try | gone | gone of the possible | attempts | parts | fees |
|---|---|---|---|---|---|---|---|---|`;

if (!answersAsWorker(worker)) await main();

function worker(file: string): (job: Job) => Done {
  const graph = loadGraph(file);
  const casts = new Casts(graph);
  return (job) => {
    const { pool, person } = casts.of(job);
    const make = METHODS[job.method] as (typeof METHODS)[string];
    const table = tableOptions(job.table);
    let ms = 0;
    const tally = simulate(job, person, {
      ...{ graph, pool },
      sender: (deps) => timed(make(table, deps), (spent) => (ms += spent)),
    });
    return { tally, ms };
  };
}

/** The same sender, with the processor's time for each payment told. */
function timed(sender: Sender, spend: (ms: number) => void): Sender {
  return {
    pay(payment) {
      const before = process.cpuUsage();
      const outcome = sender.pay(payment);
      const { user, system } = process.cpuUsage(before);
      spend((user + system) / 1000);
      return outcome;
    },
  };
}

async function main(): Promise<void> {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined || file.includes('=')) {
    console.error('usage: npm run bench:simulate -- CHANNELS.csv.gz [name=value ...]');
    console.error(DEFAULTS);
    process.exit(1);
  }
  const given = settings(args, DEFAULTS);
  const names = given.methods.split(';');
  const size = Number(given.workers);
  const workers = new Workers<Job, Done>({ program: import.meta.filename, file, size });
  const rows = rowsOf(given).map(async (row): Promise<Row> => {
    // The dearest first, so that no worker ends long after the others.
    const runs = names.toReversed().map((method) => {
      const streams = streamsOf(given, row).map((stream) => workers.run({ ...stream, method }));
      return Promise.all(streams);
    });
    return { title: `${row.model} ${row.amountSat}`, done: (await Promise.all(runs)).reverse() };
  });
  console.log(HEAD);
  const all: Row[] = [];
  for (const each of rows) {
    const row = await each;
    all.push(row);
    row.done.forEach((streams, i) => {
      console.log(line(row.title, names[i] as string, streams, row.done[0] as Done[]));
    });
  }
  workers.stop();
  console.log(impossible(all));
  console.log(costs(names, all));
  const attempts = all.flatMap(({ done }) => done.flat().map(({ tally }) => tally.attempts));
  const sum = attempts.reduce((a, b) => a + b, 0);
  console.log(`\n${sum} attempts in ${workers.seconds.toFixed(0)} s with ${size} workers`);
}

type Pair = (tally: Tally, i: number) => [number, number];

function percent(of: readonly Done[], pair: Pair): string {
  return percentOf(ratioOf(of.map(({ tally }, i) => pair(tally, i))));
}

function plain(of: readonly Done[], pair: Pair): string {
  const { value } = ratioOf(of.map(({ tally }, i) => pair(tally, i)));
  return Number.isNaN(value) ? '–' : value.toFixed(2);
}

/** One way to pay, beside the first. */
function line(title: string, name: string, streams: readonly Done[], base: readonly Done[]) {
  const first = (i: number): Tally => (base[i] as Done).tally;
  const left = ({ payments, paid }: Tally): number => payments - paid;
  const leftOfPossible = (tally: Tally): number => left(tally) - tally.notInOne;
  const gone = (count: (tally: Tally) => number): string =>
    streams === base
      ? ''
      : percent(streams, (tally, i) => [count(first(i)) - count(tally), count(first(i))]);
  const cells = [
    title,
    name,
    percent(streams, (tally) => [tally.paid, tally.payments]),
    percent(streams, (tally) => [tally.firstTry, tally.payments]),
    gone(left),
    gone(leftOfPossible),
    plain(streams, (tally) => [tally.attempts, tally.payments]),
    plain(streams, (tally) => [tally.parts, tally.paid]),
    plain(streams, (tally, i) => feesOfBoth(tally, first(i))),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Fees of one way and of another, over the payments that both made. */
function feesOfBoth(ours: Tally, theirs: Tally): [number, number] {
  let [a, b] = [0, 0];
  ours.fees.forEach((fee, i) => {
    const other = theirs.fees[i] as number;
    if (Number.isNaN(fee) || Number.isNaN(other)) return;
    a += fee;
    b += other;
  });
  return [a, b];
}

/** What nobody could have paid in the world of the first way to pay, and why. */
function impossible(rows: readonly Row[]): string {
  const head = `
| balances, sat | payees passed over for one paid | not possible in one part | in parts | for the payee's side | the sender's | between |
|---|---|---|---|---|---|---|`;
  const lines = rows.map(({ title, done }) => {
    const base = done[0] as Done[];
    const share = (count: (tally: Tally) => number): string =>
      percent(base, (tally) => [count(tally), tally.payments]);
    const { payee, sender, between } = sumOf(base.map(({ tally }) => tally)).bottlenecks;
    const cells = [
      title,
      plain(base, ({ passedOver, payments }) => [passedOver, payments]),
      share(({ notInOne }) => notInOne),
      share(({ notInParts }) => notInParts),
      ...[payee, sender, between],
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [head, ...lines].join('\n');
}

/** What attempts take of a processor. */
function costs(names: readonly string[], rows: readonly Row[]): string {
  const head = `
| by | attempts | processor seconds | ms an attempt | attempts a minute of one processor |
|---|---|---|---|---|`;
  const lines = names.map((name, i) => {
    const streams = rows.flatMap(({ done }) => done[i] as Done[]);
    const attempts = streams.reduce((sum, { tally }) => sum + tally.attempts, 0);
    const ms = streams.reduce((sum, done) => sum + done.ms, 0);
    const cells = [
      name,
      attempts,
      (ms / 1000).toFixed(0),
      (ms / attempts).toFixed(2),
      Math.round((60_000 * attempts) / ms),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [head, ...lines].join('\n');
}
