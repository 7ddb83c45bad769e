/**
 * The payment simulator's table: `npm run bench:simulate -- CHANNELS.csv.gz [name=value ...]`,
 * the nodes beside it. Each sender's stream is a job; workers take them one after the other.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Graph } from '../src/core/gossip/index.js';
import {
  DEFAULT_FADING,
  DEFAULT_PENALTY,
  parseGraphCsv,
  type RouteTableOptions,
} from '../src/core/routing/index.js';
import {
  type BalanceModel,
  castOf,
  METHODS,
  type PayeeLaw,
  type StreamOptions,
  simulate,
  sumOf,
  type Tally,
} from '../src/lab/simulator/index.js';

const DEFAULTS = {
  payments: '300',
  senders: '10',
  models: 'uniform,bimodal',
  amounts: '1000,10000,100000,1000000',
  methods: Object.keys(METHODS).join(';'),
  payees: 'zipf',
  seed: '7',
  forwards: '12',
  /** 1: others pay back what the sender moves. */
  counterflow: '0',
  workers: '2',
  /** 0: not to ask what was possible, for the time of the attempts alone. */
  possible: '1',
  /** What the route tables that learn are to have in place of the defaults: a=1,b=2. */
  table: '',
};

interface Job extends StreamOptions {
  readonly method: string;
  readonly senders: number;
  readonly sender: number;
  readonly table: string;
}

interface Done {
  readonly tally: Tally;
  readonly kind: string;
  /** Of a processor. */
  readonly ms: number;
}

const HEAD = `| balances, sat | by | paid | left, in one part; in parts | gone | first try | by thirds | attempts | parts | fees | ms |
|---|---|---|---|---|---|---|---|---|---|---|`;

if (process.send === undefined) await main();
else work(process.argv[2] as string);

function settings(args: readonly string[]): Record<keyof typeof DEFAULTS, string> {
  const given = Object.fromEntries(args.map((arg) => arg.split(/=(.*)/s).slice(0, 2)));
  for (const name of Object.keys(given))
    if (!(name in DEFAULTS))
      throw new Error(`no setting ${name}: there are ${Object.keys(DEFAULTS)}`);
  return { ...DEFAULTS, ...given };
}

function tableOptions(text: string): RouteTableOptions {
  const numbers: Record<string, number> = {};
  for (const part of text.split(',').filter((part) => part !== '')) {
    const [name, value] = part.split('=') as [string, string];
    if (!(name in DEFAULT_PENALTY) && !(name in DEFAULT_FADING)) throw new Error(`no ${name}`);
    numbers[name] = Number(value);
  }
  return { penalty: numbers, fading: numbers };
}

function loadGraph(file: string): Graph {
  const text = (path: string): string => {
    const data = readFileSync(path);
    return (path.endsWith('.gz') ? gunzipSync(data) : data).toString();
  };
  const nodes = join(dirname(file), `nodes.csv${file.endsWith('.gz') ? '.gz' : ''}`);
  const parsed = parseGraphCsv(text(file), text(nodes));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value.graph;
}

function work(file: string): void {
  const graph = loadGraph(file);
  let cast: { readonly key: string; readonly of: ReturnType<typeof castOf> } | undefined;
  process.on('message', (job: Job) => {
    const key = `${job.model} ${job.amountSat} ${job.seed} ${job.senders}`;
    if (cast?.key !== key) cast = { key, of: castOf(job, job.senders, graph) };
    const { pool, people } = cast.of;
    const person = people[job.sender] as (typeof people)[number];
    const make = METHODS[job.method] as (typeof METHODS)[string];
    const table = tableOptions(job.table);
    const before = process.cpuUsage();
    const tally = simulate(job, person, { graph, pool, sender: (deps) => make(table, deps) });
    const { user, system } = process.cpuUsage(before);
    process.send?.({ tally, kind: person.kind.name, ms: (user + system) / 1000 } satisfies Done);
  });
}

