/** BOLT 2, update_fee, in both directions. */
import type { MessageOf } from '../../wire/index.js';
import { feerateIn } from '../balances.js';
import { isReady } from '../facts.js';
import { warnPeer } from '../faults.js';
import { feerateToKeepReserve, refuseFee } from '../limits.js';
import { faultInFeerate } from '../opening/terms.js';
import type { FeeUpdate, LiveState } from '../state.js';
import type { Turn } from '../turn.js';

/** The new feerate, in place of one that no commitment has yet. */
function withFee(s: LiveState, feeratePerKw: number, state: FeeUpdate['state']): LiveState {
  const fees = s.commitments.fees.filter((fee) => fee.state !== state);
  return {
    ...s,
    commitments: { ...s.commitments, fees: [...fees, { feeratePerKw, state }] },
  };
}

export function onUpdateFeeCommand(s: LiveState, feeratePerKw: number, turn: Turn): LiveState {
  const { params, commitments: c } = s;
  // BOLT 2, update_fee: only who opened the channel sends it.
  if (params.opener !== 'local' || !isReady(s) || s.link.kind !== 'online') return s;
  if (s.failure !== undefined || s.spent !== undefined || isDrained(s)) return s;
  if (feerateIn(c.fees, 'remoteNext') === feeratePerKw) return s;
  const error = refuseFee(params, c, feeratePerKw, 'local');
  if (error !== undefined) {
    turn.note('warn', `feerate ${feeratePerKw} is not set: ${error.code}`);
    return s;
  }
  sendFee(s, feeratePerKw, turn);
  return withFee(s, feeratePerKw, 'SENT_ADD_HTLC');
}

/** BOLT 2, shutdown: no updates once both have said it and no HTLC is left. */
const isDrained = (s: LiveState): boolean =>
  s.shutdown.sent && s.shutdown.remoteScript !== undefined && s.commitments.htlcs.length === 0;

/**
 * Where HTLCs of both sides have crossed, the opener may owe more for them than its reserve leaves,
 * though neither side offered too much. BOLT 2 asks for nothing then, but some peers give up a
 * channel in which the reserve is touched. With anchors a commitment needs no more than a mempool
 * takes: a lower feerate goes before the signature, and the next block brings the usual one back.
 */
export function withAffordableFee(s: LiveState, turn: Turn): LiveState {
  const { params, commitments, shutdown } = s;
  if (params.opener !== 'local' || !params.type.anchors) return s;
  if (shutdown.localScript !== undefined || shutdown.remoteScript !== undefined) return s;
  const feeratePerKw = feerateToKeepReserve(params, commitments, turn.context.fees.minimum);
  if (feeratePerKw === undefined) return s;
  turn.note('info', `HTLCs have crossed: feerate ${feeratePerKw} until they are settled`);
  sendFee(s, feeratePerKw, turn);
  return withFee(s, feeratePerKw, 'SENT_ADD_HTLC');
}

export function sendFee(s: LiveState, feeratePerKw: number, turn: Turn): void {
  turn.send({ kind: 'updateFee', channelId: s.channelId, feeratePerKw });
}

export function onUpdateFee(s: LiveState, m: MessageOf<'updateFee'>, turn: Turn): LiveState {
  const { params, commitments } = s;
  const { feeratePerKw } = m;
  // BOLT 2, update_fee: only who opened the channel sends it.
  if (params.opener !== 'remote')
    return warnPeer(s, turn, 'update_fee from the side that does not pay it');
  const fault = faultInFeerate(feeratePerKw, params.type.anchors, turn.context.fees);
  if (fault !== undefined) return warnPeer(s, turn, `update_fee: ${fault}`);
  const error = refuseFee(params, commitments, feeratePerKw, 'remote');
  if (error !== undefined) return warnPeer(s, turn, `update_fee: ${error.code}`);
  return withFee(s, feeratePerKw, 'RCVD_ADD_HTLC');
}
