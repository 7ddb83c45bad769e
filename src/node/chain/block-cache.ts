import { decodeTx, txid } from '../../core/bitcoin/index.js';
import { type BlockHeight, type Bytes, concat } from '../../core/bytes/index.js';
import type { Chain } from '../../ports/index.js';
import type { FollowedBlock, ScidUtxo } from './types.js';

/** About 100 kB each on mainnet. */
const KEPT = 64;
/** Blocks asked for at the same time: bitcoind answers others meanwhile. */
const PARALLEL = 3;
const TXID = 32;

/**
 * Finds outputs by short channel id. Of a block only the ids of its transactions are kept; gossip
 * often comes by block, so that the last ones are asked for again.
 */
export class BlockCache {
  /** The ids by height; the least recently used first. */
  readonly #blocks = new Map<BlockHeight, Promise<Bytes | undefined>>();
  #active = 0;
  readonly #line: (() => void)[] = [];

  constructor(readonly chain: Chain) {}

  add(block: FollowedBlock): void {
    this.#keep(block.height, Promise.resolve(concat(...block.txs.map((t) => t.txid))));
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
    const txids = await this.#txids(height);
    if (txids === undefined || (txIndex + 1) * TXID > txids.length) return undefined;
    const id = txids.slice(txIndex * TXID, (txIndex + 1) * TXID);
    const utxo = await this.chain.utxo(id, output, false);
    return utxo === undefined ? undefined : { txid: id, vout: output, ...utxo };
  }

  async #txids(height: BlockHeight): Promise<Bytes | undefined> {
    const cached = this.#blocks.get(height);
    const found = cached ?? this.#fetch(height);
    this.#keep(height, found);
    const fail = () => {
      if (this.#blocks.get(height) === found) this.#blocks.delete(height);
    };
    if (cached === undefined) found.then((txids) => txids ?? fail(), fail);
    return found;
  }

  #keep(height: BlockHeight, block: Promise<Bytes | undefined>): void {
    this.#blocks.delete(height);
    this.#blocks.set(height, block);
    const oldest = this.#blocks.keys().next().value;
    if (this.#blocks.size > KEPT && oldest !== undefined) this.#blocks.delete(oldest);
  }

  async #fetch(height: BlockHeight): Promise<Bytes | undefined> {
    // Whoever leaves gives his place to the next in line.
    if (this.#active >= PARALLEL) await new Promise<void>((go) => this.#line.push(go));
    else this.#active++;
    try {
      const hash = await this.chain.blockHash(height);
      return hash === undefined ? undefined : await this.#idsOf(hash);
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#active--;
      else next();
    }
  }

  async #idsOf(hash: Bytes): Promise<Bytes | undefined> {
    if (this.chain.txids !== undefined) return this.chain.txids(hash);
    const block = await this.chain.block(hash);
    if (block === undefined) return undefined;
    const ids = block.transactions.map((raw) => {
      const tx = decodeTx(raw);
      return tx === undefined ? new Uint8Array(TXID) : txid(tx);
    });
    return concat(...ids);
  }
}
