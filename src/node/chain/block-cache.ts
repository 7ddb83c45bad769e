import { decodeTx, txid } from '../../core/bitcoin/index.js';
import type { BlockHeight, Bytes } from '../../core/bytes/index.js';
import type { Chain } from '../../ports/index.js';
import type { FollowedBlock, ScidUtxo } from './types.js';

const KEPT = 16;
/** Blocks fetched at the same time, so that a burst of gossip does not swamp the source. */
const PARALLEL = 4;

/** Finds outputs by short channel id; keeps the last blocks, since gossip often comes by block. */
export class BlockCache {
  /** Serialized transactions by height; the least recently used first. */
  readonly #blocks = new Map<BlockHeight, Promise<readonly Bytes[] | undefined>>();
  #active = 0;
  readonly #line: (() => void)[] = [];

  constructor(readonly chain: Chain) {}

  add(block: FollowedBlock): void {
    this.#keep(block.height, Promise.resolve(block.txs.map((t) => t.raw)));
  }

  forget(height: BlockHeight): void {
    this.#blocks.delete(height);
  }

  /**
   * The output `output` of transaction `txIndex` of the block at `height`. Nothing where there is
   * no such output or where it is spent. Rejects with `ChainAway`.
   */
  async utxoByScid(
    height: BlockHeight,
    txIndex: number,
    output: number,
  ): Promise<ScidUtxo | undefined> {
    const raw = (await this.#transactions(height))?.[txIndex];
    const tx = raw === undefined ? undefined : decodeTx(raw);
    if (tx?.outputs[output] === undefined) return undefined;
    const id = txid(tx);
    const utxo = await this.chain.utxo(id, output, false);
    return utxo === undefined ? undefined : { txid: id, vout: output, ...utxo };
  }

  async #transactions(height: BlockHeight): Promise<readonly Bytes[] | undefined> {
    const cached = this.#blocks.get(height);
    const found = cached ?? this.#fetch(height);
    this.#keep(height, found);
    const fail = () => {
      if (this.#blocks.get(height) === found) this.#blocks.delete(height);
    };
    if (cached === undefined) found.then((txs) => txs ?? fail(), fail);
    return found;
  }

  #keep(height: BlockHeight, block: Promise<readonly Bytes[] | undefined>): void {
    this.#blocks.delete(height);
    this.#blocks.set(height, block);
    const oldest = this.#blocks.keys().next().value;
    if (this.#blocks.size > KEPT && oldest !== undefined) this.#blocks.delete(oldest);
  }

  async #fetch(height: BlockHeight): Promise<readonly Bytes[] | undefined> {
    if (this.#active >= PARALLEL) await new Promise<void>((go) => this.#line.push(go));
    this.#active++;
    try {
      const hash = await this.chain.blockHash(height);
      const block = hash === undefined ? undefined : await this.chain.block(hash);
      return block?.transactions;
    } finally {
      this.#active--;
      this.#line.shift()?.();
    }
  }
}
