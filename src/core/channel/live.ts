/** A channel with a funding outpoint: which handler an input goes to. */

import { txid } from '../bitcoin/index.js';
import { assertNever, fromUtf8 } from '../bytes/index.js';
import type { Message } from '../wire/index.js';
import { announceAgain, onAnnouncementSignatures } from './announcement.js';
import { channelUpdate, refreshUpdate } from './channel-update.js';
import { negotiateIfDrained, onClosingSigned } from './closing/negotiation.js';
import { onShutdown, onShutdownCommand, shutdownIfClean } from './closing/shutdown.js';
import { onConnected } from './connection.js';
import { checkDeadlines } from './deadlines.js';
import { isReady } from './facts.js';
import { failChannel, onError, onWarning, warnPeer } from './faults.js';
import { broadcastOurs, ourCommitment } from './force-close.js';
import {
  isAbandoned,
  onChannelReady,
  onDepth,
  onFundingConfirmed,
  onFundingUnconfirmed,
} from './lockin.js';
import { goOffline } from './offline.js';
import { abandonFunding } from './opening/abandon.js';
import { hexId, watchFunding } from './opening/live.js';
import { onChannelReestablish } from './reestablish.js';
import { onCommitmentSigned, onRevokeAndAck, onSign, receivedHtlc } from './signing.js';
import { onPeerSilent } from './silence.js';
import type { ChannelState, LiveState } from './state.js';
import type { Turn } from './turn.js';
import type { ChannelCommand, ChannelInput } from './types.js';
import { onAddHtlc, onUpdateAddHtlc } from './updates/add.js';
import { onUpdateFee, onUpdateFeeCommand } from './updates/fee.js';
import { onRemoval, onRemoveHtlc, tellFulfilled } from './updates/remove.js';

export function onLiveInput(s: LiveState, input: ChannelInput, turn: Turn): ChannelState {
  switch (input.kind) {
    case 'message':
      return goOn(onMessage(s, input.message, turn), turn);
    case 'command':
      if (input.command.kind === 'abandonOpening')
        return abandonFunding(s, input.command.reason, turn);
      return goOn(onCommand(s, input.command, turn), turn);
    case 'connected':
      return onConnected(s, input.remoteFeatures, turn);
    case 'disconnected':
      return s.link.kind === 'offline' ? s : goOffline(s, turn);
    case 'peerSilent':
      return onPeerSilent(s, input.owed, turn);
    case 'block':
      return onBlock(s, turn);
    case 'fundingConfirmed':
      return onFundingConfirmed(s, input, turn);
    case 'fundingUnconfirmed':
      return onFundingUnconfirmed(s, turn);
    case 'fundingSpent':
      return onFundingSpent(s, input, turn);
    case 'fundingUnspent':
      return onFundingUnspent(s, turn);
    case 'restored':
      return onRestored(s, turn);
    default:
      return assertNever(input);
  }
}

/** What any message or command may have made possible. */
const goOn = (s: LiveState, turn: Turn): LiveState =>
  negotiateIfDrained(shutdownIfClean(s, turn), turn);

function onMessage(s: LiveState, m: Message, turn: Turn): LiveState {
  switch (m.kind) {
    case 'error':
      return onError(s, turn, fromUtf8(m.data));
    case 'warning':
      return onWarning(s, turn, fromUtf8(m.data));
    case 'channelReestablish':
      return onChannelReestablish(s, m, turn);
    default:
      break;
  }
  // BOLT 2, channel_reestablish: nothing counts before it, and nothing after an error.
  if (s.failure !== undefined || s.spent !== undefined || s.link.kind !== 'online') return s;
  switch (m.kind) {
    case 'channelReady':
      return onChannelReady(s, m, turn);
    case 'announcementSignatures':
      return onAnnouncementSignatures(s, m, turn);
    case 'shutdown':
      return onShutdown(s, m, turn);
    case 'closingSigned':
      return onClosingSigned(s, m, turn);
    case 'updateAddHtlc':
    case 'updateFulfillHtlc':
    case 'updateFailHtlc':
    case 'updateFailMalformedHtlc':
    case 'updateFee':
    case 'commitmentSigned':
    case 'revokeAndAck':
      // BOLT 2, channel_ready: normal operation begins when both have sent it.
      if (!isReady(s)) return warnPeer(s, turn, `${m.kind} before channel_ready`);
      return onUpdate(s, m, turn);
    default:
      turn.note('debug', `${m.kind} is not expected now`);
      return s;
  }
}

type UpdateMessage = Message & {
  kind:
    | 'updateAddHtlc'
    | 'updateFulfillHtlc'
    | 'updateFailHtlc'
    | 'updateFailMalformedHtlc'
    | 'updateFee'
    | 'commitmentSigned'
    | 'revokeAndAck';
};

