/** The payment simulator's table: `npm run bench:simulate -- CHANNELS.csv.gz [payments]`. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseGraphCsv } from '../src/core/routing/index.js';
import { RouteSender, SENDERS, simulate } from '../src/lab/simulator/index.js';

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

for (const model of models.split(',') as ('uniform' | 'bimodal')[])
  for (const amountSat of amounts.split(',').map(Number))
    for (const [name, options] of Object.entries(SENDERS)) {
      const begun = performance.now();
      const tally = simulate(
        {
          model,
          amountSat,
          payments: Number(count),
          senders: 10,
          seed: 7,
          secondsBetween: 10,
          stirred: 5,
        },
        { graph, sender: (deps) => new RouteSender(options, deps) },
      );
      const percent = (part: number): string => `${((100 * part) / tally.payments).toFixed(1)} %`;
      const rates = [tally.firstTryEarly, tally.firstTryLate].map((r) => `${(100 * r).toFixed(0)}`);
      console.log(
        `${model} ${amountSat} sat, ${name}: possible ${percent(tally.possible)}, paid ${percent(tally.paid)}, at the first try ` +
          `${percent(tally.firstTry)} (${rates.join(' -> ')}), ` +
          `${(tally.attempts / tally.payments).toFixed(2)} attempts, ${tally.feePpm.toFixed(0)} ppm ` +
          `(${((performance.now() - begun) / tally.attempts).toFixed(2)} ms an attempt)`,
      );
    }
