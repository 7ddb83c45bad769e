/**
 * The keys. Nothing else holds a private key: the core asks for points and signatures by name.
 * Calls are synchronous, since a step of a machine is; a remote signer answers from behind a
 * worker and a shared buffer. Signatures are 64 bytes (r, s), low s.
 */
export type KeyRef =
  /** The node's identity. */
  | { readonly kind: 'node' }
  /** BOLT 3: the key of the 2-of-2 funding output. */
  | { readonly kind: 'funding'; readonly channel: number }
  /** BOLT 3: `payment_basepoint` itself, since static_remotekey does not tweak it. */
  | { readonly kind: 'payment'; readonly channel: number }
  /** BOLT 3: `htlc_basepoint`, tweaked by the per-commitment point. */
  | { readonly kind: 'htlc'; readonly channel: number; readonly perCommitmentPoint: Uint8Array }
  /** BOLT 3: `delayed_payment_basepoint`, tweaked by our own per-commitment point. */
  | { readonly kind: 'delayed'; readonly channel: number; readonly perCommitmentPoint: Uint8Array }
  /** BOLT 3: `revocation_basepoint`, with the secret that the other side gave up. */
  | {
      readonly kind: 'revocation';
      readonly channel: number;
      readonly perCommitmentSecret: Uint8Array;
    }
  /** BIP 84 (p2wpkh) or BIP 86 (p2tr, key path): address `index` of the wallet. */
  | {
      readonly kind: 'wallet';
      readonly type: 'p2wpkh' | 'p2tr';
      readonly change: boolean;
      readonly index: number;
    };

export interface ChannelPoints {
  readonly fundingPubkey: Uint8Array;
  readonly revocationBasepoint: Uint8Array;
  readonly paymentBasepoint: Uint8Array;
  readonly delayedPaymentBasepoint: Uint8Array;
  readonly htlcBasepoint: Uint8Array;
}

export interface Signer {
  readonly nodeId: Uint8Array;
  /** SHA256 of the compressed shared point, as BOLT 4 and BOLT 8 use it. */
  ecdh(point: Uint8Array): Uint8Array;
  /** The five points of channel number `channel`, which is never used for another one. */
  channelPoints(channel: number): ChannelPoints;
  /** BOLT 3, "Per-commitment Secret Requirements"; `index` counts commitments up from 0. */
  perCommitmentPoint(channel: number, index: bigint): Uint8Array;
  /** Gives a secret up. The caller has checked that its commitment is revoked. */
  perCommitmentSecret(channel: number, index: bigint): Uint8Array;
  /** The compressed public key that `ref` names (33 bytes; p2tr: 32 bytes, tweaked, x only). */
  publicKey(ref: KeyRef): Uint8Array;
  /** ECDSA over a 32-byte digest. */
  sign(ref: KeyRef, digest: Uint8Array): Uint8Array;
  /** BIP 340 with the key tweaked as BIP 86 says, for p2tr inputs of the wallet. */
  signSchnorr(ref: KeyRef & { kind: 'wallet' }, digest: Uint8Array): Uint8Array;
  /** ECDSA by the node's key with its recovery id, for invoices and `signmessage`. */
  signRecoverable(digest: Uint8Array): {
    readonly signature: Uint8Array;
    readonly recovery: number;
  };
  /** A 32-byte secret of the node's own for `purpose`: payment secrets, encryption of backups. */
  secret(purpose: string): Uint8Array;
}
