/**
 * What is kept of a revoked commitment of the peer, so that a penalty can claim its HTLC outputs:
 * their scripts need each HTLC's hash and expiry; all else follows from the channel's keys and the
 * peer's secret. Most rows hold only how the HTLCs of commitment N differ from those of N + 1 (some
 * 30 bytes for a payment); every 64th holds them all, so that any state is found from at most 64
 * rows that lie together.
 */
import { type Bytes, OutOfBytes, Reader, Writer } from '../../bytes/index.js';
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

const VERSION = 1;
const DELTA = 0;
const WHOLE = 1;

const keyOf = (htlc: { readonly id: bigint; readonly offeredBy: Side }): string =>
  `${htlc.offeredBy}/${htlc.id}`;

const withOutput = (channel: CommitmentChannel, spec: CommitmentSpec): CommitmentHtlc[] =>
  spec.htlcs.filter(
    (htlc) =>
      !isTrimmed(channel.format, spec.feeratePerKw, channel.remote.dustLimit, 'remote', htlc),
  );

function writeName(w: Writer, htlc: { readonly id: bigint; readonly offeredBy: Side }): void {
  // Ids stay far below 2^63; the lowest bit is the direction.
  let left = htlc.id * 2n + (htlc.offeredBy === 'local' ? 1n : 0n);
  while (left >= 0x80n) {
    w.u8(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  w.u8(Number(left));
}

function readName(r: Reader): Pick<RevokedHtlc, 'id' | 'offeredBy'> {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = r.u8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return { id: value >> 1n, offeredBy: (value & 1n) === 1n ? 'local' : 'remote' };
}

function writeHtlcs(w: Writer, htlcs: readonly CommitmentHtlc[]): void {
  w.u16(htlcs.length);
  for (const htlc of htlcs) {
    writeName(w, htlc);
    w.bytes(ripemd160(htlc.paymentHash)).u32(htlc.cltvExpiry);
  }
}

/** The row for the peer's commitment `revoked`, now that `next` (the one after it) is in force. */
export function revokedData(
  channel: CommitmentChannel,
  revoked: CommitmentSpec,
  next: CommitmentSpec,
): Bytes {
  const w = new Writer();
  const old = withOutput(channel, revoked);
  if (revoked.commitmentNumber % BigInt(REVOKED_ROWS) === 0n) {
    writeHtlcs(w.u8(VERSION).u8(WHOLE), old);
    return w.finish();
  }
  const now = withOutput(channel, next);
  const inOld = new Set(old.map(keyOf));
  const inNow = new Set(now.map(keyOf));
  const added = now.filter((htlc) => !inOld.has(keyOf(htlc)));
  w.u8(VERSION).u8(DELTA).u16(added.length);
  for (const htlc of added) writeName(w, htlc);
  writeHtlcs(
    w,
    old.filter((htlc) => !inNow.has(keyOf(htlc))),
  );
  return w.finish();
}

interface Row {
  readonly whole: boolean;
  /** In the next commitment, not in this one. */
  readonly without: readonly string[];
  readonly htlcs: readonly RevokedHtlc[];
}

function readRow(data: Bytes): Row | undefined {
  try {
    const r = new Reader(data);
    if (r.u8() !== VERSION) return undefined;
    const whole = r.u8() === WHOLE;
    const without: string[] = [];
    if (!whole) for (let n = r.u16(); n > 0; n--) without.push(keyOf(readName(r)));
    const htlcs: RevokedHtlc[] = [];
    for (let n = r.u16(); n > 0; n--)
      htlcs.push({ ...readName(r), hash: r.take(20), cltvExpiry: r.u32() });
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
  let base: readonly RevokedHtlc[] | undefined;
  for (let n = number; base === undefined; n++) {
    if (n === unrevoked.commitmentNumber) {
      base = withOutput(channel, unrevoked).map((htlc) => ({
        id: htlc.id,
        offeredBy: htlc.offeredBy,
        hash: ripemd160(htlc.paymentHash),
        cltvExpiry: htlc.cltvExpiry,
      }));
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
  return [...htlcs.values()];
}
