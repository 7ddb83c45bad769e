/**
 * Random payments over random networks in the lab, seed after seed, half of them with power cuts
 * and cut connections: `npx tsx scripts/soak-lab.ts [SEEDS=100] [FIRST=0]`.
 */
import { randomNetwork } from '../test/support/random-network.js';

const [seeds = '100', first = '0'] = process.argv.slice(2);
let [paid, failed, wrong] = [0, 0, 0];
for (let i = Number(first); i < Number(first) + Number(seeds); i++) {
  const began = performance.now();
  const run = await randomNetwork({ seed: `soak ${i}`, faults: i % 2 === 1 });
  paid += run.paid;
  failed += run.failed;
  if (run.wrong.length > 0) wrong++;
  const ms = Math.round(performance.now() - began);
  console.log(
    `seed ${i}: ${run.paid} paid, ${run.failed} not, ${run.digest.slice(0, 16)}, ${ms} ms`,
  );
  for (const line of run.wrong) console.log(`  WRONG ${line}`);
}
console.log(`${seeds} seeds: ${paid} paid, ${failed} not paid, ${wrong} with wrong books`);
process.exitCode = wrong === 0 ? 0 : 1;