async function main(): Promise<void> {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined || file.includes('=')) {
    console.error('usage: npm run bench:simulate -- CHANNELS.csv.gz [name=value ...]');
    console.error(DEFAULTS);
    process.exit(1);
  }
  const { models, amounts, methods, workers, ...rest } = settings(args);
  const names = methods.split(';');
  const run = pool(file, Number(workers));
  console.log(HEAD);
  const begun = performance.now();
  let attempts = 0;
  for (const model of models.split(',') as BalanceModel[])
    for (const amountSat of amounts.split(',').map(Number)) {
      const jobs = names.flatMap((method) =>
        Array.from({ length: Number(rest.senders) }, (_, sender): Job => {
          const { payments, senders, seed, forwards, counterflow, payees, possible, table } = rest;
          return {
            ...{ method, model, amountSat, sender, table },
            payees: payees as PayeeLaw,
            payments: Number(payments),
            senders: Number(senders),
            seed: Number(seed),
            forwardsPerDay: Number(forwards),
            counterflow: counterflow !== '0',
            asksPossible: possible !== '0',
          };
        }),
      );
      const done = await Promise.all(jobs.map(run));
      const rows = names.map((name) => done.filter((_, i) => jobs[i]?.method === name));
      const base = sumOf((rows[0] as Done[]).map(({ tally }) => tally));
      rows.forEach((row, i) => {
        console.log(line(`${model} ${amountSat}`, names[i] as string, row, base));
        for (const { tally } of row) attempts += tally.attempts;
      });
    }
  run.stop();
  const seconds = (performance.now() - begun) / 1000;
  console.log(`\n${attempts} attempts in ${seconds.toFixed(0)} s with ${workers} workers`);
}

/** Hands jobs to processes as they become free. */
function pool(file: string, size: number) {
  const waiting: { readonly job: Job; readonly end: (done: Done) => void }[] = [];
  const start = (): ChildProcess => {
    const child = fork(import.meta.filename, [file], { serialization: 'advanced' });
    child.on('exit', (code) => {
      if (code !== null && code !== 0) process.exit(code);
    });
    return child;
  };
  const all = Array.from({ length: size }, start);
  const free = [...all];
  const next = (): void => {
    while (free.length > 0 && waiting.length > 0) {
      const child = free.pop() as ChildProcess;
      const { job, end } = waiting.shift() as (typeof waiting)[number];
      child.once('message', (done) => {
        free.push(child);
        end(done as Done);
        next();
      });
      child.send(job);
    }
  };
  const run = (job: Job): Promise<Done> =>
    new Promise((end) => {
      waiting.push({ job, end });
      next();
    });
  const stop = (): void => {
    for (const child of all) child.disconnect();
  };
  return Object.assign(run, { stop });
}

function line(row: string, name: string, done: readonly Done[], base: Tally): string {
  const tally = sumOf(done.map((each) => each.tally));
  const percent = (part: number, whole = tally.payments): string =>
    `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
  const left = ({ payments, paid, notInOne }: Tally): number => payments - paid - notInOne;
  const inParts = tally.payments - tally.paid - tally.notInParts;
  const ms = done.reduce((sum, each) => sum + each.ms, 0) / tally.attempts;
  const cells = [
    row,
    name,
    percent(tally.paid),
    `${percent(left(tally))}; ${percent(inParts)}`,
    tally === base ? '' : percent(left(base) - left(tally), left(base)),
    percent(tally.firstTry),
    tally.thirds.map((third) => percent(third.firstTry, third.possible)).join(', '),
    (tally.attempts / tally.payments).toFixed(2),
    (tally.parts / Math.max(1, tally.paid)).toFixed(2),
    ratio(tally, base),
    ms.toFixed(2),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Fees of one way against another's, over the payments that both made. */
function ratio(ours: Tally, theirs: Tally): string {
  let [a, b] = [0, 0];
  ours.fees.forEach((fee, i) => {
    const other = theirs.fees[i] as number;
    if (Number.isNaN(fee) || Number.isNaN(other)) return;
    a += fee;
    b += other;
  });
  return b === 0 ? '-' : (a / b).toFixed(2);
}
