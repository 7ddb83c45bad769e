/**
 * BOLT 4, "Accepting and Forwarding a Payment": what the onion of an HTLC asks of the node that it
 * has reached, inside a blinded path or outside of one, and how that node may speak of a failure.
 */
import {
  assertNever,
  type BlockHeight,
  type Bytes,
  err,
  isZero,
  type Msat,
  ok,
  type Result,
  type ShortChannelId,
} from '../bytes/index.js';
import { sha256 } from '../crypto/index.js';
import { blindedForward, type EncryptedData, unblind } from './blinding.js';
import { type FailureMessage, failureCode } from './failures.js';
import { type PeelError, peel } from './packet.js';
import {
  type CompletePayload,
  checkPayload,
  decodeHopPayload,
  type HopPayload,
  invalidPayload,
  type PayloadError,
} from './payload.js';

/** An HTLC as update_add_htlc brought it. */
export interface IncomingHtlc {
  readonly amountMsat: Msat;
  readonly cltvExpiry: BlockHeight;
  readonly paymentHash: Bytes;
  readonly onion: Bytes;
  /** The `path_key` of update_add_htlc: we are inside a blinded path. */
  readonly pathKey?: Bytes;
}

/** How the side that an HTLC came from is told that it failed. */
export type FailureManner =
  /** update_fail_htlc, for the origin to read. */
  | { readonly kind: 'encrypted'; readonly sharedSecret: Bytes }
  /** The same, but it says no more than that the blinded path that begins with us has failed. */
  | { readonly kind: 'introduction'; readonly sharedSecret: Bytes; readonly sha256OfOnion: Bytes }
  /** update_fail_malformed_htlc: the onion cannot be read, or we are inside a blinded path. */
  | { readonly kind: 'malformed'; readonly failureCode: number; readonly sha256OfOnion: Bytes };

/** The node that an HTLC goes on to. */
export type NextHop =
  | { readonly kind: 'channel'; readonly shortChannelId: ShortChannelId }
  | { readonly kind: 'node'; readonly nodeId: Bytes };

/** What is to be passed on. */
export interface RelayTask {
  readonly amtToForward: Msat;
  readonly outgoingCltvValue: BlockHeight;
  readonly next: NextHop;
  readonly onion: Bytes;
  /** For the next update_add_htlc, inside a blinded path. */
  readonly pathKey?: Bytes;
}

export type Asked =
  | { readonly kind: 'receive'; readonly payload: CompletePayload; readonly sharedSecret: Bytes }
  | { readonly kind: 'relay'; readonly task: RelayTask }
  | { readonly kind: 'refuse'; readonly failure: FailureMessage };

/** What an onion asks, and how a failure of its HTLC is told. */
export interface ReadOnion {
  readonly asked: Asked;
  readonly manner: FailureManner;
}

const BLINDING = failureCode({ kind: 'invalidOnionBlinding', sha256OfOnion: new Uint8Array(32) });

/** Reads the onion of an HTLC; `ecdh` is our node's key, as `Signer.ecdh`. Total. */
export function readOnion(htlc: IncomingHtlc, ecdh: (point: Bytes) => Bytes): ReadOnion {
  const { onion, pathKey } = htlc;
  const sha256OfOnion = sha256(onion);
  // BOLT 2, update_fail_malformed_htlc: inside a blinded path no other word is said of any error.
  const blinded =
    pathKey === undefined
      ? undefined
      : ({ kind: 'malformed', failureCode: BLINDING, sha256OfOnion } as const);
  const peeled = peel(onion, {
    associatedData: htlc.paymentHash,
    ecdh,
    ...(pathKey === undefined ? {} : { pathKey }),
  });
  if (!peeled.ok) {
    const { failure, manner } = unreadable(peeled.error);
    return { asked: { kind: 'refuse', failure }, manner: blinded ?? manner };
  }
  const { sharedSecret, payload, next } = peeled.value;
  const read = decodeHopPayload(payload);
  // BOLT 4, failure messages: whoever is named as the first of a blinded path, and not as its last,
  // says of every error that it happened in the path.
  const introduces =
    read.ok && next !== undefined && pathKey === undefined && read.value.currentPathKey;
  const manner: FailureManner =
    blinded ??
    (introduces
      ? { kind: 'introduction', sharedSecret, sha256OfOnion }
      : { kind: 'encrypted', sharedSecret });
  const bad = ({ type, offset }: PayloadError): ReadOnion => ({
    asked: { kind: 'refuse', failure: { kind: 'invalidOnionPayload', type, offset } },
    manner,
  });
  if (!read.ok) return bad(invalidPayload(read.error.tlvType ?? 0n, read.error.tlvOffset));
  const value = read.value;
  if (next !== undefined && value.encryptedRecipientData !== undefined) {
    const task = blindedTask(htlc, value, next, ecdh);
    return task.ok ? { asked: { kind: 'relay', task: task.value }, manner } : bad(task.error);
  }
  // BOLT 4, payload format: a path_key comes with encrypted_recipient_data only.
  if (pathKey !== undefined) return bad(invalidPayload(10n));
  const complete = checkPayload(value, next === undefined);
  if (!complete.ok) return bad(complete.error);
  if (next === undefined)
    return { asked: { kind: 'receive', payload: complete.value, sharedSecret }, manner };
  const { amtToForward, outgoingCltvValue, shortChannelId } = complete.value;
  const to: NextHop = { kind: 'channel', shortChannelId: shortChannelId as ShortChannelId };
  const task: RelayTask = { amtToForward, outgoingCltvValue, next: to, onion: next };
  return { asked: { kind: 'relay', task }, manner };
}

