/** The `Chain` port straight onto an embedded chain of the same process: no socket in between. */
import { type Bytes, shownHash, toHex } from '../../../core/bytes/index.js';
import {
  type BroadcastResult,
  type Chain,
  ChainAway,
  type ChainBlock,
  type ChainTip,
  type FeeEstimates,
  type Utxo,
} from '../../../ports/index.js';
import type { EmbeddedChain } from './chain.js';
import { MIN_RELAY_FEERATE } from './policy.js';
import { type ChainTx, outpointKey, type Rejection, readChainTx, UNCONFIRMED } from './types.js';

/** 1000 sat per kvB, with the room that weights need. */
const FLOOR = 253;

const toKw = (perKvb: number): number => Math.max(FLOOR, Math.ceil(perKvb / 4));

export class EmbeddedChainPort implements Chain {
  readonly network = 'regtest' as const;
  /** Set to play a source that is away: every call rejects with this. */
  fault: string | undefined;

  constructor(readonly chain: EmbeddedChain) {}

  async tip(): Promise<ChainTip> {
    this.#answer();
    const { height, hash } = this.chain.ledger.tip;
    return { height, hash };
  }

  async blockHash(height: number): Promise<Bytes | undefined> {
    this.#answer();
    return this.chain.ledger.at(height)?.hash;
  }

  async block(hash: Bytes): Promise<ChainBlock | undefined> {
    this.#answer();
    const block = this.chain.block(hash);
    if (block === undefined) return undefined;
    const { height, previous, time, txs } = block;
    return { height, hash, previous, time, transactions: txs.map((t) => t.raw) };
  }

  async utxo(txid: Bytes, vout: number, includeMempool = false): Promise<Utxo | undefined> {
    this.#answer();
    const { ledger, mempool } = this.chain;
    const key = outpointKey(txid, vout);
    if (includeMempool && mempool.spender(key) !== undefined) return undefined;
    const coin = includeMempool ? mempool.coin(key) : ledger.coins.get(key);
    if (coin === undefined) return undefined;
    const { amount, scriptPubkey, height } = coin;
    const confirmations = height === UNCONFIRMED ? 0 : ledger.height - height + 1;
    return { amount, scriptPubkey, confirmations };
  }

  async spender(txid: Bytes, vout: number): Promise<Bytes | undefined> {
    this.#answer();
    return this.chain.mempool.spender(outpointKey(txid, vout))?.raw;
  }

  async broadcast(tx: Bytes): Promise<BroadcastResult> {
    this.#answer();
    const rejected = this.chain.submit(tx);
    return rejected === undefined ? { kind: 'accepted' } : told(rejected);
  }

  async broadcastPackage(txs: readonly Bytes[]): Promise<BroadcastResult> {
    this.#answer();
    const read: ChainTx[] = [];
    for (const raw of txs) {
      const tx = readChainTx(raw);
      if (tx === undefined) return { kind: 'refused', reason: 'TX decode failed' };
      read.push(tx);
    }
    const wrong = packageFault(read);
    if (wrong !== undefined) return { kind: 'refused', reason: wrong };
    const answers = this.chain.mempool.submitPackage(read);
    const reasons = answers.flatMap((a, i) => {
      if (a === undefined || a.kind === 'known' || a.kind === 'confirmed') return [];
      return [`${shownHash(read[i]?.txid as Bytes)}: ${words(a)}`];
    });
    if (reasons.length > 0) return { kind: 'refused', reason: reasons.join(', ') };
    return { kind: 'accepted' };
  }

  async feeEstimates(): Promise<FeeEstimates> {
    this.#answer();
    const { feerate, mempool } = this.chain;
    const minimum = toKw(Math.max(MIN_RELAY_FEERATE, mempool.minimumFeerate));
    if (feerate === undefined) return { minimum, targets: [] };
    const feeratePerKw = toKw(feerate);
    return { minimum, targets: [2, 6, 12, 100].map((blocks) => ({ blocks, feeratePerKw })) };
  }

  async close(): Promise<void> {}

  #answer(): void {
    if (this.fault !== undefined) throw new ChainAway(this.fault);
  }
}

/** A rejection in one line, as bitcoind writes it. */
export const words = ({ reason, detail }: Rejection): string =>
  detail === undefined ? reason : `${reason}, ${detail}`;

function told(rejected: Rejection): BroadcastResult {
  if (rejected.kind === 'known') return { kind: 'accepted' };
  if (rejected.kind === 'confirmed') return { kind: 'known' };
  return { kind: 'refused', reason: words(rejected) };
}

/** Why these transactions, in this order, are no package: a child last, and its parents. */
export function packageFault(
  txs: readonly { key: string; tx: { inputs: readonly { txid: Bytes }[] } }[],
): string | undefined {
  const child = txs.at(-1);
  if (child === undefined || txs.length > 25)
    return 'Array must contain between 1 and 25 transactions.';
  const needed = new Set(child.tx.inputs.map((i) => toHex(i.txid)));
  if (txs.slice(0, -1).every((t) => needed.has(t.key))) return undefined;
  return 'package topology disallowed. not child-with-parents or parents depend on each other.';
}
