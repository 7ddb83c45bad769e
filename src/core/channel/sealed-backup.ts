/**
 * The backups of all channels as one sealed record: the file `emergency.recover`, and what peers
 * keep for us. `LVNSCB01`, a nonce of 12 bytes, and by ChaCha20-Poly1305 with those 20 bytes as
 * associated data: the version, a serial number, the backups, and zeros up to a length that tells
 * nobody how many channels there are.
 */
import { type Bytes, concat, equal, err, ok, type Result, utf8 } from '../bytes/index.js';
import { chacha20poly1305Decrypt, chacha20poly1305Encrypt } from '../crypto/index.js';
import {
  array,
  bytes,
  type Codec,
  decode,
  encode,
  record,
  rest,
  uint,
  versioned,
  type WireError,
} from '../wire/index.js';
import { type ChannelBackup, decodeBackup, encodeBackup } from './backup.js';

export interface BackupSet {
  /** Seconds since the epoch: of two, the greater is the newer. */
  readonly writtenAt: number;
  readonly channels: readonly ChannelBackup[];
}

export type SealedError =
  /** It does not begin as such a record does, or is too short for one. */
  | { readonly code: 'not_a_backup' }
  /** Another seed's, or not as it was written. */
  | { readonly code: 'wrong_key_or_damaged' }
  /** Sealed by us, and of a form that this version cannot read. */
  | { readonly code: 'unreadable'; readonly error: WireError };

/** BOLT 1, peer_storage: what a blob may measure, and should. */
export const PEER_STORAGE_LENGTH = 65_531;

const MAGIC = utf8('LVNSCB01');
const NONCE = 12;
const TAG = 16;
const OVERHEAD = MAGIC.length + NONCE + TAG;
const VERSION = 1;

const content: Codec<{ writtenAt: number; channels: readonly Bytes[] }> = versioned(
  VERSION,
  record({ writtenAt: uint, channels: array(bytes) }),
);
/** The content has its own length in front, for the zeros behind it. */
const framed: Codec<Bytes> = bytes;

/** `nonce`: 12 random bytes, never used twice with this key. */
function seal(key: Bytes, nonce: Bytes, plaintext: Bytes): Bytes {
  const head = concat(MAGIC, nonce);
  return concat(head, chacha20poly1305Encrypt(key, nonce, head, plaintext));
}

const plaintextOf = ({ writtenAt, channels }: BackupSet): Bytes =>
  encode(framed, encode(content, { writtenAt, channels: channels.map(encodeBackup) }));

/** The file: all channels, whatever it measures. */
export const sealBackups = (key: Bytes, nonce: Bytes, set: BackupSet): Bytes =>
  seal(key, nonce, plaintextOf(set));

/**
 * What a peer is to keep: padded to the length that BOLT 1 asks for. Where not all channels fit,
 * those with the most money do, and `left` says how many do not.
 */
export function sealForPeer(
  key: Bytes,
  nonce: Bytes,
  set: BackupSet,
): { readonly blob: Bytes; readonly left: number } {
  const room = PEER_STORAGE_LENGTH - OVERHEAD;
  const byAmount = [...set.channels].sort((a, b) => Number(b.fundingAmount - a.fundingAmount));
  const fits = (count: number): Bytes | undefined => {
    const plaintext = plaintextOf({ ...set, channels: byAmount.slice(0, count) });
    return plaintext.length <= room ? plaintext : undefined;
  };
  let count = byAmount.length;
  let plaintext = fits(count);
  for (; plaintext === undefined; plaintext = fits(count)) count = Math.floor(count * 0.95);
  const padded = new Uint8Array(room);
  padded.set(plaintext);
  return { blob: seal(key, nonce, padded), left: byAmount.length - count };
}

/** Total: whatever the file or the peer holds answers a set or a coded error. */
export function openBackups(key: Bytes, sealed: Bytes): Result<BackupSet, SealedError> {
  if (sealed.length < OVERHEAD || !equal(sealed.subarray(0, MAGIC.length), MAGIC))
    return err({ code: 'not_a_backup' });
  const head = sealed.subarray(0, MAGIC.length + NONCE);
  const nonce = head.subarray(MAGIC.length);
  const plaintext = chacha20poly1305Decrypt(key, nonce, head, sealed.subarray(head.length));
  if (plaintext === undefined) return err({ code: 'wrong_key_or_damaged' });
  return readPlaintext(plaintext);
}

function readPlaintext(plaintext: Bytes): Result<BackupSet, SealedError> {
  const unreadable = (error: WireError) => err({ code: 'unreadable', error } as const);
  const frame = decode(record({ content: framed, padding: rest }), plaintext);
  if (!frame.ok) return unreadable(frame.error);
  const read = decode(content, frame.value.content);
  if (!read.ok) return unreadable(read.error);
  const channels: ChannelBackup[] = [];
  for (const data of read.value.channels) {
    const backup = decodeBackup(data);
    if (!backup.ok) return unreadable(backup.error);
    channels.push(backup.value);
  }
  return ok({ writtenAt: read.value.writtenAt, channels });
}
