/** Options that may change while the node runs; what was set outlives a restart. */
import { fromUtf8, type Sat, sat, utf8 } from '../../core/bytes/index.js';
import type { Store } from '../../ports/index.js';

const MIN_CAPACITY = 'setconfig/min-capacity-sat';

export class DynamicOptions {
  readonly #store: Pick<Store, 'commit' | 'select'>;
  readonly #given: Sat;
  /** In place of what was given. */
  #set: Sat | undefined;

  constructor(options: { readonly minCapacity: Sat }, deps: { readonly store: Store }) {
    this.#given = options.minCapacity;
    this.#store = deps.store;
  }

  async start(): Promise<void> {
    const [row] = await this.#store.select('vars', { where: { name: MIN_CAPACITY } });
    if (row !== undefined) this.#set = sat(Number(fromUtf8(row.value)));
  }

  /** The smallest channel we accept. */
  get minCapacity(): Sat {
    return this.#set ?? this.#given;
  }

  /** Whether that is not what the option says. */
  get isSet(): boolean {
    return this.#set !== undefined;
  }

  /** Nothing: as the option says, from now on. `transient`: until the next start only. */
  async setMinCapacity(value: Sat | undefined, transient: boolean): Promise<void> {
    const where = { name: MIN_CAPACITY };
    const row = { ...where, value: utf8(`${value}`) };
    if (!transient)
      await this.#store.commit([
        value === undefined ? { delete: 'vars', where } : { put: 'vars', row },
      ]);
    this.#set = value;
  }
}
