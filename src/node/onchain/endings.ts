import { type Bytes, type ChannelId, toHex } from '../../core/bytes/index.js';
import type { LiveState } from '../../core/channel/index.js';
import { Ending } from './ending.js';
import type { EndingBlock, EndingsDeps } from './types.js';

/** The channels that end on the chain: BOLT 5, one machine each. */
export class Endings {
  readonly #deps: EndingsDeps;
  readonly #byId = new Map<ChannelId, Ending>();
  readonly #stored = new Map<number, Bytes>();

  constructor(_options: Record<string, never>, deps: EndingsDeps) {
    this.#deps = deps;
  }

  /** Reads what was stored; each ending goes on when its channel says again that it has one. */
  async start(): Promise<void> {
    await this.#deps.wallet.start();
    for (const row of await this.#deps.store.select('closings'))
      this.#stored.set(row.channel_key, row.state);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byId.values()].map((ending) => ending.idle()));
  }

  /** A close of ours was broadcast: it is paid for, where that can be, and watched from now on. */
  leaving(live: LiveState, tx: Bytes): void {
    this.#of(live).seen(tx);
  }

  /** The funding output was spent in a block, which is told next; or it was, before a reorg. */
  closedOnChain(live: LiveState): void {
    const ending = this.#of(live);
    if (live.spent !== undefined && live.spent.height === undefined) ending.seen(live.spent.tx);
  }

  /** A preimage for an HTLC that lies on the chain. */
  preimage(channelId: ChannelId, preimage: Bytes): void {
    this.#byId.get(channelId)?.feed({ kind: 'preimage', preimage });
  }

  has(channelId: ChannelId): boolean {
    return this.#byId.has(channelId);
  }

  /** After a start, once fees are known: what waits is looked at anew. */
  look(): void {
    const height = this.#deps.height();
    for (const ending of this.#byId.values()) ending.feed({ kind: 'block', height });
  }

  /** Rejects where one could not take the block, which none of the others waits for. */
  async connectBlock(block: EndingBlock): Promise<void> {
    const failed: unknown[] = [];
    for (const ending of [...this.#byId.values()])
      await ending.connectBlock(block).catch((error: unknown) => failed.push(error));
    if (failed.length > 0) throw failed[0];
  }

  /** A block of the past, for the endings of these channels alone. */
  async replayBlock(block: EndingBlock, of: ReadonlySet<ChannelId>): Promise<void> {
    for (const [id, ending] of [...this.#byId]) if (of.has(id)) await ending.connectBlock(block);
  }

  async disconnectBlock(height: number): Promise<void> {
    for (const ending of this.#byId.values()) {
      ending.feed({ kind: 'disconnected', height });
      await ending.idle();
    }
  }

  #of(live: LiveState): Ending {
    const id = toHex(live.channelId) as ChannelId;
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const ending = new Ending(id, live, this.#stored.get(live.params.key), {
      ...this.#deps,
      resolved: (channelId) => {
        this.#byId.delete(channelId);
        this.#deps.resolved(channelId);
      },
    });
    this.#byId.set(id, ending);
    return ending;
  }
}
