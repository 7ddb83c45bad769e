import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../../src/adapters/store/sqlite/index.js';
import { migrations } from '../../../../src/adapters/store/sqlite/migrations.js';
import { schema } from '../../../../src/adapters/store/sqlite/schema.js';
import { channelRow } from '../../../contract/store.js';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'levin-files-'));
  path = join(dir, 'lightningd.sqlite3');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const made = async (): Promise<void> => {
  const store = await openStore({ path, inline: true });
  await store.commit([{ put: 'channels', row: channelRow(1, new Uint8Array(3000)) }]);
  await store.close();
};

describe("the store's file", () => {
  it('is for its owner alone, and one file when it is closed', async () => {
    await made();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  it('has the tables, columns, keys and indexes that are declared', async () => {
    await made();
    const db = new DatabaseSync(path);
    const all = (sql: string) => db.prepare(sql).all() as Record<string, unknown>[];
    const types = { int: 'INTEGER', big: 'INTEGER', text: 'TEXT', blob: 'BLOB' };
    for (const [table, declared] of Object.entries(schema)) {
      const columns = all(`PRAGMA table_info(${table})`);
      expect(columns.map((c) => [c['name'], c['type'], c['notnull']])).toEqual(
        Object.entries(declared.columns).map(([name, kind]) => [
          name,
          types[(kind as string).replace('?', '') as keyof typeof types],
          (kind as string).endsWith('?') ? 0 : 1,
        ]),
      );
      const key = columns.filter((c) => c['pk']).sort((a, b) => Number(a['pk']) - Number(b['pk']));
      expect(key.map((c) => c['name'])).toEqual([...declared.key]);
      const indexes = all(`PRAGMA index_list(${table})`)
        .filter((i) => i['origin'] === 'c')
        .map((i) => {
          const of = all(`PRAGMA index_info(${i['name']})`).map((c) => c['name']);
          return `${i['unique'] ? 'unique ' : ''}${of.join(',')}`;
        });
      const { unique = [], indexes: plain = [] } = declared as unknown as {
        unique?: string[][];
        indexes?: string[][];
      };
      const wanted = [
        ...unique.map((c) => `unique ${c.join(',')}`),
        ...plain.map((c) => c.join(',')),
      ];
      expect(indexes.sort()).toEqual(wanted.sort());
    }
    const names = all("SELECT name FROM sqlite_master WHERE type = 'table'").map((t) => t['name']);
    expect(names.sort()).toEqual(Object.keys(schema).sort());
    db.close();
  });

  it('of a newer version is refused, and left as it is', async () => {
    await made();
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    db.close();
    const before = readFileSync(path);
    for (const inline of [true, false])
      await expect(openStore({ path, inline })).rejects.toMatchObject({
        code: 'newer_schema',
        message: expect.stringContaining('written by a newer version of this program'),
      });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('that is another program’s is refused', async () => {
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE foreign_table (a)');
    db.close();
    await expect(openStore({ path })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('not one of this program'),
    });
  });

  it('that is damaged is refused, or fails the select that meets the damage', async () => {
    writeFileSync(path, 'no database at all'.repeat(500));
    await expect(openStore({ path })).rejects.toMatchObject({ code: 'corrupt' });
    rmSync(path);
    await made();
    const bytes = readFileSync(path);
    const page = Math.floor(bytes.indexOf('CHANNELD_NORMAL') / 4096) * 4096;
    bytes.fill(0xff, page, page + 100);
    writeFileSync(path, bytes);
    const store = await openStore({ path });
    await expect(store.select('channels')).rejects.toMatchObject({ code: 'corrupt' });
    await expect(store.commit([])).rejects.toMatchObject({ code: 'corrupt' });
    await store.close();
  });

  it('in a place that is not there, or is a directory, is refused', async () => {
    await expect(openStore({ path: join(dir, 'no', 'file') })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('ENOENT'),
    });
    await expect(openStore({ path: dir })).rejects.toMatchObject({ code: 'io' });
  });

  it('on a full disk rejects the commit and all that follow, and keeps what was acknowledged', async () => {
    await made();
    // A limit on the size of files, in KiB, does what a full disk does.
    const writer = resolve(import.meta.dirname, '../../../support/store-writer.ts');
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((done) => {
      const command = `ulimit -f 400; exec "${process.execPath}" --import tsx "${writer}" "${path}"`;
      execFile('bash', ['-c', command], (_, stdout, stderr) => done({ stdout, stderr }));
    });
    expect(stderr).toMatch(/lightningd\.sqlite3: the disk (is full|failed)/);
    const last = Number(/(\d+)\n$/.exec(stdout)?.[1]);
    expect(last).toBeGreaterThan(0);
    const store = await openStore({ path });
    const [row] = await store.select('vars', { where: { name: 'lane0' } });
    expect(Number(Buffer.from(row?.value ?? []))).toBe(last);
    await store.close();
  });
});
