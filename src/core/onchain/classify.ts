/** BOLT 5: what a transaction that spends the funding output is. */
import { p2wsh, type Transaction, txid } from '../bitcoin/index.js';
import { type Bytes, equal } from '../bytes/index.js';
import {
  buildCommitment,
  type Commitment,
  commitmentKeys,
  type RevokedHtlc,
  type RevokedRow,
  readCommitmentNumber,
  revokedHtlcs,
  type Side,
  toLocalScript,
} from '../channel/commitment/index.js';
import { lookupSecret, type Signer, shachainIndex } from '../crypto/index.js';
import type { OnchainChannel, RemoteState } from './types.js';

export type Ending =
  | { readonly kind: 'mutual' }
  | { readonly kind: 'local'; readonly commitment: Commitment }
  | { readonly kind: 'remote' | 'remoteNext'; readonly commitment: Commitment }
  | {
      readonly kind: 'revoked';
      readonly number: bigint;
      /** The peer's per-commitment secret. */
      readonly secret: Bytes;
      /** Absent where the rows that tell them are missing: the rest is claimed all the same. */
      readonly htlcs?: readonly RevokedHtlc[];
    }
  | { readonly kind: 'future'; readonly number: bigint }
  | { readonly kind: 'ownRevoked'; readonly number: bigint; readonly point: Bytes }
  | { readonly kind: 'unknown' };

interface Built {
  readonly local: Commitment;
  readonly remote: Commitment;
  readonly remoteNext?: Commitment;
}
const built = new WeakMap<OnchainChannel, Built>();

/** The commitments that may be on the chain without anyone cheating. */
function commitmentsOf(channel: OnchainChannel, signer: Signer): Built {
  let found = built.get(channel);
  if (found === undefined) {
    const { commitment, local } = channel;
    const of = (state: RemoteState): Commitment =>
      buildCommitment(commitment, 'remote', state.point, state.spec);
    const point = signer.perCommitmentPoint(channel.key, local.spec.commitmentNumber);
    found = {
      local: buildCommitment(commitment, 'local', point, local.spec),
      remote: of(channel.remote),
      ...(channel.remoteNext === undefined ? {} : { remoteNext: of(channel.remoteNext) }),
    };
    built.set(channel, found);
  }
  return found;
}

/**
 * The number of a revoked state that `tx` may be, and so the first of the `REVOKED_ROWS` rows that
 * `classify` needs; `undefined` where it needs none.
 */
export function revokedNumber(channel: OnchainChannel, tx: Transaction): bigint | undefined {
  const number = readCommitmentNumber(channel.commitment, tx);
  if (number === undefined || number >= channel.remote.spec.commitmentNumber) return undefined;
  return number;
}

/** Whether `tx` pays to the to_local script of `owner`'s commitment with this point. */
function hasToLocal(channel: OnchainChannel, tx: Transaction, owner: Side, point: Bytes): boolean {
  const { commitment } = channel;
  const keys = commitmentKeys(commitment, owner, point);
  const delay = commitment[owner === 'local' ? 'remote' : 'local'].toSelfDelay;
  const script = p2wsh(toLocalScript(keys.revocation, keys.ownerDelayed, delay));
  return tx.outputs.some((output) => equal(output.scriptPubkey, script));
}

export function classify(
  channel: OnchainChannel,
  tx: Transaction,
  rows: readonly RevokedRow[],
  signer: Signer,
): Ending {
  const id = txid(tx);
  const { local, remote, remoteNext } = commitmentsOf(channel, signer);
  if (equal(id, local.txid)) return { kind: 'local', commitment: local };
  if (equal(id, remote.txid)) return { kind: 'remote', commitment: remote };
  if (remoteNext !== undefined && equal(id, remoteNext.txid))
    return { kind: 'remoteNext', commitment: remoteNext };
  const number = readCommitmentNumber(channel.commitment, tx);
  // Both signed it, and it is no commitment: a mutual close.
  if (number === undefined) return { kind: 'mutual' };
  return numbered(channel, tx, number, rows, signer);
}

function numbered(
  channel: OnchainChannel,
  tx: Transaction,
  number: bigint,
  rows: readonly RevokedRow[],
  signer: Signer,
): Ending {
  // Whatever its number: of a channel restored from a backup we know none of our own.
  const point = signer.perCommitmentPoint(channel.key, number);
  if (hasToLocal(channel, tx, 'local', point)) return { kind: 'ownRevoked', number, point };
  const newest = channel.remoteNext ?? channel.remote;
  if (number > newest.spec.commitmentNumber) return { kind: 'future', number };
  const secret = lookupSecret(channel.remoteSecrets, shachainIndex(number));
  if (secret === undefined) return channel.lost ? { kind: 'future', number } : { kind: 'unknown' };
  const from = rows.findIndex((row) => row.commitmentNumber === number);
  const found = revokedHtlcs(
    channel.commitment,
    number,
    from < 0 ? [] : rows.slice(from),
    channel.remote.spec,
  );
  return {
    kind: 'revoked',
    number,
    secret,
    ...(found === undefined ? {} : { htlcs: found }),
  };
}
