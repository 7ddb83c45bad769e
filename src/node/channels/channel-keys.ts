import type { Store } from '../../ports/index.js';

const NAME = 'next_channel_key';

/** Hands out the number that names a channel's keys to the signer: never the same one twice. */
export class ChannelKeys {
  readonly #store: Store;
  #next = 1;

  constructor(store: Store) {
    this.#store = store;
  }

  async start(): Promise<void> {
    const rows = await this.#store.select('vars', { where: { name: NAME } });
    const value = rows[0]?.value;
    if (value !== undefined) this.#next = Buffer.from(value).readUInt32BE();
  }

  /** On disk before it is answered, so that a crash cannot make it be given again. */
  async take(): Promise<number> {
    const key = this.#next++;
    const value = Buffer.alloc(4);
    value.writeUInt32BE(this.#next);
    await this.#store.commit([{ put: 'vars', row: { name: NAME, value } }]);
    return key;
  }
}
