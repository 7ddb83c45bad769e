/** What the chain does to the wallet's books: payments in, coins spent, blocks taken back. */
import { encodeAddress, NETWORKS } from '../../core/bitcoin/index.js';
import type { BlockHeight } from '../../core/bytes/index.js';
import type { FollowedBlock, FollowedTransaction } from '../chain/index.js';
import type { WalletBook } from './book.js';
import type { WalletKeys } from './keys.js';
import { outpointOf } from './rows.js';
import type { WalletOutput, WalletTransaction } from './types.js';

export interface Observed {
  readonly received: readonly WalletOutput[];
  /** Unconfirmed transactions of ours that this block made impossible. */
  readonly replaced: readonly WalletTransaction[];
}

/** Absorbs a block; once more where a new key came into view, for its payments may be in it too. */
export function observeBlock(
  book: WalletBook,
  keys: WalletKeys,
  block: FollowedBlock,
  now: number,
): Observed {
  const received = new Map<string, WalletOutput>();
  const replaced: WalletTransaction[] = [];
  const waiting = book.waitingSpends();
  for (let again = true; again; ) {
    again = false;
    for (const [index, entry] of block.txs.entries()) {
      const found = absorb(book, keys, entry, { height: block.height, index, now, waiting });
      for (const output of found.received)
        received.set(outpointOf(output.txid, output.vout), output);
      replaced.push(...found.replaced);
      again ||= found.newKeys;
    }
  }
  return { received: [...received.values()], replaced };
}

interface Place {
  readonly height: BlockHeight;
  readonly index: number;
  readonly now: number;
  readonly waiting: ReturnType<WalletBook['waitingSpends']>;
}

function absorb(book: WalletBook, keys: WalletKeys, entry: FollowedTransaction, place: Place) {
  const { txid, tx, raw } = entry;
  const { height, index, now } = place;
  const replaced = book.conflictsOf(tx, txid, place.waiting);
  for (const lost of replaced) book.forget(lost.txid);

  let ours = false;
  for (const input of tx.inputs) {
    const spent = book.output(input.txid, input.vout);
    if (spent === undefined) continue;
    ours = true;
    const { reservedToBlock: _, ...rest } = spent;
    book.put({ ...rest, spentHeight: height, spentBy: txid });
  }
  const received: WalletOutput[] = [];
  let newKeys = false;
  for (const [vout, { amount, scriptPubkey }] of tx.outputs.entries()) {
    const key = keys.find(scriptPubkey);
    if (key === undefined) continue;
    ours = true;
    newKeys = keys.use(key) || newKeys;
    const known = book.output(txid, vout);
    const output: WalletOutput = known ?? {
      txid,
      vout,
      amount,
      scriptPubkey,
      type: key.type,
      change: key.change,
      keyIndex: key.index,
      address: encodeAddress(scriptPubkey, NETWORKS[book.network]) ?? '',
      // A block's first transaction is its coinbase.
      coinbase: index === 0,
    };
    if (known === undefined) received.push(output);
    book.put({ ...output, confirmedHeight: height });
  }
  if (ours) {
    const createdAt = book.transaction(txid)?.createdAt ?? now;
    book.putTransaction({ txid, tx, raw, height, txIndex: index, createdAt });
  }
  return { received, replaced, newKeys };
}

/** A block was taken back: what it held waits again. */
export function observeDisconnect(book: WalletBook, height: BlockHeight): void {
  for (const entry of book.transactions()) {
    if (entry.height !== height) continue;
    const { height: _, txIndex: __, ...waiting } = entry;
    book.putTransaction(waiting);
  }
  for (const output of book.outputs()) {
    const { confirmedHeight, spentHeight, ...rest } = output;
    if (confirmedHeight !== height && spentHeight !== height) continue;
    // A coinbase goes with its block.
    if (confirmedHeight === height && output.coinbase) {
      book.remove(output);
      book.removeTransaction(output.txid);
      continue;
    }
    book.put({
      ...rest,
      ...(confirmedHeight === undefined || confirmedHeight === height ? {} : { confirmedHeight }),
      ...(spentHeight === undefined || spentHeight === height ? {} : { spentHeight }),
    });
  }
}
