/** Signatures over commitments and their HTLC transactions: made by a `Signer`, checked by keys. */
import {
  encodeDer,
  SIGHASH_ALL,
  sighashV0,
  type Transaction,
  withWitness,
} from '../../bitcoin/index.js';
import { type Bytes, compare, EMPTY, err, ok, type Result } from '../../bytes/index.js';
import { type Signer, verify } from '../../crypto/index.js';
import {
  type Commitment,
  channelFundingScript,
  commitmentDigest,
  type HtlcOutput,
  htlcDigest,
  htlcSighashType,
  htlcTransaction,
} from './build.js';
import { otherSide } from './keys.js';
import type { CommitmentChannel } from './types.js';

export interface CommitmentSignatures {
  /** 64 bytes, over the commitment. */
  readonly signature: Bytes;
  /** One for each of `commitment.htlcs`, in that order. */
  readonly htlcSignatures: readonly Bytes[];
}

export type SignatureFault =
  | { readonly code: 'bad_commitment_signature' }
  | {
      readonly code: 'wrong_htlc_signature_count';
      readonly expected: number;
      readonly actual: number;
    }
  | { readonly code: 'bad_htlc_signature'; readonly index: number };

/** Signs the peer's commitment: the fields of commitment_signed. `channelKey` names the signer's keys. */
export function signCommitment(
  signer: Signer,
  channelKey: number,
  c: Commitment,
): CommitmentSignatures {
  const signature = signer.sign({ kind: 'funding', channel: channelKey }, commitmentDigest(c));
  const { perCommitmentPoint } = c.keys;
  const htlcKey = { kind: 'htlc', channel: channelKey, perCommitmentPoint } as const;
  return {
    signature,
    htlcSignatures: c.htlcs.map((output) => signer.sign(htlcKey, htlcDigest(c, output))),
  };
}

/** Checks what the side that is not the owner signed: the peer's commitment_signed for ours. */
export function verifyCommitment(
  c: Commitment,
  signatures: CommitmentSignatures,
): Result<void, SignatureFault> {
  const { fundingPubkey } = c.channel[otherSide(c.owner)].points;
  if (!verify(signatures.signature, commitmentDigest(c), fundingPubkey))
    return err({ code: 'bad_commitment_signature' });
  // BOLT 2, commitment_signed: one signature for each HTLC output, no more and no less.
  const [expected, actual] = [c.htlcs.length, signatures.htlcSignatures.length];
  if (expected !== actual) return err({ code: 'wrong_htlc_signature_count', expected, actual });
  for (const [index, output] of c.htlcs.entries()) {
    const signature = signatures.htlcSignatures[index] as Bytes;
    if (!verify(signature, htlcDigest(c, output), c.keys.otherHtlc))
      return err({ code: 'bad_htlc_signature', index });
  }
  return ok(undefined);
}

/** The witness that spends the funding output: both signatures in the order of their keys. */
export function fundingWitness(
  channel: CommitmentChannel,
  localSignature: Bytes,
  remoteSignature: Bytes,
): readonly Bytes[] {
  const local = encodeDer(localSignature, SIGHASH_ALL);
  const remote = encodeDer(remoteSignature, SIGHASH_ALL);
  const { local: us, remote: peer } = channel;
  const localFirst = compare(us.points.fundingPubkey, peer.points.fundingPubkey) < 0;
  const [first, second] = localFirst ? [local, remote] : [remote, local];
  return [EMPTY, first, second, channelFundingScript(channel)];
}

/** Our own commitment with both signatures, ready for the chain. */
export function completeCommitment(
  signer: Signer,
  channelKey: number,
  c: Commitment,
  remoteSignature: Bytes,
): Transaction {
  const local = signer.sign({ kind: 'funding', channel: channelKey }, commitmentDigest(c));
  return withWitness(c.tx, 0, fundingWitness(c.channel, local, remoteSignature));
}

/** The witness of input `index` of an HTLC transaction of ours; `preimage` for HTLC-success. */
export function htlcWitness(
  c: Commitment,
  output: HtlcOutput,
  localSignature: Bytes,
  remoteSignature: Bytes,
  preimage?: Bytes,
): readonly Bytes[] {
  return [
    EMPTY,
    encodeDer(remoteSignature, htlcSighashType(c)),
    encodeDer(localSignature, SIGHASH_ALL),
    preimage ?? EMPTY,
    output.witnessScript,
  ];
}

/**
 * Our HTLC transaction with both signatures: as it stands on a channel without anchors. On one
 * with them it pays no fee and waits for inputs that do; see the onchain room.
 */
export function completeHtlcTransaction(
  signer: Signer,
  channelKey: number,
  c: Commitment,
  output: HtlcOutput,
  remoteSignature: Bytes,
  preimage?: Bytes,
): Transaction {
  const tx = htlcTransaction(c, output);
  const { perCommitmentPoint } = c.keys;
  const local = signer.sign(
    { kind: 'htlc', channel: channelKey, perCommitmentPoint },
    sighashV0(tx, 0, output.witnessScript, output.amount, SIGHASH_ALL),
  );
  return withWitness(tx, 0, htlcWitness(c, output, local, remoteSignature, preimage));
}
