import { expect, it } from 'vitest';
import { WatchedStore } from '../../../src/node/util/index.js';
import type { CommitOptions, Store } from '../../../src/ports/index.js';
import { ManualClock } from '../../support/wallet-kit.js';

it('a watched store: a commit that need not outlive a power cut does not wait for the disk', async () => {
  const asked: (CommitOptions | undefined)[] = [];
  const store: Store = {
    commit: async (_writes, options) => {
      asked.push(options);
    },
    select: async () => [],
    close: async () => {},
  };
  const watched = new WatchedStore({ store, clock: new ManualClock(), fatal: () => {} });
  await watched.commit([], { lazy: true });
  await watched.commit([]);
  expect(asked).toEqual([{ lazy: true }, undefined]);
});

it('a watched store: a commit that the disk refuses stops the node, and nothing follows it', async () => {
  const fates = ['fails', 'would do'];
  const fatal: unknown[] = [];
  const store: Store = {
    commit: async () => {
      if (fates.shift() === 'fails') throw new Error('full');
    },
    select: async () => [],
    close: async () => {},
  };
  const watched = new WatchedStore({
    ...{ store, clock: new ManualClock() },
    fatal: (error) => fatal.push(error),
  });
  await expect(watched.commit([])).rejects.toThrow('full');
  await expect(watched.commit([])).rejects.toThrow('full');
  expect(fatal).toEqual([new Error('full')]);
  expect(fates).toEqual(['would do']);
});
