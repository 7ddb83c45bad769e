import { type Bytes, concat, equal, type Reader } from '../bytes/index.js';
import { sha256d } from '../crypto/index.js';
import { decodeWhole, readCompactSize, readTx, type Transaction, txid } from './transaction.js';

export interface BlockHeader {
  readonly version: number;
  /** Hashes are in internal byte order. */
  readonly previous: Bytes;
  readonly merkleRoot: Bytes;
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
}

export interface Block {
  readonly hash: Bytes;
  readonly header: BlockHeader;
  readonly transactions: readonly Transaction[];
  /** The same transactions as they stood in the block, with witnesses. */
  readonly raw: readonly Bytes[];
}

const HEADER_LENGTH = 80;

function readHeader(reader: Reader): BlockHeader {
  return {
    version: reader.i32le(),
    previous: reader.take(32),
    merkleRoot: reader.take(32),
    time: reader.u32le(),
    bits: reader.u32le(),
    nonce: reader.u32le(),
  };
}

export const parseHeader = (bytes: Bytes): BlockHeader | undefined =>
  decodeWhole(bytes, readHeader);

/** The hash of the 80-byte header, internal byte order. */
export const blockHash = (header: Bytes): Bytes => sha256d(header.subarray(0, HEADER_LENGTH));

/** The block, or `undefined` where the bytes are not exactly one. Nothing is proven about it. */
export function parseBlock(bytes: Bytes): Block | undefined {
  return decodeWhole(bytes, (reader) => {
    const header = readHeader(reader);
    const transactions: Transaction[] = [];
    const raw: Bytes[] = [];
    for (let n = readCompactSize(reader); n > 0; n--) {
      const from = reader.offset;
      transactions.push(readTx(reader));
      raw.push(bytes.slice(from, reader.offset));
    }
    return { hash: blockHash(bytes), header, transactions, raw };
  });
}

/** The root of the tree over the txids, as a header states it. */
export function merkleRoot(txids: readonly Bytes[]): Bytes {
  let level = txids;
  while (level.length > 1) {
    const next: Bytes[] = [];
    for (let i = 0; i < level.length; i += 2)
      next.push(sha256d(concat(level[i] as Bytes, (level[i + 1] ?? level[i]) as Bytes)));
    level = next;
  }
  return level[0] ?? new Uint8Array(32);
}

/** Whether the transactions are those the header commits to. */
export const merkleRootFits = (block: Block): boolean =>
  equal(merkleRoot(block.transactions.map(txid)), block.header.merkleRoot);
