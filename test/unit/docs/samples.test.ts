import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { commands } from '../../../src/rpc/commands/index.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const page = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** The TypeScript in a page, with the package's names made paths. */
const samples = (name: string): string[] =>
  [...page(name).matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) =>
    code
      .replace("'levin/lab'", `'${pathToFileURL(join(ROOT, 'src/lab/index.ts'))}'`)
      .replace("'levin'", `'${pathToFileURL(join(ROOT, 'src/index.ts'))}'`),
  );

describe('the samples in the documents', () => {
  it('docs/lab.md: a payment in the lab, which says what it prints', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'levin-sample-'));
    const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      const file = join(folder, 'sample.mjs');
      writeFileSync(file, samples('docs/lab.md')[0] as string);
      await import(/* @vite-ignore */ pathToFileURL(file).href);
      expect(printed.mock.calls).toEqual([
        [expect.stringMatching(/^[0-9a-f]{64}$/), expect.objectContaining({ putIn: 5_000_000n })],
      ]);
    } finally {
      printed.mockRestore();
      rmSync(folder, { recursive: true });
    }
  });

  it('docs/embedding.md and README.md: every command that they call is one', () => {
    const known = new Set(commands.flatMap(({ name, aliases }) => [name, ...aliases]));
    const called = [
      ...page('docs/embedding.md').matchAll(/node\.call\('(\w+)'/g),
      ...page('docs/lab.md').matchAll(/lab\.rpc\('\w+', '(\w+)'/g),
      ...page('README.md').matchAll(/lightning-cli (?:-\S+ )*([a-z]+)/g),
      ...page('docs/recovery.md').matchAll(/lightning-cli ([a-z]+)/g),
    ].map(([, name]) => name as string);
    expect(called.length).toBeGreaterThan(10);
    expect(called.filter((name) => !known.has(name))).toEqual([]);
  });
});
