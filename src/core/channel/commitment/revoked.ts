/**
 * What is kept of a revoked commitment of the peer, so that a penalty can claim its HTLC outputs:
 * their scripts need each HTLC's hash and expiry; all else follows from the channel's keys and the
 * peer's secret. Most rows hold only how the HTLCs of commitment N differ from those of N + 1 (some
 * 50 bytes for a payment); every 64th holds them all, so that any state is found from at most 64
 * rows that lie together. As each HTLC stands in one row at least, they are its history as well.
 * Version 1 knew hashes of hashes, no amounts, and nothing of HTLCs without an output.
 */
import { type Bytes, msat, OutOfBytes, Reader, Writer } from '../../bytes/index.js';
import { ripemd160 } from '../../crypto/index.js';
import { isTrimmed } from './fees.js';
import type { CommitmentChannel, CommitmentHtlc, CommitmentSpec, Side } from './types.js';

/** How many rows `revokedHtlcs` needs at most. */
export const REVOKED_ROWS = 64;

/** An HTLC output of a revoked commitment, as far as its script tells. */
export interface RevokedHtlc {
  readonly id: bigint;
  readonly offeredBy: Side;
  /** RIPEMD160 of the payment hash, 20 bytes. */
  readonly hash: Bytes;
  readonly cltvExpiry: number;
}

/** An HTLC as rows of version 2 tell of it. */
export interface PastHtlc extends Omit<CommitmentHtlc, 'cltvExpiry'> {
  readonly cltvExpiry: number;
  /** It had no output in the peer's commitment. */
  readonly trimmed: boolean;
}

const VERSION = 2;
const DELTA = 0;
const WHOLE = 1;

const keyOf = (htlc: { readonly id: bigint; readonly offeredBy: Side }): string =>
  `${htlc.offeredBy}/${htlc.id}`;

const past = (channel: CommitmentChannel, spec: CommitmentSpec): PastHtlc[] => {
  const { format, remote } = channel;
  return spec.htlcs.map(({ id, offeredBy, amountMsat, paymentHash, cltvExpiry }) => {
    const htlc = { id, offeredBy, amountMsat, paymentHash, cltvExpiry };
    const trimmed = isTrimmed(format, spec.feeratePerKw, remote.dustLimit, 'remote', htlc);
    return { ...htlc, trimmed };
  });
};

