/**
 * BOLT 4, "Failure Messages": what a node says about an HTLC that it refuses. A table of codes,
 * names and fields gives encoder, decoder and type; what is not in the table is kept raw.
 */
import {
  assertNever,
  type BlockHeight,
  type Bytes,
  EMPTY,
  type Msat,
  msat,
  Reader,
  Writer,
} from '../bytes/index.js';
import { bigsize } from '../wire/index.js';

/** The flags in the top byte of a failure code. */
export const BADONION = 0x8000;
export const PERM = 0x4000;
export const NODE = 0x2000;
export const UPDATE = 0x1000;

/** The values a failure may carry, in wire types. */
interface Fields {
  readonly sha256OfOnion: Bytes;
  readonly htlcMsat: Msat;
  readonly cltvExpiry: BlockHeight;
  readonly height: BlockHeight;
  readonly incomingHtlcAmt: Msat;
  readonly disabledFlags: number;
  /** A channel_update with or without its message type; empty where the node sends none. */
  readonly channelUpdate: Bytes;
  /** The TLV type that was not understood, and where it stands in the payload. */
  readonly type: bigint;
  readonly offset: number;
}
type Field = keyof Fields;

const TABLE = {
  temporaryNodeFailure: { code: NODE | 2, fields: [] },
  permanentNodeFailure: { code: PERM | NODE | 2, fields: [] },
  requiredNodeFeatureMissing: { code: PERM | NODE | 3, fields: [] },
  invalidOnionVersion: { code: BADONION | PERM | 4, fields: ['sha256OfOnion'] },
  invalidOnionHmac: { code: BADONION | PERM | 5, fields: ['sha256OfOnion'] },
  invalidOnionKey: { code: BADONION | PERM | 6, fields: ['sha256OfOnion'] },
  temporaryChannelFailure: { code: UPDATE | 7, fields: ['channelUpdate'] },
  permanentChannelFailure: { code: PERM | 8, fields: [] },
  requiredChannelFeatureMissing: { code: PERM | 9, fields: [] },
  unknownNextPeer: { code: PERM | 10, fields: [] },
  amountBelowMinimum: { code: UPDATE | 11, fields: ['htlcMsat', 'channelUpdate'] },
  feeInsufficient: { code: UPDATE | 12, fields: ['htlcMsat', 'channelUpdate'] },
  incorrectCltvExpiry: { code: UPDATE | 13, fields: ['cltvExpiry', 'channelUpdate'] },
  expiryTooSoon: { code: UPDATE | 14, fields: ['channelUpdate'] },
  incorrectOrUnknownPaymentDetails: { code: PERM | 15, fields: ['htlcMsat', 'height'] },
  finalIncorrectCltvExpiry: { code: 18, fields: ['cltvExpiry'] },
  finalIncorrectHtlcAmount: { code: 19, fields: ['incomingHtlcAmt'] },
  channelDisabled: { code: UPDATE | 20, fields: ['disabledFlags', 'channelUpdate'] },
  expiryTooFar: { code: 21, fields: [] },
  invalidOnionPayload: { code: PERM | 22, fields: ['type', 'offset'] },
  mppTimeout: { code: 23, fields: [] },
  invalidOnionBlinding: { code: BADONION | PERM | 24, fields: ['sha256OfOnion'] },
} as const satisfies Record<string, { readonly code: number; readonly fields: readonly Field[] }>;

export type FailureKind = keyof typeof TABLE;

/** A failure of the table, discriminated by its name in camelCase. */
export type KnownFailure = {
  [K in FailureKind]: { readonly kind: K } & Pick<Fields, (typeof TABLE)[K]['fields'][number]>;
}[FailureKind];

/** What a node reported: one of the table, or a code that nobody told us of, or that lacks its data. */
export type FailureMessage =
  | KnownFailure
  | { readonly kind: 'unknown'; readonly code: number; readonly data: Bytes };

const BY_CODE = new Map<number, FailureKind>(
  Object.entries(TABLE).map(([kind, { code }]) => [code, kind as FailureKind]),
);

/** The 16-bit `failure_code`. */
export const failureCode = (failure: FailureMessage): number =>
  failure.kind === 'unknown' ? failure.code : TABLE[failure.kind].code;

/** The name in BOLT 4 of a code: `temporary_channel_failure`, or undefined. */
export function failureName(code: number): string | undefined {
  const kind = BY_CODE.get(code);
  return kind?.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}

function writeField(w: Writer, field: Field, fields: Partial<Fields>): void {
  switch (field) {
    case 'sha256OfOnion':
      w.bytes(fields.sha256OfOnion!);
      return;
    case 'htlcMsat':
    case 'incomingHtlcAmt':
      w.u64(fields[field]!);
      return;
    case 'cltvExpiry':
    case 'height':
      w.u32(fields[field]!);
      return;
    case 'disabledFlags':
    case 'offset':
      w.u16(fields[field]!);
      return;
    case 'channelUpdate':
      w.u16(fields.channelUpdate!.length).bytes(fields.channelUpdate!);
      return;
    case 'type':
      bigsize.encode(w, fields.type!);
      return;
    default:
      assertNever(field);
  }
}

function readField(r: Reader, field: Field): Bytes | Msat | bigint | number {
  switch (field) {
    case 'sha256OfOnion':
      return r.take(32);
    case 'htlcMsat':
    case 'incomingHtlcAmt':
      return msat(r.u64());
    case 'cltvExpiry':
    case 'height':
      return r.u32();
    case 'disabledFlags':
    case 'offset':
      return r.u16();
    case 'channelUpdate':
      return r.take(r.u16());
    case 'type':
      return bigsize.decode(r);
    default:
      return assertNever(field);
  }
}

/** `failuremsg`: code and data, without padding. */
export function encodeFailure(failure: FailureMessage): Bytes {
  const w = new Writer().u16(failureCode(failure));
  if (failure.kind === 'unknown') return w.bytes(failure.data).finish();
  for (const field of TABLE[failure.kind].fields) writeField(w, field, failure as Partial<Fields>);
  return w.finish();
}

/**
 * Reads `failuremsg`. Extra bytes after the fields are ignored, as BOLT 4 demands; a code without
 * its data, or one that is not in the table, comes back as `unknown`.
 */
export function decodeFailure(bytes: Bytes): FailureMessage {
  if (bytes.length < 2) return { kind: 'unknown', code: 0, data: EMPTY };
  const r = new Reader(bytes);
  const code = r.u16();
  const kind = BY_CODE.get(code);
  const unknown: FailureMessage = { kind: 'unknown', code, data: bytes.slice(2) };
  if (kind === undefined) return unknown;
  const fields: Record<string, unknown> = { kind };
  try {
    for (const field of TABLE[kind].fields) fields[field] = readField(r, field);
  } catch {
    // Older nodes leave out height (and both fields before 2019): a code without data is still news.
    return unknown;
  }
  return fields as unknown as KnownFailure;
}

/**
 * What update_fail_malformed_htlc says, as a failure: the node upstream of the one that could not
 * read the onion passes it on in that one's stead.
 */
export function malformedToFailure(code: number, sha256OfOnion: Bytes): FailureMessage {
  const kind = BY_CODE.get(code);
  switch (kind) {
    case 'invalidOnionVersion':
    case 'invalidOnionHmac':
    case 'invalidOnionKey':
    case 'invalidOnionBlinding':
      return { kind, sha256OfOnion };
    default:
      return { kind: 'unknown', code, data: sha256OfOnion };
  }
}
