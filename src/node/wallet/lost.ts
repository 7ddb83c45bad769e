import type { Transaction } from '../../core/bitcoin/index.js';
import { type BlockHeight, type Bytes, toHex } from '../../core/bytes/index.js';
import { ChainAway, type Utxo } from '../../ports/index.js';
import type { WalletBook } from './book.js';
import type { WalletTransaction } from './types.js';

/** Another reorg, or a mempool's other nodes, may bring its coins back within so many blocks. */
const PATIENCE = 6;

interface Coins {
  utxo(txid: Bytes, vout: number, includeMempool?: boolean): Promise<Utxo | undefined>;
}

/**
 * Transactions that were in a block which a reorg took back, and that spend what is not in the
 * chain any more: a claim on a commitment, say, in whose place another one is. The coins are not
 * the wallet's own, so that its books alone do not tell.
 */
export class LostTransactions {
  /** By txid: the height at which its coins were missed first. */
  readonly #missed = new Map<string, BlockHeight>();

  /** It is in a block or in the mempool. */
  found(txid: Bytes): void {
    this.#missed.delete(toHex(txid));
  }

  /** Whether a transaction that the chain refused has lacked its coins for too long. */
  async isLost(
    { txid, tx }: WalletTransaction,
    book: WalletBook,
    coins: Coins,
    height: BlockHeight,
  ): Promise<boolean> {
    const key = toHex(txid);
    const lacks = await lacksCoins(tx, book, coins).catch((error: unknown) => {
      // The next block brings the next look.
      if (!(error instanceof ChainAway)) throw error;
      return false;
    });
    const since = this.#missed.get(key) ?? height;
    if (lacks && height - since < PATIENCE) this.#missed.set(key, since);
    else this.#missed.delete(key);
    return lacks && height - since >= PATIENCE;
  }
}

async function lacksCoins(tx: Transaction, book: WalletBook, coins: Coins): Promise<boolean> {
  for (const { txid, vout } of tx.inputs) {
    const parent = book.transaction(txid);
    // What waits itself has its own turn, and takes along what is built on it.
    if (parent !== undefined && parent.height === undefined) continue;
    if (((await coins.utxo(txid, vout)) ?? (await coins.utxo(txid, vout, true))) === undefined)
      return true;
  }
  return false;
}
