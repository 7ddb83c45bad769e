import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../../src/adapters/store/sqlite/index.js';

const dir = mkdtempSync(join(tmpdir(), 'levin-durable-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const WRITER = resolve(import.meta.dirname, '../../../support/store-writer.ts');
const KILLS = 5;

/** Runs the writer, kills it `ms` after its store is open, and answers what it acknowledged. */
function killedAfter(path: string, ms: number): Promise<Map<string, number>> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, path, '5'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged = new Map<string, number>();
  let rest = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      const [name = '', n] = line.split(' ');
      if (name === 'open') setTimeout(() => child.kill('SIGKILL'), ms);
      else acknowledged.set(name, Number(n));
    }
  });
  return new Promise((done) => child.on('close', () => done(acknowledged)));
}

describe('a store whose process is killed', () => {
  it(`has every commit that was acknowledged, whole, after ${KILLS} kills`, async () => {
    const path = join(dir, 'killed.sqlite3');
    let commits = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const acknowledged = await killedAfter(path, (kill * 37) % 150);
      const store = await openStore({ path });
      const rows = await store.select('vars');
      await store.close();
      const kept = new Map(rows.map((row) => [row.name, Number(Buffer.from(row.value))]));
      for (const [name, n] of acknowledged) {
        expect(kept.get(name)).toBeGreaterThanOrEqual(n);
        commits += 1;
      }
      // The two writes of a commit came together or not at all.
      for (const [name, n] of kept)
        if (!name.endsWith('twin')) expect(kept.get(`${name} twin`)).toBe(n);
    }
    expect(commits).toBeGreaterThan(0);
  }, 60_000);
});
