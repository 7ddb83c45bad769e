import { describe, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/store/sqlite/index.js';
import { type CommitFate, describeCommit, LabStore } from '../../../src/lab/store.js';
import type { Write } from '../../../src/ports/index.js';

const write = (name: string): Write => ({
  put: 'vars',
  row: { name, value: Uint8Array.of(1, 2, 3) },
});

const pending = Symbol('pending');
const outcome = async (promise: Promise<unknown>): Promise<unknown> => {
  const late = new Promise((resolve) => setImmediate(() => resolve(pending)));
  return Promise.race([
    promise.then(
      () => 'done',
      (error) => error,
    ),
    late,
  ]);
};

async function setUp(fates: CommitFate[]) {
  const disk = await openStore({ path: ':memory:', inline: true });
  let deaths = 0;
  const store = new LabStore(disk, {
    decide: () => fates.shift() ?? 'durable',
    die: () => {
      deaths++;
      store.kill();
    },
  });
  const names = async () => (await disk.select('vars')).map(({ name }) => name);
  return { disk, store, names, deaths: () => deaths };
}

describe('the disk of a lab node', () => {
  it('a durable commit is on disk when it ends', async () => {
    const { store, names } = await setUp([]);
    await store.commit([write('a')]);
    expect(await names()).toEqual(['a']);
    expect(await store.select('vars')).toHaveLength(1);
  });

  it('crash before: the disk has nothing, and the commit never ends', async () => {
    const { store, names, deaths } = await setUp(['crash before']);
    expect(await outcome(store.commit([write('a')]))).toBe(pending);
    expect(deaths()).toBe(1);
    expect(await names()).toEqual([]);
  });

  it('crash after: the disk has it, and the commit never ends', async () => {
    const { store, names, deaths } = await setUp(['durable', 'crash after']);
    await store.commit([write('a')]);
    expect(await outcome(store.commit([write('b')]))).toBe(pending);
    expect(deaths()).toBe(1);
    expect(await names()).toEqual(['a', 'b']);
  });

  it('fail: the commit is rejected and the disk has nothing', async () => {
    const { store, names } = await setUp(['fail']);
    await expect(store.commit([write('a')])).rejects.toThrow('disk');
    expect(await names()).toEqual([]);
  });

  it('the dead read and write no more', async () => {
    const { store, names } = await setUp([]);
    store.kill();
    expect(await outcome(store.commit([write('a')]))).toBe(pending);
    expect(await outcome(store.select('vars'))).toBe(pending);
    expect(await names()).toEqual([]);
  });

  it('the trace tells two commits with other values apart', () => {
    expect(describeCommit([write('a'), write('b')])).toMatch(/^put vars x2 [0-9a-f]{16}$/);
    expect(describeCommit([write('a')])).not.toBe(describeCommit([write('b')]));
    expect(describeCommit([{ delete: 'vars', where: { name: 'a' } }])).toMatch(/^delete vars /);
  });
});
