import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { casesOf, PAGE, SOURCES, VECTORS } from '../../support/vector-table.js';

const page = readFileSync(PAGE, 'utf8');

/** The cells of the row of each source. */
const rows = new Map(
  page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '))
    .map((cells) => [cells[0], cells]),
);

describe('docs/vectors.md (else: npx tsx scripts/vectors.ts)', () => {
  it.each(SOURCES)('counts the cases of $source, and all passed', (source) => {
    const { words, cases } = casesOf(source);
    const [, , what, count, passed] = rows.get(source.source) ?? [];
    expect([what, Number(count), Number(passed)]).toEqual([words, cases, cases]);
  });

  it('adds them up', () => {
    const sum = SOURCES.reduce((total, source) => total + casesOf(source).cases, 0);
    expect(page).toContain(`| **together** | | | **${sum}** | **${sum}** | |`);
  });

  it('names every file of vectors and every test of them', () => {
    const named = new Set(SOURCES.flatMap(({ file, test }) => [file, test]));
    for (const folder of readdirSync(VECTORS).filter((name) => name.startsWith('bolt')))
      for (const name of readdirSync(join(VECTORS, folder)))
        if (/\.(json|test\.ts)$/.test(name)) expect(named).toContain(`${folder}/${name}`);
  });
});
