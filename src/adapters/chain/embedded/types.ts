import {
  decodeTx,
  encodeTx,
  type Transaction,
  txid,
  txWeight,
  wtxid,
} from '../../../core/bitcoin/index.js';
import { type Bytes, type Sat, toHex } from '../../../core/bytes/index.js';

/** A transaction with everything that is asked of it again and again. */
export interface ChainTx {
  /** Hex of the txid in internal byte order: the key of every map here. */
  readonly key: string;
  readonly txid: Bytes;
  readonly wtxid: Bytes;
  readonly tx: Transaction;
  readonly raw: Bytes;
  readonly weight: number;
  readonly vsize: number;
}

export function chainTx(tx: Transaction, raw: Bytes = encodeTx(tx)): ChainTx {
  const id = txid(tx);
  const weight = txWeight(tx);
  return {
    key: toHex(id),
    txid: id,
    wtxid: wtxid(tx),
    tx,
    raw,
    weight,
    vsize: Math.ceil(weight / 4),
  };
}

export function readChainTx(raw: Bytes): ChainTx | undefined {
  const tx = decodeTx(raw);
  return tx === undefined ? undefined : chainTx(tx, raw);
}

/** An unspent output. */
export interface Coin {
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
  readonly height: number;
  readonly coinbase: boolean;
}

/** Height of a coin whose transaction waits in the mempool: it will be in the next block or later. */
export const UNCONFIRMED = 0x7fffffff;

export const outpointKey = (txid: Bytes, vout: number): string => `${toHex(txid)}:${vout}`;

export interface StoredBlock {
  readonly key: string;
  readonly hash: Bytes;
  readonly height: number;
  /** 80 bytes. */
  readonly header: Bytes;
  readonly previous: Bytes;
  readonly previousKey: string;
  readonly time: number;
  readonly txs: readonly ChainTx[];
}

/** Why a transaction is not taken, in the words of bitcoind. */
export interface Rejection {
  /** `bad-txns-inputs-missingorspent`, `non-final`, `min relay fee not met`, … */
  readonly reason: string;
  readonly detail?: string;
  /**
   * `missing`: the inputs are not known; `fee`: a package may pay for it; `known`: it is here
   * already; `confirmed`: it is in a block; `rule`: everything else.
   */
  readonly kind: 'missing' | 'fee' | 'known' | 'confirmed' | 'rule';
}

export const rejection = (
  reason: string,
  detail?: string,
  kind: Rejection['kind'] = 'rule',
): Rejection => (detail === undefined ? { reason, kind } : { reason, detail, kind });
