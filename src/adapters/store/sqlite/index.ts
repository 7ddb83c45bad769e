/** The Store port on SQLite: one file a node, durable commits. */
import type { Store } from '../../../ports/index.js';
import { InlineStore } from './inline-store.js';
import { WorkerStore } from './worker-store.js';

export { StoreError, type StoreErrorCode } from './errors.js';

export interface StoreOptions {
  /** The file, made where there is none; `:memory:` only with `inline`. */
  readonly path: string;
  /** On the caller's thread, in the order of the calls: for the lab and for tests. */
  readonly inline?: boolean;
}

/**
 * Opens a node's store, and brings an older file to this version's schema. Rejects with a
 * `StoreError`: the file is in use, damaged, from a newer version, or cannot be written.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  if (options.inline || options.path === ':memory:') return new InlineStore(options.path);
  return WorkerStore.open(options.path);
}
