import { decodeLayer, encodeLayer, type Layer, newLayer } from '../../core/routing/index.js';
import type { Logger, Store, Write } from '../../ports/index.js';

/** The layer that stands for what payments taught this node: it is always there. */
export const LEARNED_LAYER = 'xpay';
/** Names that `getroutes` gives a meaning of its own. */
export const AUTO_LAYERS = {
  localChannels: 'auto.localchans',
  sourceFree: 'auto.sourcefree',
  oneWay: 'auto.no_mpp_support',
  includeFees: 'auto.include_fees',
} as const;
const AUTO: readonly string[] = Object.values(AUTO_LAYERS);

/** The layers that tools have made, by name; those that are to persist are in the store. */
export class Layers {
  readonly #layers = new Map<string, Layer>();
  readonly #deps: { readonly store: Pick<Store, 'commit' | 'select'>; readonly log: Logger };

  constructor(deps: { readonly store: Pick<Store, 'commit' | 'select'>; readonly log: Logger }) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    for (const { name, data } of await this.#deps.store.select('layers')) {
      const layer = decodeLayer(data);
      if (layer === undefined)
        this.#deps.log.warn('a stored layer cannot be read; it is left out', { name });
      else this.#layers.set(layer.name, layer);
    }
  }

  get(name: string): Layer | undefined {
    return this.#layers.get(name);
  }

  /** In the order in which they were made. */
  list(): readonly Layer[] {
    return [...this.#layers.values()];
  }

  /** Whether `getroutes` knows the name. */
  knows(name: string): boolean {
    return this.#layers.has(name) || name === LEARNED_LAYER || AUTO.includes(name);
  }

  /** A new, empty layer; resolves when one that is to persist is on disk. */
  async create(name: string, persistent: boolean): Promise<Layer> {
    const layer = newLayer(name, persistent);
    await this.put(layer);
    return layer;
  }

  /** Puts a layer in the place of what had its name. */
  async put(layer: Layer): Promise<void> {
    this.#layers.set(layer.name, layer);
    const { name } = layer;
    if (layer.persistent)
      await this.#write({ put: 'layers', row: { name, data: encodeLayer(layer) } });
  }

  async remove(name: string): Promise<void> {
    const persistent = this.#layers.get(name)?.persistent === true;
    this.#layers.delete(name);
    if (persistent) await this.#write({ delete: 'layers', where: { name } });
  }

  #write(write: Write): Promise<void> {
    return this.#deps.store.commit([write]);
  }
}
