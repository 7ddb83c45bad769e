/**
 * Runs the specification's test vectors and writes docs/vectors.md from what passed.
 *     npx tsx scripts/vectors.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { casesOf, PAGE, SOURCES, type Source, VECTORS } from '../test/support/vector-table.js';

interface Assertion {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly Assertion[];
  }[];
}

const ABSENT: readonly (readonly [string, string])[] = [
  ['BOLT 2, `splicing-test.md`', 'Levin does not splice.'],
  [
    'BOLT 3, Appendix A: the funding transaction; Appendix G: dual funding',
    'Levin opens channels with version 1, where one side funds.',
  ],
  [
    'BOLT 7, `extended-queries.json`: five messages with zlib',
    'BOLT 7 has since forbidden that encoding. They are run all the same, and must be refused.',
  ],
  ['BOLT 10, Examples', 'Levin does not look for peers in the DNS.'],
  [
    'BOLT 12, `format-string-test.json`, `offers-test.json`, `signature-test.json`',
    'Levin has no offers.',
  ],
];

function run(): Report {
  const folder = mkdtempSync(join(tmpdir(), 'levin-vectors-'));
  const file = join(folder, 'report.json');
  const cwd = resolve(import.meta.dirname, '..');
  const args = ['vitest', 'run', 'test/vectors', '--reporter=json', `--outputFile=${file}`];
  const { status } = spawnSync('npx', args, { cwd, stdio: 'inherit' });
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  rmSync(folder, { recursive: true });
  if (status !== 0) console.error('some vectors fail');
  return report;
}

/** Cases that passed: by name where each has its test, else all or none. */
function passed(source: Source, report: Report): number {
  const path = join(VECTORS, source.test);
  const tests = report.testResults.find((f) => f.name === path)?.assertionResults ?? [];
  const { cases } = casesOf(source);
  const counts = source.suites.map((suite) => {
    const own = tests.filter((t) => t.ancestorTitles[0] === suite);
    const good = own.filter((t) => t.status === 'passed');
    if (source.each === undefined) return own.length > 0 && good.length === own.length ? cases : 0;
    return good.filter((t) => source.each?.test(t.title)).length;
  });
  return Math.min(...counts);
}

const report = run();
const rows = SOURCES.map((source) => ({
  source,
  ...casesOf(source),
  passed: passed(source, report),
}));
const total = (of: 'cases' | 'passed') => rows.reduce((sum, row) => sum + row[of], 0);

const page = `# The specification's test vectors

Written by \`scripts/vectors.ts\`, which runs \`test/vectors\` and counts. The data is that of the
appendices and files of the BOLTs; a case is what the third column names.

| source | data | what | cases | passed | run by |
|---|---|---|---:|---:|---|
${rows
  .map(
    ({ source, words, cases, passed }) =>
      `| ${source.source} | ${link(source.file)} | ${words} | ${cases} | ${passed} | ${link(source.test)} |`,
  )
  .join('\n')}
| **together** | | | **${total('cases')}** | **${total('passed')}** | |

## Does not apply
| source | why |
|---|---|
${ABSENT.map(([source, why]) => `| ${source} | ${why} |`).join('\n')}

BOLTs 0, 2 (but for splicing), 5 (but for weights) and 9 have no vectors.
`;

function link(file: string): string {
  return `[${file}](../test/vectors/${file})`;
}

writeFileSync(PAGE, page);
console.log(`${total('passed')} of ${total('cases')} cases passed: docs/vectors.md`);
process.exitCode = rows.every((row) => row.passed === row.cases) ? 0 : 1;