function onUpdate(s: LiveState, m: UpdateMessage, turn: Turn): LiveState {
  switch (m.kind) {
    case 'updateAddHtlc':
      return onUpdateAddHtlc(s, m, turn);
    case 'updateFulfillHtlc':
    case 'updateFailHtlc':
    case 'updateFailMalformedHtlc':
      return onRemoval(s, m, turn);
    case 'updateFee':
      return onUpdateFee(s, m, turn);
    case 'commitmentSigned':
      return onCommitmentSigned(s, m, turn);
    case 'revokeAndAck':
      return onRevokeAndAck(s, m, turn);
    default:
      return assertNever(m);
  }
}

function onCommand(s: LiveState, c: ChannelCommand, turn: Turn): LiveState {
  switch (c.kind) {
    case 'addHtlc':
      return onAddHtlc(s, c, turn);
    case 'fulfillHtlc':
      return onRemoveHtlc(s, c.htlcId, { kind: 'fulfill', preimage: c.preimage }, turn);
    case 'failHtlc':
      return onRemoveHtlc(s, c.htlcId, { kind: 'fail', reason: c.reason }, turn);
    case 'failMalformedHtlc': {
      const { sha256OfOnion, failureCode } = c;
      return onRemoveHtlc(s, c.htlcId, { kind: 'failMalformed', sha256OfOnion, failureCode }, turn);
    }
    case 'updateFee':
      return onUpdateFeeCommand(s, c.feeratePerKw, turn);
    case 'sign':
      return onSign(s, turn);
    case 'funded':
    case 'abandonOpening':
      turn.note('debug', `${c.kind}: the channel is open already`);
      return s;
    case 'shutdown':
      return onShutdownCommand(s, c, turn);
    case 'forceClose':
      return onForceClose(s, c.ref, c.reason, turn);
    case 'setPolicy': {
      turn.persist();
      turn.reply(c.ref, { ok: true });
      const policy = { ...s.relay.policy, ...c.policy };
      return channelUpdate({ ...s, relay: { ...s.relay, policy } }, turn);
    }
    default:
      return assertNever(c);
  }
}

function onForceClose(s: LiveState, ref: number, reason: string, turn: Turn): LiveState {
  if (s.failure?.behind === true || s.spent?.height !== undefined) {
    turn.reply(ref, { ok: false, error: { code: 'channel_not_ready' } });
    return s;
  }
  if (s.failure !== undefined) broadcastOurs(s, turn);
  const next = failChannel(s, turn, reason);
  turn.reply(ref, { ok: true, txid: txid(ourCommitment(s, turn.context.signer).tx) });
  return next;
}

function onBlock(s: LiveState, turn: Turn): ChannelState {
  if (isAbandoned(s, turn.context.height)) {
    const reason = 'the funding transaction did not confirm in time';
    turn.emit({ kind: 'forget', reason });
    const { key, peerId } = s.params;
    return { kind: 'closed', channelId: s.channelId, key, peerId, reason };
  }
  return refreshUpdate(checkDeadlines(onDepth(s, turn), turn), turn);
}

function onFundingSpent(
  s: LiveState,
  spend: { readonly tx: Uint8Array; readonly height?: number },
  turn: Turn,
): LiveState {
  const { tx, height } = spend;
  turn.persist();
  if (height !== undefined) turn.emit({ kind: 'closedOnChain', tx });
  return { ...goOffline(s, turn), spent: { tx, ...(height === undefined ? {} : { height }) } };
}

/** A reorg: the spend is in the mempool again, but no channel comes back to life by that. */
function onFundingUnspent(s: LiveState, turn: Turn): LiveState {
  if (s.spent?.height === undefined) return s;
  turn.persist();
  return { ...s, spent: { tx: s.spent.tx } };
}

/** What was due before the stop, and may not have been carried out. */
function onRestored(s: LiveState, turn: Turn): LiveState {
  const next = goOffline(s, turn);
  turn.emit({ kind: 'channelIdAssigned', channelId: hexId(s.channelId) });
  watchFunding(s.params, turn);
  // Taken back by a reorg or not: it is the on-chain machine's, which says it again.
  if (next.spent !== undefined) {
    turn.emit({ kind: 'closedOnChain', tx: next.spent.tx });
    tellHtlcs(next, turn);
    return next;
  }
  const { lockin, params, failure, shutdown } = next;
  if (params.opener === 'local' && lockin.confirmed === undefined)
    turn.emit({ kind: 'broadcastFunding', txid: params.fundingTxid });
  if (failure !== undefined || shutdown.tx !== undefined) broadcastOurs(next, turn);
  tellHtlcs(next, turn);
  announceAgain(next, turn);
  return next;
}

/** A preimage that was on its way from one channel to another may not have arrived. */
function tellHtlcs(s: LiveState, turn: Turn): void {
  for (const htlc of s.commitments.htlcs) {
    if (htlc.state === 'RCVD_ADD_ACK_REVOCATION')
      turn.emit({ kind: 'htlcReceived', htlc: receivedHtlc(s, htlc) });
    if (htlc.origin !== undefined && htlc.preimage !== undefined) tellFulfilled(htlc, turn);
  }
}
