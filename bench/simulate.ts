/** The payment simulator's table: `npm run bench:simulate -- CHANNELS.csv.gz [payments]`. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseGraphCsv } from '../src/core/routing/index.js';
import {
  PartSender,
  RouteSender,
  SENDERS,
  type Sender,
  type SenderDeps,
  simulate,
  type Tally,
} from '../src/lab/simulator/index.js';

const [
  channels,
  count = '1000',
  models = 'uniform,bimodal',
  amounts = '1000,10000,100000,1000000',
] = process.argv.slice(2);
if (channels === undefined) {
  console.error('usage: npm run bench:simulate -- CHANNELS.csv.gz [payments] [models] [amounts]');
  process.exit(1);
}
const text = (file: string): string => {
  const data = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(data) : data).toString();
};
const parsed = parseGraphCsv(text(channels), text(join(dirname(channels), 'nodes.csv.gz')));
if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
const { graph } = parsed.value;

const senders: Record<string, (deps: SenderDeps) => Sender> = {};
for (const [name, options] of Object.entries(SENDERS))
  senders[name] = (deps) => new RouteSender(options, deps);
senders['pay'] = (deps) => new PartSender({ rounds: 5, maxFeePpm: 20_000, maxParts: 20 }, deps);

/** Fees of one sender against another's, over the payments that both made. */
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

for (const model of models.split(',') as ('uniform' | 'bimodal')[])
  for (const amountSat of amounts.split(',').map(Number)) {
    let base: Tally | undefined;
    for (const [name, sender] of Object.entries(senders)) {
      const begun = performance.now();
      const options = { senders: 10, seed: 7, secondsBetween: 10, stirred: 5 };
      const tally = simulate(
        { model, amountSat, payments: Number(count), ...options },
        { graph, sender },
      );
      base ??= tally;
      const percent = (part: number): string => `${((100 * part) / tally.payments).toFixed(1)} %`;
      const rates = [tally.firstTryEarly, tally.firstTryLate].map((r) => `${(100 * r).toFixed(0)}`);
      console.log(
        `${model} ${amountSat} sat, ${name}: possible in one part ${percent(tally.possible)}, paid ` +
          `${percent(tally.paid)}, at the first try ${percent(tally.firstTry)} ` +
          `(${rates.join(' -> ')}), ${(tally.attempts / tally.payments).toFixed(2)} attempts, ` +
          `${tally.partsPerPayment.toFixed(2)} parts, ${tally.feePpm.toFixed(0)} ppm, ` +
          `${ratio(tally, base)} times the first one's fees, ` +
          `${((performance.now() - begun) / Math.max(1, tally.attempts)).toFixed(2)} ms an attempt`,
      );
    }
  }
