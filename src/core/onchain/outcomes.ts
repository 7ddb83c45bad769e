/** What became of the HTLCs we offered, as far as the chain tells. */
import type { Transaction } from '../bitcoin/index.js';
import { type BlockHeight, type Bytes, equal, toHex } from '../bytes/index.js';
import { type CommitmentSpec, isTrimmed, type Side } from '../channel/commitment/index.js';
import { ripemd160, sha256 } from '../crypto/index.js';
import type { Ending } from './classify.js';
import type { Followed } from './outputs.js';
import type { Preimages } from './plan.js';
import { type OnchainChannel, type OutgoingHtlc, SAFE_DEPTH } from './types.js';

/** Confirmations of what lies at `at`, seen from `height`. */
export const depth = (at: BlockHeight, height: BlockHeight): number => height - at + 1;

/** Preimages of HTLCs we offered that the inputs of `tx` show. */
export function shownPreimages(channel: OnchainChannel, tx: Transaction): Bytes[] {
  const found: Bytes[] = [];
  for (const input of tx.inputs) {
    for (const item of input.witness) {
      if (item.length !== 32) continue;
      const hash = sha256(item);
      if (channel.outgoing.some((htlc) => equal(htlc.paymentHash, hash))) found.push(item);
    }
  }
  return found;
}

export function preimageMap(preimages: readonly Bytes[]): Preimages {
  return new Map(preimages.map((p) => [toHex(ripemd160(sha256(p))), p]));
}

export type Outcome =
  | { readonly kind: 'fulfilled'; readonly preimage: Bytes }
  | { readonly kind: 'failed' };

/** The close as far as outcomes need it. */
export interface CloseView {
  readonly ending: Ending;
  /** Of the block with the closing transaction; absent in the mempool. */
  readonly height?: BlockHeight;
  readonly followed: readonly Followed[];
}

/** The outcome of one HTLC, or `undefined` while it is open. */
export function outcomeOf(
  channel: OnchainChannel,
  htlc: OutgoingHtlc,
  close: CloseView,
  height: BlockHeight,
  preimages: Preimages,
): Outcome | undefined {
  // BOLT 5: a preimage that is known fulfills the incoming HTLC, wherever it was seen.
  const preimage = preimages.get(toHex(ripemd160(htlc.paymentHash)));
  if (preimage !== undefined) return { kind: 'fulfilled', preimage };
  if (close.height === undefined) return undefined;
  const output = close.followed.find(
    (o) => o.role === 'htlc' && o.htlc?.offeredBy === 'local' && o.htlc.id === htlc.id,
  );
  if (output !== undefined) {
    // BOLT 5, local offers: taken back by us, it is failed once that is deep enough.
    const { spend } = output;
    return spend !== undefined && depth(spend.height, height) >= SAFE_DEPTH
      ? { kind: 'failed' }
      : undefined;
  }
  // BOLT 5: no valid commitment has an output for it, so that no reorg can bring one.
  if (!mayHaveOutput(channel, htlc)) return { kind: 'failed' };
  if (isOpaque(close.ending) && height < htlc.cltvExpiry + SAFE_DEPTH) return undefined;
  // BOLT 5: without an output in this commitment it is failed once that one is deep enough.
  return depth(close.height, height) >= SAFE_DEPTH ? { kind: 'failed' } : undefined;
}

/** Whether a commitment that is not revoked has an output for the HTLC we offered. */
function mayHaveOutput(channel: OnchainChannel, htlc: OutgoingHtlc): boolean {
  const { commitment, local, remote, remoteNext } = channel;
  const has = (owner: Side, spec: CommitmentSpec): boolean => {
    const { dustLimit } = commitment[owner];
    const found = spec.htlcs.find((h) => h.offeredBy === 'local' && h.id === htlc.id);
    if (found === undefined) return false;
    return !isTrimmed(commitment.format, spec.feeratePerKw, dustLimit, owner, found);
  };
  if (has('local', local.spec) || has('remote', remote.spec)) return true;
  return remoteNext !== undefined && has('remote', remoteNext.spec);
}

/** A close whose HTLC outputs we cannot tell apart: one may be behind any of its outputs. */
function isOpaque(ending: Ending): boolean {
  switch (ending.kind) {
    case 'future':
    case 'unknown':
    case 'ownRevoked':
      return true;
    case 'revoked':
      return ending.htlcs === undefined;
    case 'mutual':
    case 'local':
    case 'remote':
    case 'remoteNext':
      return false;
  }
}
