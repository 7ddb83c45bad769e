import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { DiskFiles } from '../../src/adapters/files/disk.js';
import { MemoryFiles } from '../../src/adapters/files/memory.js';
import { filesContract } from './files.js';

const dir = mkdtempSync(join(tmpdir(), 'levin-files-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let folders = 0;
filesContract('on disk', async () => new DiskFiles({ folder: join(dir, `${++folders}`) }));
filesContract('in memory', async () => new MemoryFiles());

it('on disk they are for the owner alone, and nothing is left beside them', async () => {
  const folder = join(dir, 'mode');
  const files = new DiskFiles({ folder });
  await files.write('a', Uint8Array.of(1));
  expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['a']);
});

it('a write that fails is told, and the next one may succeed', async () => {
  const folder = join(dir, 'blocked');
  writeFileSync(folder, 'no folder');
  const files = new DiskFiles({ folder });
  await expect(files.write('a', Uint8Array.of(1))).rejects.toThrow();
  rmSync(folder);
  await files.write('a', Uint8Array.of(2));
  expect(await files.read('a')).toEqual(Uint8Array.of(2));
});
