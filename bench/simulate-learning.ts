/**
 * What payments teach: `npm run bench:learning -- CHANNELS.csv.gz [name=value ...]`, the nodes
 * beside it. The same questions at the same moments in the same world, asked of senders that
 * remember more or less of their payments.
 */
import {
  KINDS,
  type LearningCurve,
  learningCurve,
  percentOf,
  ratioOf,
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

const DEFAULTS = {
  ...STREAM_DEFAULTS,
  payments: '1000',
  amounts: '100000,1000000',
  remembered: '0,10,30,100,300,1000',
  /** Times at which a sender is asked, payments from one to the next, and questions at each. */
  moments: '8',
  apart: '25',
  questions: '50',
};

interface Job extends StreamJob {
  readonly remembered: readonly number[];
  readonly moments: number;
  readonly apart: number;
  readonly questions: number;
}

interface Done extends LearningCurve {
  readonly kind: string;
}

if (!answersAsWorker(worker)) await main();

function worker(file: string): (job: Job) => Done {
  const graph = loadGraph(file);
  const casts = new Casts(graph);
  return (job) => {
    const { pool, person } = casts.of(job);
    const table = tableOptions(job.table);
    return { kind: person.kind.name, ...learningCurve(job, person, { graph, pool, table }) };
  };
}

async function main(): Promise<void> {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined || file.includes('=')) {
    console.error('usage: npm run bench:learning -- CHANNELS.csv.gz [name=value ...]');
    console.error(DEFAULTS);
    process.exit(1);
  }
  const given = settings(args, DEFAULTS);
  const remembered = given.remembered.split(',').map(Number);
  const asking = {
    remembered,
    moments: Number(given.moments),
    apart: Number(given.apart),
    questions: Number(given.questions),
  };
  const size = Number(given.workers);
  const workers = new Workers<Job, Done>({ program: import.meta.filename, file, size });
  const rows = rowsOf(given).map(async (row) => {
    const streams = streamsOf(given, row).map((stream) => workers.run({ ...stream, ...asking }));
    return { title: `${row.model} ${row.amountSat}`, done: await Promise.all(streams) };
  });
  console.log(
    `| balances, sat | senders | possible | ${remembered.join(' | ')} | ${gains(remembered)} |`,
  );
  console.log(`|---|---|---|${'---|'.repeat(2 * remembered.length - 1)}`);
  for (const each of rows) {
    const { title, done } = await each;
    for (const { name } of KINDS) {
      const such = done.filter(({ kind }) => kind === name);
      if (such.length > 0) console.log(line(title, `${such.length} ${name}`, such));
    }
    console.log(line(title, `all ${done.length}`, done));
  }
  workers.stop();
  console.log(
    `\n${asking.moments * asking.questions} questions a sender, ${workers.seconds.toFixed(0)} s`,
  );
}

function gains([none, ...more]: readonly number[]): string {
  return more.map((count) => `${count} over ${none}`).join(' | ');
}

/** In percent: what is possible, first tries that pay by what is remembered, each less the first. */
function line(title: string, who: string, done: readonly Done[]): string {
  const firstTry = ({ points }: Done, i: number): number => points[i]?.firstTry as number;
  const share = (count: (each: Done) => number): string =>
    percentOf(ratioOf(done.map((each) => [count(each), each.questions])));
  const points = (done[0] as Done).points.map((_, i) => i);
  const cells = [
    title,
    who,
    share(({ possible }) => possible),
    ...points.map((i) => share((each) => firstTry(each, i))),
    ...points.slice(1).map((i) => share((each) => firstTry(each, i) - firstTry(each, 0))),
  ];
  return `| ${cells.join(' | ')} |`;
}
