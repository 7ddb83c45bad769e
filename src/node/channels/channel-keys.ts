import type { Entropy, Store } from '../../ports/index.js';

const NAME = 'next_channel_key';
/** Numbers below are for a seed's first store; one that lost its store goes on far above them. */
const FIRST_OF_OLD_SEED = 1 << 24;

export interface ChannelKeysOptions {
  /** The seed is older than the store: numbers it gave out before are not known here. */
  readonly seedIsOld: boolean;
}

/** Hands out the number that names a channel's keys to the signer: never the same one twice. */
export class ChannelKeys {
  readonly #options: ChannelKeysOptions;
  readonly #deps: { readonly store: Store; readonly entropy: Entropy };
  #next = 1;

  constructor(
    options: ChannelKeysOptions,
    deps: { readonly store: Store; readonly entropy: Entropy },
  ) {
    this.#options = options;
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const rows = await this.#deps.store.select('vars', { where: { name: NAME } });
    const value = rows[0]?.value;
    if (value !== undefined) {
      this.#next = Buffer.from(value).readUInt32BE();
      return;
    }
    // BOLT 3: whoever knows per-commitment secrets of a lost channel must not meet them again.
    if (this.#options.seedIsOld) {
      const random = Buffer.from(this.#deps.entropy.bytes(4)).readUInt32BE() >>> 1;
      this.#next = FIRST_OF_OLD_SEED + random;
    }
    await this.#write();
  }

  /** On disk before it is answered, so that a crash cannot make it be given again. */
  async take(): Promise<number> {
    const key = this.#next++;
    await this.#write();
    return key;
  }

  /** This number was given out before, by a store that was lost. */
  async isUsed(key: number): Promise<void> {
    if (key < this.#next) return;
    this.#next = key + 1;
    await this.#write();
  }

  #write(): Promise<void> {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(this.#next);
    return this.#deps.store.commit([{ put: 'vars', row: { name: NAME, value } }]);
  }
}
