import { encodeTx, type Transaction } from '../../core/bitcoin/index.js';
import { type Bytes, toHex } from '../../core/bytes/index.js';
import type { ChannelInput } from '../../core/channel/index.js';

/** A block as the follower hands it out. */
export interface WatchedBlock {
  readonly height: number;
  readonly txs: readonly { readonly txid: Bytes; readonly tx: Transaction }[];
}

interface Watched {
  readonly txid: string;
  readonly vout: number;
  readonly tell: (input: ChannelInput) => void;
}

/** Finds in each block what concerns the funding outputs of our channels. */
export class FundingWatch {
  readonly #byTxid = new Map<string, Watched[]>();

  /** `tell` gets the inputs for the channel's machine; a second call for an outpoint replaces it. */
  add(txid: Bytes, vout: number, tell: (input: ChannelInput) => void): void {
    const key = toHex(txid);
    const others = (this.#byTxid.get(key) ?? []).filter((w) => w.vout !== vout);
    this.#byTxid.set(key, [...others, { txid: key, vout, tell }]);
  }

  remove(txid: Bytes, vout: number): void {
    const key = toHex(txid);
    const others = (this.#byTxid.get(key) ?? []).filter((w) => w.vout !== vout);
    if (others.length === 0) this.#byTxid.delete(key);
    else this.#byTxid.set(key, others);
  }

  /** A height that a restart or a reorg may tell again: the machines take it as often as it comes. */
  connect(block: WatchedBlock): void {
    if (this.#byTxid.size === 0) return;
    const { height } = block;
    block.txs.forEach(({ txid, tx }, txIndex) => {
      for (const watched of this.#byTxid.get(toHex(txid)) ?? []) {
        watched.tell({ kind: 'fundingConfirmed', height, txIndex, tx: encodeTx(tx) });
      }
      for (const input of tx.inputs) {
        for (const watched of this.#byTxid.get(toHex(input.txid)) ?? []) {
          if (watched.vout !== input.vout) continue;
          watched.tell({ kind: 'fundingSpent', tx: encodeTx(tx), height });
        }
      }
    });
  }
}
