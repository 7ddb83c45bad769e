/** BOLT 2, update_add_htlc, in both directions. */
import type { BlockHeight } from '../../bytes/index.js';
import type { MessageOf } from '../../wire/index.js';
import { isReady } from '../facts.js';
import { warnPeer } from '../faults.js';
import type { Htlc } from '../htlc.js';
import { CLTV_LIMIT, offerBounds, receiveBounds, refuseAdd } from '../limits.js';
import type { LiveState } from '../state.js';
import type { Turn } from '../turn.js';
import type { ChannelCommand, ChannelError } from '../types.js';

type AddHtlc = ChannelCommand & { kind: 'addHtlc' };

/** Why no HTLC at all can be offered now, or nothing. */
export function refuseOffering(s: LiveState): ChannelError | undefined {
  if (!isReady(s) || s.failure !== undefined || s.spent !== undefined)
    return { code: 'channel_not_ready' };
  // BOLT 2, shutdown: no HTLC is added once either side wants to close.
  if (s.shutdown.localScript !== undefined || s.shutdown.remoteScript !== undefined)
    return { code: 'shutting_down' };
  return s.link.kind === 'online' ? undefined : { code: 'peer_offline' };
}

function refuseExpiry(cltvExpiry: BlockHeight, height: BlockHeight): ChannelError | undefined {
  const [minimum, maximum] = [height + 1, CLTV_LIMIT - 1];
  // BOLT 2, update_add_htlc: an expiry in blocks, and one that has not passed.
  if (cltvExpiry >= minimum && cltvExpiry <= maximum) return undefined;
  return { code: 'expiry_out_of_range', minimum, maximum, actual: cltvExpiry };
}

export function onAddHtlc(s: LiveState, command: AddHtlc, turn: Turn): LiveState {
  const { ref, amountMsat, paymentHash, cltvExpiry, onion, origin } = command;
  const error =
    refuseOffering(s) ??
    refuseExpiry(cltvExpiry, turn.context.height) ??
    refuseAdd(offerBounds(s.params, s.commitments, 'local'), amountMsat);
  if (error !== undefined) {
    turn.reply(ref, { ok: false, error });
    return s;
  }
  const { commitments: c } = s;
  const id = c.nextLocalHtlcId;
  const { pathKey } = command;
  const blinded = pathKey === undefined ? {} : { pathKey };
  const state = 'SENT_ADD_HTLC';
  const htlc: Htlc = { id, state, amountMsat, paymentHash, cltvExpiry, onion, origin, ...blinded };
  sendAdd(s, htlc, turn);
  turn.reply(ref, { ok: true, htlcId: id });
  return {
    ...s,
    commitments: { ...c, htlcs: [...c.htlcs, htlc], nextLocalHtlcId: id + 1n },
  };
}

export function sendAdd(s: LiveState, htlc: Htlc, turn: Turn): void {
  turn.send({
    kind: 'updateAddHtlc',
    channelId: s.channelId,
    id: htlc.id,
    amountMsat: htlc.amountMsat,
    paymentHash: htlc.paymentHash,
    cltvExpiry: htlc.cltvExpiry,
    onionRoutingPacket: htlc.onion,
    tlvs: htlc.pathKey === undefined ? {} : { pathKey: htlc.pathKey },
  });
}

export function onUpdateAddHtlc(
  s: LiveState,
  m: MessageOf<'updateAddHtlc'>,
  turn: Turn,
): LiveState {
  const { commitments: c } = s;
  // BOLT 2, shutdown: no HTLC is added after it.
  if (s.shutdown.remoteScript !== undefined)
    return warnPeer(s, turn, 'update_add_htlc after shutdown');
  // BOLT 2, update_add_htlc: the id is one more than the last.
  if (m.id !== c.nextRemoteHtlcId)
    return warnPeer(s, turn, `update_add_htlc: id ${m.id} where ${c.nextRemoteHtlcId} is next`);
  // BOLT 2, update_add_htlc: an expiry in blocks, not seconds.
  if (m.cltvExpiry >= CLTV_LIMIT)
    return warnPeer(s, turn, `update_add_htlc: cltv_expiry ${m.cltvExpiry} is no height`);
  const error = refuseAdd(receiveBounds(s.params, c), m.amountMsat);
  if (error !== undefined) return warnPeer(s, turn, `update_add_htlc: ${error.code}`);
  const { id, amountMsat, paymentHash, cltvExpiry, onionRoutingPacket: onion } = m;
  const { pathKey } = m.tlvs;
  const blinded = pathKey === undefined ? {} : { pathKey };
  const state = 'RCVD_ADD_HTLC';
  const htlc: Htlc = { id, state, amountMsat, paymentHash, cltvExpiry, onion, ...blinded };
  return {
    ...s,
    commitments: { ...c, htlcs: [...c.htlcs, htlc], nextRemoteHtlcId: id + 1n },
  };
}