/** Seven bits a byte, the lowest first; all but the last byte begin with 1. */
function writeVarint(w: Writer, value: bigint): void {
  let left = value;
  while (left >= 0x80n) {
    w.u8(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  w.u8(Number(left));
}

function readVarint(r: Reader): bigint {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = r.u8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

/** Ids and amounts stay far below 2^63; the lowest bit is a flag. */
const withFlag = (value: bigint, flag: boolean): bigint => value * 2n + (flag ? 1n : 0n);

const writeName = (w: Writer, htlc: { readonly id: bigint; readonly offeredBy: Side }): void =>
  writeVarint(w, withFlag(htlc.id, htlc.offeredBy === 'local'));

function readName(r: Reader): Pick<RevokedHtlc, 'id' | 'offeredBy'> {
  const value = readVarint(r);
  return { id: value >> 1n, offeredBy: (value & 1n) === 1n ? 'local' : 'remote' };
}

function writeHtlcs(w: Writer, htlcs: readonly PastHtlc[]): void {
  w.u16(htlcs.length);
  for (const htlc of htlcs) {
    writeName(w, htlc);
    w.bytes(htlc.paymentHash).u32(htlc.cltvExpiry);
    writeVarint(w, withFlag(htlc.amountMsat, htlc.trimmed));
  }
}

/** As version 1 or version 2 has it. */
type Stored = RevokedHtlc | PastHtlc;

function readHtlc(r: Reader, version: number): Stored {
  const name = readName(r);
  if (version === 1) return { ...name, hash: r.take(20), cltvExpiry: r.u32() };
  const [paymentHash, cltvExpiry, amount] = [r.take(32), r.u32(), readVarint(r)];
  const amountMsat = msat(amount >> 1n);
  return { ...name, paymentHash, cltvExpiry, amountMsat, trimmed: (amount & 1n) === 1n };
}

/** What a penalty needs of it; nothing where it had no output. */
function outputOf(htlc: Stored): RevokedHtlc[] {
  if ('hash' in htlc) return [htlc];
  const { id, offeredBy, cltvExpiry, paymentHash, trimmed } = htlc;
  return trimmed ? [] : [{ id, offeredBy, hash: ripemd160(paymentHash), cltvExpiry }];
}

/** The row for the peer's commitment `revoked`, now that `next` (the one after it) is in force. */
export function revokedData(
  channel: CommitmentChannel,
  revoked: CommitmentSpec,
  next: CommitmentSpec,
): Bytes {
  const w = new Writer();
  const old = past(channel, revoked);
  if (revoked.commitmentNumber % BigInt(REVOKED_ROWS) === 0n) {
    writeHtlcs(w.u8(VERSION).u8(WHOLE), old);
    return w.finish();
  }
  const now = past(channel, next);
  // Where only the feerate has made an output of it, or taken it away, it counts as another.
  const entry = (htlc: PastHtlc): string => `${keyOf(htlc)}${htlc.trimmed ? ' trimmed' : ''}`;
  const inOld = new Set(old.map(entry));
  const inNow = new Set(now.map(entry));
  const added = now.filter((htlc) => !inOld.has(entry(htlc)));
  w.u8(VERSION).u8(DELTA).u16(added.length);
  for (const htlc of added) writeName(w, htlc);
  writeHtlcs(
    w,
    old.filter((htlc) => !inNow.has(entry(htlc))),
  );
  return w.finish();
}

interface Row {
  readonly whole: boolean;
  /** In the next commitment, not in this one. */
  readonly without: readonly string[];
  readonly htlcs: readonly Stored[];
}

function readRow(data: Bytes): Row | undefined {
  try {
    const r = new Reader(data);
    const version = r.u8();
    if (version < 1 || version > VERSION) return undefined;
    const whole = r.u8() === WHOLE;
    const without: string[] = [];
    if (!whole) for (let n = r.u16(); n > 0; n--) without.push(keyOf(readName(r)));
    const htlcs: Stored[] = [];
    for (let n = r.u16(); n > 0; n--) htlcs.push(readHtlc(r, version));
    return r.left === 0 ? { whole, without, htlcs } : undefined;
  } catch (e) {
    if (e instanceof OutOfBytes) return undefined;
    throw e;
  }
}

export interface RevokedRow {
  readonly commitmentNumber: bigint;
  readonly data: Bytes;
}

/**
 * The HTLC outputs of the peer's revoked commitment `number`, from the rows of that number and the
 * ones after it (ascending, `REVOKED_ROWS` of them or as many as there are) and the peer's oldest
 * commitment that is not revoked. `undefined`: a row is missing or damaged.
 */
export function revokedHtlcs(
  channel: CommitmentChannel,
  number: bigint,
  rows: readonly RevokedRow[],
  unrevoked: CommitmentSpec,
): RevokedHtlc[] | undefined {
  const deltas: Row[] = [];
  let base: readonly Stored[] | undefined;
  for (let n = number; base === undefined; n++) {
    if (n === unrevoked.commitmentNumber) {
      base = past(channel, unrevoked);
      break;
    }
    const stored = rows[Number(n - number)];
    const row = stored?.commitmentNumber === n ? readRow(stored.data) : undefined;
    if (row === undefined) return undefined;
    if (row.whole) base = row.htlcs;
    else deltas.push(row);
  }
  const htlcs = new Map(base.map((htlc) => [keyOf(htlc), htlc]));
  for (const { without, htlcs: more } of deltas.reverse()) {
    for (const key of without) htlcs.delete(key);
    for (const htlc of more) htlcs.set(keyOf(htlc), htlc);
  }
  return [...htlcs.values()].flatMap(outputOf);
}

/**
 * Every HTLC that one of these rows tells of, once, in the order of the rows. Each that was ever
 * irrevocably committed, and is not any more, is in some row of its channel; of rows of version 1
 * nothing is told.
 */
export function pastHtlcs(rows: Iterable<RevokedRow>): PastHtlc[] {
  const found = new Map<string, PastHtlc>();
  for (const { data } of rows)
    for (const htlc of readRow(data)?.htlcs ?? [])
      if ('paymentHash' in htlc && !found.has(keyOf(htlc))) found.set(keyOf(htlc), htlc);
  return [...found.values()];
}
