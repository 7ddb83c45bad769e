/**
 * The whole table of endings on the lab: `npx tsx scripts/endings.ts [depth of reorgs] [filter]`.
 */

import { runCell } from '../test/support/endings/run.js';
import { endings, nameOf } from '../test/support/endings/table.js';

const [depth, filter] = process.argv.slice(2);
let [done, missing, bad] = [0, 0, 0];
const began = Date.now();
for (const cell of endings(depth === undefined || depth === 'all' ? undefined : Number(depth))) {
  const name = nameOf(cell);
  if (filter !== undefined && !new RegExp(filter).test(name)) continue;
  const start = Date.now();
  try {
    const { wrong, reached, spent, told } = await runCell(cell);
    done++;
    if (!reached) missing++;
    const verdict =
      wrong.length > 0 ? `WRONG ${wrong.join('; ')}` : reached ? 'right' : 'no such stage';
    console.log(`${name}: ${verdict}, ${spent} sat, ${Date.now() - start} ms`);
    if (wrong.length > 0) bad++;
    if (wrong.length > 0 && process.env['TOLD']) console.log(told);
  } catch (error) {
    bad++;
    console.log(
      `${name}: ${(error as Error).message.slice(0, process.env['TOLD'] ? 20_000 : 300)}`,
    );
    if (process.env['TOLD']) console.log((error as Error).stack);
  }
}
console.log(
  `${done} cells, ${missing} without such a stage, ${bad} wrong, ${(Date.now() - began) / 1000} s`,
);
process.exitCode = bad === 0 ? 0 : 1;
