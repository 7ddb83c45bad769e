import {
  derivePrivateKey,
  deriveRevocationPrivateKey,
} from '../../core/channel/commitment/index.js';
import { type ChannelPoints, type KeyRef, publicKeyFromPrivate } from '../../core/crypto/index.js';

/** The private half of one channel: five base secrets and the seed of its per-commitment secrets. */
export interface ChannelSecrets {
  readonly funding: Uint8Array;
  readonly revocation: Uint8Array;
  readonly payment: Uint8Array;
  readonly delayedPayment: Uint8Array;
  readonly htlc: Uint8Array;
  readonly shachainSeed: Uint8Array;
}

export type ChannelKeyRef = Extract<KeyRef, { readonly channel: number }>;

export function publicKeyOf(secret: Uint8Array): Uint8Array {
  const point = publicKeyFromPrivate(secret);
  if (point === undefined) throw new Error('a derived secret is no private key');
  return point;
}

export const channelPointsOf = (secrets: ChannelSecrets): ChannelPoints => ({
  fundingPubkey: publicKeyOf(secrets.funding),
  revocationBasepoint: publicKeyOf(secrets.revocation),
  paymentBasepoint: publicKeyOf(secrets.payment),
  delayedPaymentBasepoint: publicKeyOf(secrets.delayedPayment),
  htlcBasepoint: publicKeyOf(secrets.htlc),
});

/** The private key that `ref` names, BOLT 3, "Key Derivation". */
export function channelPrivateKey(
  secrets: ChannelSecrets,
  points: ChannelPoints,
  ref: ChannelKeyRef,
): Uint8Array {
  switch (ref.kind) {
    case 'funding':
      return secrets.funding;
    case 'payment':
      return secrets.payment;
    case 'htlc':
      return derivePrivateKey(secrets.htlc, points.htlcBasepoint, ref.perCommitmentPoint);
    case 'delayed':
      return derivePrivateKey(
        secrets.delayedPayment,
        points.delayedPaymentBasepoint,
        ref.perCommitmentPoint,
      );
    case 'revocation':
      return deriveRevocationPrivateKey(
        secrets.revocation,
        points.revocationBasepoint,
        ref.perCommitmentSecret,
      );
  }
}
