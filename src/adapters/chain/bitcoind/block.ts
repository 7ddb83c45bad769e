/** Cuts a serialized block into what the port hands on. */
import { decodeWhole, readCompactSize } from '../../../core/bitcoin/index.js';
import { type Bytes, OutOfBytes, type Reader } from '../../../core/bytes/index.js';

export interface SplitBlock {
  readonly previous: Bytes;
  readonly time: number;
  readonly transactions: readonly Bytes[];
}

/** Nothing where the bytes are no block. */
export const splitBlock = (raw: Bytes): SplitBlock | undefined =>
  decodeWhole(raw, (reader) => {
    skip(reader, 4);
    const previous = reader.take(32);
    skip(reader, 32);
    const time = reader.u32le();
    skip(reader, 8);
    const transactions = [];
    for (let n = readCompactSize(reader); n > 0; n--) transactions.push(cutTransaction(reader));
    return { previous, time, transactions };
  });

function skip(reader: Reader, count: number): void {
  if (count > reader.left) throw new OutOfBytes(count - reader.left);
  reader.offset += count;
}

/** The bytes of one transaction: its fields are stepped over, not built. */
function cutTransaction(reader: Reader): Bytes {
  const start = reader.offset;
  skip(reader, 4);
  // BIP 144: a marker of zero inputs says that witnesses follow the outputs.
  const segwit = reader.bytes[reader.offset] === 0;
  if (segwit) skip(reader, 2);
  const inputs = readCompactSize(reader);
  for (let i = 0; i < inputs; i++) {
    skip(reader, 36);
    skip(reader, readCompactSize(reader));
    skip(reader, 4);
  }
  for (let i = readCompactSize(reader); i > 0; i--) {
    skip(reader, 8);
    skip(reader, readCompactSize(reader));
  }
  if (segwit)
    for (let i = 0; i < inputs; i++)
      for (let n = readCompactSize(reader); n > 0; n--) skip(reader, readCompactSize(reader));
  skip(reader, 4);
  return reader.bytes.slice(start, reader.offset);
}