function unreadable(error: PeelError): { failure: FailureMessage; manner: FailureManner } {
  switch (error.code) {
    case 'bad_payload': {
      const { sharedSecret } = error;
      const failure: FailureMessage = { kind: 'invalidOnionPayload', type: 0n, offset: 0 };
      return { failure, manner: { kind: 'encrypted', sharedSecret } };
    }
    case 'bad_version':
    case 'bad_hmac':
    case 'bad_key': {
      const { failureCode: code, sha256OfOnion } = error;
      const failure: FailureMessage = { kind: 'unknown', code, data: sha256OfOnion };
      return { failure, manner: { kind: 'malformed', failureCode: code, sha256OfOnion } };
    }
    default:
      return assertNever(error);
  }
}

/** TLV types of a payload. */
const ENCRYPTED_RECIPIENT_DATA = 10n;
const CURRENT_PATH_KEY = 12n;

/** What a node of a blinded path, and not its last one, passes on. */
function blindedTask(
  htlc: IncomingHtlc,
  payload: HopPayload,
  onion: Bytes,
  ecdh: (point: Bytes) => Bytes,
): Result<RelayTask, PayloadError> {
  const { encryptedRecipientData, currentPathKey, ...others } = payload;
  // BOLT 4, payload format: the path key is in update_add_htlc or in the payload, never in both.
  const pathKey = htlc.pathKey ?? currentPathKey;
  if (pathKey === undefined || (htlc.pathKey !== undefined && currentPathKey !== undefined))
    return err(invalidPayload(CURRENT_PATH_KEY));
  // BOLT 4, payload format: nothing else is said to a node inside a blinded path.
  if (!isEmpty(others)) return err(invalidPayload(0n));
  const read = unblind(pathKey, encryptedRecipientData as Bytes, ecdh);
  if (!read.ok) return err(invalidPayload(ENCRYPTED_RECIPIENT_DATA));
  const { data, nextPathKey } = read.value;
  const terms = termsOf(htlc, data);
  const next = nextOf(data);
  if (terms === undefined || next === undefined)
    return err(invalidPayload(ENCRYPTED_RECIPIENT_DATA));
  return ok({ ...terms, next, onion, pathKey: nextPathKey });
}

const isEmpty = ({ unknown, ...known }: Omit<HopPayload, 'encryptedRecipientData'>): boolean =>
  (unknown ?? []).length === 0 && Object.values(known).every((value) => value === undefined);

/** What goes on of what came in; nothing where the recipient does not allow this HTLC. */
function termsOf(
  { amountMsat, cltvExpiry }: IncomingHtlc,
  { paymentConstraints, allowedFeatures, paymentRelay }: EncryptedData,
): Pick<RelayTask, 'amtToForward' | 'outgoingCltvValue'> | undefined {
  if (paymentConstraints !== undefined) {
    // BOLT 4, payload format: the path is not used after its last height, nor for less than this.
    if (cltvExpiry > paymentConstraints.maxCltvExpiry) return undefined;
    if (amountMsat < paymentConstraints.htlcMinimumMsat) return undefined;
  }
  // BOLT 4, payload format: no feature of blinded payments is defined, so none may be named.
  if (allowedFeatures !== undefined && !isZero(allowedFeatures)) return undefined;
  // BOLT 4, payload format: the terms for relaying are the recipient's to tell.
  if (paymentRelay === undefined) return undefined;
  const { amtToForward, outgoingCltvValue } = blindedForward(amountMsat, cltvExpiry, paymentRelay);
  if (amtToForward <= 0n || outgoingCltvValue <= 0) return undefined;
  return { amtToForward: amtToForward as Msat, outgoingCltvValue };
}

function nextOf({ shortChannelId, nextNodeId }: EncryptedData): NextHop | undefined {
  // BOLT 4, payload format: exactly one of the two.
  if ((shortChannelId === undefined) === (nextNodeId === undefined)) return undefined;
  return nextNodeId === undefined
    ? { kind: 'channel', shortChannelId: shortChannelId as ShortChannelId }
    : { kind: 'node', nodeId: nextNodeId };
}
