/** The witness scripts of BOLT 3, "Commitment Transaction Outputs" and "Funding Transaction Output". */
import { OP, pushNumber, script } from '../../bitcoin/index.js';
import { type Bytes, compare, concat } from '../../bytes/index.js';
import { hash160, ripemd160 } from '../../crypto/index.js';
import type { CommitmentKeys } from './keys.js';
import type { CommitmentFormat } from './types.js';

/** The two keys in order, as the funding script has them. */
export const sortedKeys = (a: Bytes, b: Bytes): readonly [Bytes, Bytes] =>
  compare(a, b) < 0 ? [a, b] : [b, a];

export function fundingScript(a: Bytes, b: Bytes): Bytes {
  const [first, second] = sortedKeys(a, b);
  return script(OP.TWO, first, second, OP.TWO, OP.CHECKMULTISIG);
}

/** `to_local`, and the output of every HTLC transaction. */
export function toLocalScript(revocation: Bytes, delayed: Bytes, toSelfDelay: number): Bytes {
  return concat(
    script(OP.IF, revocation, OP.ELSE),
    pushNumber(toSelfDelay),
    script(OP.CHECKSEQUENCEVERIFY, OP.DROP, delayed, OP.ENDIF, OP.CHECKSIG),
  );
}

/** `to_remote` of an anchor channel; without anchors it is p2wpkh. */
export const toRemoteScript = (payment: Bytes): Bytes =>
  script(payment, OP.CHECKSIGVERIFY, OP.ONE, OP.CHECKSEQUENCEVERIFY);

export const anchorScript = (fundingPubkey: Bytes): Bytes =>
  script(
    fundingPubkey,
    OP.CHECKSIG,
    OP.IFDUP,
    OP.NOTIF,
    OP.SIXTEEN,
    OP.CHECKSEQUENCEVERIFY,
    OP.ENDIF,
  );

/** Up to the payment's own branch, the same for every HTLC of a commitment: make it once. */
export function htlcScriptHead(keys: CommitmentKeys): Bytes {
  return concat(
    script(OP.DUP, OP.HASH160, hash160(keys.revocation), OP.EQUAL),
    script(OP.IF, OP.CHECKSIG, OP.ELSE, keys.otherHtlc, OP.SWAP, OP.SIZE),
    pushNumber(32),
    script(OP.EQUAL),
  );
}

const TAIL: Readonly<Record<CommitmentFormat, Bytes>> = {
  staticRemotekey: script(OP.ENDIF, OP.ENDIF),
  anchors: script(OP.ENDIF, OP.ONE, OP.CHECKSEQUENCEVERIFY, OP.DROP, OP.ENDIF),
};

/** An HTLC that the commitment's owner offered. */
export const offeredHtlcScript = (
  keys: CommitmentKeys,
  paymentHash: Bytes,
  format: CommitmentFormat,
  head?: Bytes,
): Bytes => offeredHtlcScriptOfHash(keys, ripemd160(paymentHash), format, head);

/** The same from RIPEMD160 of the payment hash, which is all the script shows. */
export function offeredHtlcScriptOfHash(
  keys: CommitmentKeys,
  hash: Bytes,
  format: CommitmentFormat,
  head: Bytes = htlcScriptHead(keys),
): Bytes {
  return concat(
    head,
    script(OP.NOTIF, OP.DROP, OP.TWO, OP.SWAP, keys.ownerHtlc, OP.TWO, OP.CHECKMULTISIG),
    script(OP.ELSE, OP.HASH160, hash, OP.EQUALVERIFY, OP.CHECKSIG),
    TAIL[format],
  );
}

/** An HTLC that the commitment's owner received. */
export const receivedHtlcScript = (
  keys: CommitmentKeys,
  paymentHash: Bytes,
  cltvExpiry: number,
  format: CommitmentFormat,
  head?: Bytes,
): Bytes => receivedHtlcScriptOfHash(keys, ripemd160(paymentHash), cltvExpiry, format, head);

/** The same from RIPEMD160 of the payment hash, which is all the script shows. */
export function receivedHtlcScriptOfHash(
  keys: CommitmentKeys,
  hash: Bytes,
  cltvExpiry: number,
  format: CommitmentFormat,
  head: Bytes = htlcScriptHead(keys),
): Bytes {
  return concat(
    head,
    script(OP.IF, OP.HASH160, hash, OP.EQUALVERIFY),
    script(OP.TWO, OP.SWAP, keys.ownerHtlc, OP.TWO, OP.CHECKMULTISIG, OP.ELSE, OP.DROP),
    pushNumber(cltvExpiry),
    script(OP.CHECKLOCKTIMEVERIFY, OP.DROP, OP.CHECKSIG),
    TAIL[format],
  );
}
