/** BOLT 3, "Key Derivation". Points are taken as valid; the wire's decoders have checked them. */
import { type Bytes, concat, equal } from '../../bytes/index.js';
import {
  type ChannelPoints,
  pointAdd,
  pointMul,
  pointTweakAdd,
  privAdd,
  privMul,
  publicKeyFromPrivate,
  sha256,
} from '../../crypto/index.js';
import type { CommitmentChannel, Side } from './types.js';

/** That a hash of these inputs is no scalar, or a sum the point at infinity, happens to nobody. */
function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('key derivation: invalid point or secret');
  return value;
}

/** basepoint + SHA256(per_commitment_point || basepoint)·G */
export const derivePublicKey = (basepoint: Bytes, perCommitmentPoint: Bytes): Bytes =>
  must(pointTweakAdd(basepoint, sha256(concat(perCommitmentPoint, basepoint))));

export function derivePrivateKey(
  secret: Bytes,
  basepoint: Bytes,
  perCommitmentPoint: Bytes,
): Bytes {
  return must(privAdd(secret, sha256(concat(perCommitmentPoint, basepoint))));
}

/** The key that both sides make together and only the honest one can use once a state is revoked. */
export function deriveRevocationKey(revocationBasepoint: Bytes, perCommitmentPoint: Bytes): Bytes {
  const a = pointMul(revocationBasepoint, sha256(concat(revocationBasepoint, perCommitmentPoint)));
  const b = pointMul(perCommitmentPoint, sha256(concat(perCommitmentPoint, revocationBasepoint)));
  return must(pointAdd(must(a), must(b)));
}

export function deriveRevocationPrivateKey(
  revocationSecret: Bytes,
  revocationBasepoint: Bytes,
  perCommitmentSecret: Bytes,
): Bytes {
  const point = must(publicKeyFromPrivate(perCommitmentSecret));
  const a = privMul(revocationSecret, sha256(concat(revocationBasepoint, point)));
  const b = privMul(perCommitmentSecret, sha256(concat(point, revocationBasepoint)));
  return must(privAdd(must(a), must(b)));
}

/** The keys in one commitment. "Owner" is who may broadcast it; "other" who signed it for them. */
export interface CommitmentKeys {
  readonly perCommitmentPoint: Bytes;
  readonly ownerDelayed: Bytes;
  readonly ownerHtlc: Bytes;
  readonly otherHtlc: Bytes;
  /** BOLT 3 static_remotekey: the other side's payment basepoint as it is. */
  readonly otherPayment: Bytes;
  readonly revocation: Bytes;
}

export const otherSide = (side: Side): Side => (side === 'local' ? 'remote' : 'local');

/** Derived when they are first asked for: most commitments of a quiet channel have no HTLC. */
class DerivedKeys implements CommitmentKeys {
  readonly ownerDelayed: Bytes;
  readonly otherPayment: Bytes;
  readonly revocation: Bytes;
  readonly #basepoints: { readonly owner: Bytes; readonly other: Bytes };
  #ownerHtlc: Bytes | undefined;
  #otherHtlc: Bytes | undefined;

  constructor(
    owner: ChannelPoints,
    other: ChannelPoints,
    readonly perCommitmentPoint: Bytes,
  ) {
    this.ownerDelayed = derivePublicKey(owner.delayedPaymentBasepoint, perCommitmentPoint);
    this.otherPayment = other.paymentBasepoint;
    this.revocation = deriveRevocationKey(other.revocationBasepoint, perCommitmentPoint);
    this.#basepoints = { owner: owner.htlcBasepoint, other: other.htlcBasepoint };
  }

  get ownerHtlc(): Bytes {
    this.#ownerHtlc ??= derivePublicKey(this.#basepoints.owner, this.perCommitmentPoint);
    return this.#ownerHtlc;
  }

  get otherHtlc(): Bytes {
    this.#otherHtlc ??= derivePublicKey(this.#basepoints.other, this.perCommitmentPoint);
    return this.#otherHtlc;
  }
}

type BothSides = Pick<CommitmentChannel, 'local' | 'remote'>;

/** The newest keys of each side of a channel, so that they may be derived before they are needed. */
const newest = new WeakMap<BothSides, Partial<Record<Side, CommitmentKeys>>>();

export function commitmentKeys(
  channel: BothSides,
  owner: Side,
  perCommitmentPoint: Bytes,
): CommitmentKeys {
  let known = newest.get(channel);
  if (known === undefined) {
    known = {};
    newest.set(channel, known);
  }
  const before = known[owner];
  if (before !== undefined && equal(before.perCommitmentPoint, perCommitmentPoint)) return before;
  const { points } = channel[owner];
  const keys = new DerivedKeys(points, channel[otherSide(owner)].points, perCommitmentPoint);
  known[owner] = keys;
  return keys;
}
