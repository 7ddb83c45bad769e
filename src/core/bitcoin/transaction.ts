import { type Bytes, EMPTY, OutOfBytes, Reader, type Sat, sat, Writer } from '../bytes/index.js';
import { sha256d } from '../crypto/index.js';

export interface TxInput {
  /** Internal byte order. */
  readonly txid: Bytes;
  readonly vout: number;
  readonly scriptSig: Bytes;
  readonly sequence: number;
  readonly witness: readonly Bytes[];
}

export interface TxOutput {
  readonly amount: Sat;
  readonly scriptPubkey: Bytes;
}

export interface Transaction {
  readonly version: number;
  readonly inputs: readonly TxInput[];
  readonly outputs: readonly TxOutput[];
  readonly locktime: number;
}

export const MAX_MONEY = 2_100_000_000_000_000n;

/** An input without signatures yet. */
export const unsignedInput = (txid: Bytes, vout: number, sequence: number): TxInput => ({
  txid,
  vout,
  scriptSig: EMPTY,
  sequence,
  witness: [],
});

export function withWitness(
  tx: Transaction,
  index: number,
  witness: readonly Bytes[],
): Transaction {
  return {
    ...tx,
    inputs: tx.inputs.map((input, i) => (i === index ? { ...input, witness } : input)),
  };
}

/** Bitcoin's variable-length integer (little-endian), up to 2^32 - 1. */
export function writeCompactSize(writer: Writer, value: number): void {
  if (value < 0xfd) writer.u8(value);
  else if (value <= 0xffff) writer.u8(0xfd).u16le(value);
  else writer.u8(0xfe).u32le(value);
}

export function compactSizeLength(value: number): number {
  return value < 0xfd ? 1 : value <= 0xffff ? 3 : 5;
}

/** Thrown inside decoders, caught at their border. */
class Malformed extends Error {}

export function readCompactSize(reader: Reader): number {
  const first = reader.u8();
  if (first < 0xfd) return first;
  const value =
    first === 0xfd ? reader.u16le() : first === 0xfe ? reader.u32le() : Number(reader.u64le());
  const least = first === 0xfd ? 0xfd : first === 0xfe ? 0x10000 : 0x100000000;
  if (value < least || value > reader.bytes.length) throw new Malformed('compact size');
  return value;
}

const readBytes = (reader: Reader): Bytes => reader.take(readCompactSize(reader));

function writeBytes(writer: Writer, bytes: Bytes): void {
  writeCompactSize(writer, bytes.length);
  writer.bytes(bytes);
}

export function writeOutput(writer: Writer, output: TxOutput): void {
  writer.u64le(output.amount);
  writeBytes(writer, output.scriptPubkey);
}

function writeTx(tx: Transaction, witness: boolean): Bytes {
  const w = new Writer();
  w.i32le(tx.version);
  if (witness) w.u8(0).u8(1);
  writeCompactSize(w, tx.inputs.length);
  for (const input of tx.inputs) {
    w.bytes(input.txid).u32le(input.vout);
    writeBytes(w, input.scriptSig);
    w.u32le(input.sequence);
  }
  writeCompactSize(w, tx.outputs.length);
  for (const output of tx.outputs) writeOutput(w, output);
  if (witness) {
    for (const input of tx.inputs) {
      writeCompactSize(w, input.witness.length);
      for (const item of input.witness) writeBytes(w, item);
    }
  }
  return w.u32le(tx.locktime).finish();
}

const hasWitness = (tx: Transaction): boolean => tx.inputs.some((i) => i.witness.length > 0);

/** As it goes over Bitcoin's wire: with witnesses where there are any (BIP 144). */
export const encodeTx = (tx: Transaction): Bytes => writeTx(tx, hasWitness(tx));

/** Without witnesses: what the txid is the hash of. */
export const encodeTxStripped = (tx: Transaction): Bytes => writeTx(tx, false);

/** Internal byte order. */
export const txid = (tx: Transaction): Bytes => sha256d(encodeTxStripped(tx));

export const wtxid = (tx: Transaction): Bytes => sha256d(encodeTx(tx));

/** BIP 141: three times the stripped size plus the full size. */
export function txWeight(tx: Transaction): number {
  return encodeTxStripped(tx).length * 3 + encodeTx(tx).length;
}

export const txVsize = (tx: Transaction): number => Math.ceil(txWeight(tx) / 4);

/** Reads one transaction off `reader`; throws inside a decoder, see `decodeTx`. */
export function readTx(reader: Reader): Transaction {
  const version = reader.i32le();
  let count = readCompactSize(reader);
  let segwit = false;
  if (count === 0) {
    // BIP 144: no inputs, then the flag 1, marks a transaction with witnesses.
    const flag = reader.u8();
    if (flag === 1) {
      segwit = true;
      count = readCompactSize(reader);
    } else if (flag === 0) {
      return { version, inputs: [], outputs: [], locktime: reader.u32le() };
    } else throw new Malformed('flag');
  }
  const bare: Omit<TxInput, 'witness'>[] = [];
  for (let i = 0; i < count; i++) {
    const id = reader.take(32);
    const vout = reader.u32le();
    const scriptSig = readBytes(reader);
    bare.push({ txid: id, vout, scriptSig, sequence: reader.u32le() });
  }
  const outputs: TxOutput[] = [];
  for (let n = readCompactSize(reader); n > 0; n--) {
    const amount = reader.u64le();
    if (amount > MAX_MONEY) throw new Malformed('amount');
    outputs.push({ amount: sat(amount), scriptPubkey: readBytes(reader) });
  }
  let witnessed = false;
  const inputs = bare.map((input): TxInput => {
    const witness: Bytes[] = [];
    if (segwit) for (let n = readCompactSize(reader); n > 0; n--) witness.push(readBytes(reader));
    witnessed ||= witness.length > 0;
    return { ...input, witness };
  });
  if (segwit && !witnessed) throw new Malformed('superfluous witness');
  return { version, inputs, outputs, locktime: reader.u32le() };
}

/** Runs a decoder that reads all of `bytes`; what is cut off, malformed or longer is `undefined`. */
export function decodeWhole<T>(bytes: Bytes, read: (reader: Reader) => T): T | undefined {
  try {
    const reader = new Reader(bytes);
    const value = read(reader);
    return reader.left === 0 ? value : undefined;
  } catch (e) {
    if (e instanceof OutOfBytes || e instanceof Malformed) return undefined;
    throw e;
  }
}

/** The transaction, or `undefined` where the bytes are not exactly one. */
export const decodeTx = (bytes: Bytes): Transaction | undefined => decodeWhole(bytes, readTx);
