/**
 * The whole table of endings:
 * `npx tsx scripts/endings.ts [--chain=bitcoind] [--told] [depth | all | all-depths] [filter] [part/parts]`.
 *
 * On the embedded chain, or on a real bitcoind. Reorgs after every block: of this depth, of one
 * that goes round from cell to cell (`all`, as without it), or of each depth (`all-depths`).
 * `filter` is a regular expression over the cells' names; `2/3` is the second third of them.
 * `--told` prints every cell, and for a wrong one what happened in it.
 */
import { parseArgs } from 'node:util';
import { EndingsTable } from '../test/support/endings/report.js';
import { runCell } from '../test/support/endings/run.js';
import { type Cell, endings, nameOf } from '../test/support/endings/table.js';
import { labBitcoind } from '../test/support/lab-bitcoind.js';

const { values, positionals } = parseArgs({
  options: {
    chain: { type: 'string', default: 'embedded' },
    told: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const part = positionals.find((word) => /^\d+\/\d+$/.test(word));
const [depth, filter] = positionals.filter((word) => word !== part);
const [number, parts] = (part ?? '1/1').split('/').map(Number) as [number, number];

function* cells(): Generator<Cell> {
  if (depth === 'all-depths') for (let reorg = 1; reorg <= 6; reorg++) yield* endings(reorg);
  else yield* endings(depth === undefined || depth === 'all' ? undefined : Number(depth));
}

const chosen = [...cells()]
  .filter((cell) => new RegExp(filter ?? '').test(nameOf(cell)))
  .filter((_, i) => i % parts === number - 1);

const bitcoind = values.chain === 'bitcoind' ? await labBitcoind() : undefined;
const table = new EndingsTable();
const began = Date.now();

const summary = (): string =>
  `${table.text()}\n${table.summary()}, ${((Date.now() - began) / 1000).toFixed(0)} s`;

// Somebody ends it early: what was found is told all the same.
process.once('SIGTERM', () => {
  console.log(`${summary()}, not all of ${chosen.length}`);
  const done = () => process.exit(1);
  (bitcoind?.stop() ?? Promise.resolve()).then(done, done);
});

async function run(cell: Cell): Promise<void> {
  const start = Date.now();
  try {
    const report = await runCell(cell, await bitcoind?.chain());
    const { wrong, reached, spent, refused, told } = report;
    const verdict = wrong.length > 0 ? 'wrong' : reached ? 'right' : 'no such stage';
    table.add(cell, verdict, refused);
    if (verdict !== 'wrong' && !values.told) return;
    const why = [verdict, ...wrong].join('; ');
    console.log(`${nameOf(cell)}: ${why}, ${spent} sat, ${Date.now() - start} ms`);
    if (verdict === 'wrong' && values.told) console.log(told);
  } catch (error) {
    table.add(cell, 'wrong');
    const { message, stack } = error as Error;
    console.log(`${nameOf(cell)}: wrong; ${message.slice(0, values.told ? 40_000 : 300)}`);
    if (values.told) console.log(stack);
  }
}

for (const cell of chosen) await run(cell);
await bitcoind?.stop();
console.log(summary());
process.exitCode = table.count('wrong') === 0 && chosen.length > 0 ? 0 : 1;
