import { type Bytes, concat, err, ok, type Result, utf8 } from '../../core/bytes/index.js';
import type { Store } from '../../ports/index.js';
import { Lines } from '../util/index.js';

/** A way down a tree: a place has either a value or children. */
export type DatastoreKey = readonly string[];

export interface DatastoreEntry {
  readonly key: DatastoreKey;
  /** Absent where the place has children. */
  readonly value?: { readonly data: Bytes; readonly generation: number };
}

export type DatastoreMode =
  | 'must-create'
  | 'must-replace'
  | 'create-or-replace'
  | 'must-append'
  | 'create-or-append';

export type DatastoreError =
  | { readonly code: 'exists' | 'missing' | 'has_children' }
  | { readonly code: 'parent_has_value'; readonly parent: DatastoreKey }
  | { readonly code: 'wrong_generation'; readonly generation: number };

interface Value {
  readonly data: Bytes;
  readonly generation: number;
}

/** Small values by key, in the store; in memory from the first use on. */
export class Datastore {
  readonly #store: Pick<Store, 'commit' | 'select'>;
  #values: Promise<Map<string, Value>> | undefined;
  /** One change after another. */
  readonly #line = new Lines<'all'>();

  constructor(deps: { readonly store: Pick<Store, 'commit' | 'select'> }) {
    this.#store = deps.store;
  }

  /** On disk when it resolves. `generation`: what the value there must have. */
  put(
    key: DatastoreKey,
    data: Bytes,
    mode: DatastoreMode,
    generation?: number,
  ): Promise<Result<DatastoreEntry, DatastoreError>> {
    return this.#line.run('all', async () => {
      const values = await this.#load();
      const name = nameOf(key);
      const known = values.get(name);
      if (known === undefined) {
        if (mode === 'must-replace' || mode === 'must-append') return err({ code: 'missing' });
        const parent = key.map((_, i) => key.slice(0, i)).find((up) => values.has(nameOf(up)));
        if (parent !== undefined) return err({ code: 'parent_has_value', parent });
        if ([...values.keys()].some((other) => isBelow(keyOf(other), key)))
          return err({ code: 'has_children' });
      } else if (mode === 'must-create') return err({ code: 'exists' });
      if (generation !== undefined && known?.generation !== generation)
        return err({ code: 'wrong_generation', generation: known?.generation ?? 0 });
      const appends = mode === 'must-append' || mode === 'create-or-append';
      const value = {
        data: appends && known !== undefined ? concat(known.data, data) : data,
        generation: known === undefined ? 0 : known.generation + 1,
      };
      await this.#store.commit([{ put: 'datastore', row: { key: name, ...value } }]);
      values.set(name, value);
      return ok({ key, value });
    });
  }

  /** Deletes a value; answers it as it was. */
  delete(key: DatastoreKey, generation?: number): Promise<Result<DatastoreEntry, DatastoreError>> {
    return this.#line.run('all', async () => {
      const values = await this.#load();
      const name = nameOf(key);
      const value = values.get(name);
      if (value === undefined) return err({ code: 'missing' });
      if (generation !== undefined && value.generation !== generation)
        return err({ code: 'wrong_generation', generation: value.generation });
      await this.#store.commit([{ delete: 'datastore', where: { key: name } }]);
      values.delete(name);
      return ok({ key, value });
    });
  }

  /** The value at a key, or what lies right below it, by name. */
  async list(key: DatastoreKey = []): Promise<DatastoreEntry[]> {
    const values = await this.#load();
    const own = values.get(nameOf(key));
    if (own !== undefined) return [{ key, value: own }];
    const children = new Map<string, DatastoreEntry>();
    for (const [name, value] of values) {
      const below = keyOf(name);
      if (!isBelow(below, key)) continue;
      const child = below.slice(0, key.length + 1);
      children.set(
        nameOf(child),
        child.length === below.length ? { key: child, value } : { key: child },
      );
    }
    return [...children.values()].sort((a, b) =>
      (a.key.at(-1) ?? '') < (b.key.at(-1) ?? '') ? -1 : 1,
    );
  }

  /** Bytes of all values at and below a key, their keys counted. */
  async usage(key: DatastoreKey = []): Promise<number> {
    let bytes = 0;
    for (const [name, { data }] of await this.#load()) {
      const own = keyOf(name);
      if (name === nameOf(key) || isBelow(own, key))
        bytes += data.length + own.reduce((sum, part) => sum + utf8(part).length, own.length - 1);
    }
    return bytes;
  }

  #load(): Promise<Map<string, Value>> {
    this.#values ??= this.#store
      .select('datastore')
      .then(
        (rows) => new Map(rows.map(({ key, data, generation }) => [key, { data, generation }])),
      );
    return this.#values;
  }
}

const nameOf = (key: DatastoreKey): string => JSON.stringify(key);
const keyOf = (name: string): DatastoreKey => JSON.parse(name);
const isBelow = (key: DatastoreKey, above: DatastoreKey): boolean =>
  key.length > above.length && above.every((part, i) => part === key[i]);
