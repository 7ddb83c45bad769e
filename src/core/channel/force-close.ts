/** BOLT 5, "Failing a Channel": what goes to the chain from our side. */
import { encodeTx, txid } from '../bitcoin/index.js';
import type { Bytes } from '../bytes/index.js';
import type { Signer } from '../crypto/index.js';
import { specOf } from './balances.js';
import { buildCommitment, type Commitment, completeCommitment } from './commitment/index.js';
import type { LiveState } from './state.js';
import type { Turn } from './turn.js';

/** Our latest commitment: its transaction without signatures, and the meaning of its outputs. */
export function ourCommitment(s: LiveState, signer: Signer): Commitment {
  const { local } = s.commitments;
  const point = signer.perCommitmentPoint(s.params.key, local.number);
  return buildCommitment(s.params, 'local', point, specOf(s.commitments, 'local'));
}

/** Our latest commitment as it may be broadcast. Never call it for a channel that is behind. */
export function signedCommitment(s: LiveState, signer: Signer): Bytes {
  const commitment = ourCommitment(s, signer);
  const { signature } = s.commitments.local;
  return encodeTx(completeCommitment(signer, s.params.key, commitment, signature));
}

/** Broadcasts the close that both signed, or else our commitment; nothing where we are behind. */
export function broadcastOurs(s: LiveState, turn: Turn): void {
  const { tx } = s.shutdown;
  if (tx !== undefined) {
    turn.emit({ kind: 'broadcast', tx, purpose: 'mutual close' });
    return;
  }
  // BOLT 2, channel_reestablish: never our commitment once the peer proved that it is old.
  if (s.failure?.behind === true) return;
  const signed = signedCommitment(s, turn.context.signer);
  turn.emit({ kind: 'broadcast', tx: signed, purpose: 'commitment' });
}

/** Of our latest commitment, internal byte order. */
export const ourCommitmentTxid = (s: LiveState, signer: Signer): Bytes =>
  txid(ourCommitment(s, signer).tx);
