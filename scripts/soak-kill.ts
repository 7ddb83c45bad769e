/**
 * Kills daemons with -9 at random moments while payments run over two hops, then compares the
 * books: `npx tsx scripts/soak-kill.ts [KILLS=200] [SEED] [harsh]`. `harsh`: also all at
 * once, and while they start. Exit status 0: all is well.
 */
import { killSoak } from '../test/support/kill-soak.js';

const [kills = '200', seed = String(Date.now()), how] = process.argv.slice(2);
console.log(`${kills} kills, seed ${seed}`);
const report = await killSoak({
  kills: Number(kills),
  seed,
  harsh: how === 'harsh',
  log: console.log,
});
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.wrong.length === 0 ? 0 : 1;
