/** BOLT 2, update_fulfill_htlc, update_fail_htlc and update_fail_malformed_htlc. */
import { assertNever, equal } from '../../bytes/index.js';
import { sha256 } from '../../crypto/index.js';
import type { MessageOf } from '../../wire/index.js';
import { warnPeer } from '../faults.js';
import { type Htlc, offeredBy, type Removal } from '../htlc.js';
import type { LiveState, Side } from '../state.js';
import type { Turn } from '../turn.js';

/** BOLT 4: the bit of every failure code that says the onion could not be read. */
const BADONION = 0x8000;

const find = (s: LiveState, id: bigint, by: Side): number =>
  s.commitments.htlcs.findIndex((h) => h.id === id && offeredBy(h) === by);

function replaceAt(s: LiveState, index: number, htlc: Htlc): LiveState {
  const htlcs = s.commitments.htlcs.with(index, htlc);
  return { ...s, commitments: { ...s.commitments, htlcs } };
}

/** A command of ours ends an HTLC that the peer offered. */
export function onRemoveHtlc(s: LiveState, id: bigint, removal: Removal, turn: Turn): LiveState {
  const index = find(s, id, 'remote');
  const htlc = s.commitments.htlcs[index];
  // BOLT 2, removing an HTLC: only when it is irrevocably committed on both sides, and once.
  if (htlc === undefined || htlc.state !== 'RCVD_ADD_ACK_REVOCATION') {
    turn.note('debug', `no HTLC ${id} to ${removal.kind}`);
    return s;
  }
  if (removal.kind === 'fulfill' && !equal(sha256(removal.preimage), htlc.paymentHash)) {
    turn.note('error', `the preimage does not fit HTLC ${id}`);
    return s;
  }
  // On chain an HTLC is not removed but claimed: what is left to do is to know the preimage.
  if (s.failure !== undefined || s.spent !== undefined) {
    if (removal.kind !== 'fulfill' || htlc.preimage !== undefined) return s;
    turn.persist();
    return replaceAt(s, index, { ...htlc, preimage: removal.preimage });
  }
  const removed: Htlc = { ...htlc, state: 'SENT_REMOVE_HTLC', removal };
  if (s.link.kind === 'online') sendRemoval(s, removed, turn);
  else turn.persist();
  return replaceAt(s, index, removed);
}

export function sendRemoval(s: LiveState, htlc: Htlc, turn: Turn): void {
  const { channelId } = s;
  const { id, removal } = htlc;
  if (removal === undefined) return;
  switch (removal.kind) {
    case 'fulfill': {
      const { preimage: paymentPreimage } = removal;
      turn.send({ kind: 'updateFulfillHtlc', channelId, id, paymentPreimage, tlvs: {} });
      return;
    }
    case 'fail':
      turn.send({ kind: 'updateFailHtlc', channelId, id, reason: removal.reason, tlvs: {} });
      return;
    case 'failMalformed': {
      const { sha256OfOnion, failureCode } = removal;
      turn.send({ kind: 'updateFailMalformedHtlc', channelId, id, sha256OfOnion, failureCode });
      return;
    }
    default:
      assertNever(removal);
  }
}

type RemovalMessage = MessageOf<'updateFulfillHtlc' | 'updateFailHtlc' | 'updateFailMalformedHtlc'>;

function removalOf(m: RemovalMessage): Removal {
  switch (m.kind) {
    case 'updateFulfillHtlc':
      return { kind: 'fulfill', preimage: m.paymentPreimage };
    case 'updateFailHtlc':
      return { kind: 'fail', reason: m.reason };
    case 'updateFailMalformedHtlc':
      return {
        kind: 'failMalformed',
        sha256OfOnion: m.sha256OfOnion,
        failureCode: m.failureCode,
      };
    default:
      return assertNever(m);
  }
}

/** The peer ends an HTLC that we offered. */
export function onRemoval(s: LiveState, m: RemovalMessage, turn: Turn): LiveState {
  const index = find(s, m.id, 'local');
  const htlc = s.commitments.htlcs[index];
  // BOLT 2, removing an HTLC: the id is that of one in both commitments, not removed before.
  if (htlc === undefined || htlc.state !== 'SENT_ADD_ACK_REVOCATION')
    return warnPeer(s, turn, `${m.kind}: no HTLC ${m.id} to remove`);
  const removal = removalOf(m);
  // BOLT 2, update_fail_malformed_htlc: the failure code has the BADONION bit.
  if (removal.kind === 'failMalformed' && (removal.failureCode & BADONION) === 0)
    return warnPeer(s, turn, 'update_fail_malformed_htlc without BADONION');
  if (removal.kind !== 'fulfill')
    return replaceAt(s, index, { ...htlc, state: 'RCVD_REMOVE_HTLC', removal });
  const { preimage } = removal;
  // BOLT 2, update_fulfill_htlc: the preimage hashes to the payment_hash.
  if (!equal(sha256(preimage), htlc.paymentHash))
    return warnPeer(s, turn, `update_fulfill_htlc: wrong preimage for HTLC ${m.id}`);
  if (htlc.preimage === undefined) tellFulfilled({ ...htlc, preimage }, turn);
  return replaceAt(s, index, { ...htlc, state: 'RCVD_REMOVE_HTLC', removal, preimage });
}

/** The preimage of an outgoing HTLC is passed on at once: nothing can take it back. */
export function tellFulfilled(htlc: Htlc, turn: Turn): void {
  const { origin, preimage, id: htlcId, amountMsat } = htlc;
  if (origin === undefined || preimage === undefined) return;
  turn.emit({ kind: 'htlcFulfilled', htlcId, origin, amountMsat, preimage });
}
