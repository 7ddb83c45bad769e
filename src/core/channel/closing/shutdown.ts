/** BOLT 2, "Closing Initiation": shutdown, and the wait until no HTLC is left. */
import { isShutdownScript } from '../../bitcoin/index.js';
import { type Bytes, equal } from '../../bytes/index.js';
import { hasFeature, type MessageOf } from '../../wire/index.js';
import { warnPeer } from '../faults.js';
import { awaitsOurSignature } from '../htlc.js';
import type { LiveState } from '../state.js';
import type { Turn } from '../turn.js';
import type { ChannelCommand } from '../types.js';

type ShutdownCommand = ChannelCommand & { kind: 'shutdown' };

/** The forms of scripts that this connection's peer takes; without one, those that all take. */
function isAcceptable(s: LiveState, script: Bytes): boolean {
  const anySegwit =
    s.link.kind !== 'offline' && hasFeature(s.link.remoteFeatures, 'optionShutdownAnysegwit');
  return isShutdownScript(script, { anySegwit, simpleClose: false });
}

export function onShutdownCommand(s: LiveState, command: ShutdownCommand, turn: Turn): LiveState {
  const { ref, scriptPubkey } = command;
  const { local, shutdownScript } = s.params;
  if (s.failure !== undefined || s.spent !== undefined) {
    turn.reply(ref, { ok: false, error: { code: 'channel_not_ready' } });
    return s;
  }
  const already = s.shutdown.localScript;
  const script = scriptPubkey ?? already ?? local.upfrontShutdownScript ?? shutdownScript;
  const bound = already ?? local.upfrontShutdownScript;
  // BOLT 2, shutdown: the script we bound ourselves to, and only the one that was sent.
  if ((bound !== undefined && !equal(bound, script)) || !isAcceptable(s, script)) {
    turn.reply(ref, { ok: false, error: { code: 'bad_script' } });
    return s;
  }
  turn.reply(ref, { ok: true });
  const feerates = command.feerates ?? s.shutdown.feerates;
  const shutdown = {
    ...s.shutdown,
    ...(feerates && { feerates }),
    ...(already === undefined && { closer: 'local' as const }),
    localScript: script,
  };
  if (already === undefined) turn.persist();
  return { ...s, shutdown };
}

/** Sends shutdown where it is wanted and nothing stands against it. */
export function shutdownIfClean(s: LiveState, turn: Turn): LiveState {
  const { localScript, remoteScript, sent } = s.shutdown;
  if (localScript === undefined || sent || s.link.kind !== 'online') return s;
  if (s.failure !== undefined || s.spent !== undefined) return s;
  const { htlcs, fees } = s.commitments;
  // BOLT 2, shutdown: not while updates, of whichever side, are pending on the peer's commitment.
  if ([...htlcs, ...fees].some((update) => awaitsOurSignature(update.state))) return s;
  // A feerate on its way may come to its end first: some peers do not sign for it after shutdown.
  if (fees.length > 1 && remoteScript === undefined) return s;
  turn.persist();
  sendShutdown(s, localScript, turn);
  return { ...s, shutdown: { ...s.shutdown, sent: true } };
}

function sendShutdown(s: LiveState, scriptpubkey: Bytes, turn: Turn): void {
  turn.send({ kind: 'shutdown', channelId: s.channelId, scriptpubkey });
}

/** BOLT 2, channel_reestablish: shutdown is sent again on every connection. */
export function resendShutdown(s: LiveState, turn: Turn): LiveState {
  const { localScript, sent } = s.shutdown;
  if (sent && localScript !== undefined) sendShutdown(s, localScript, turn);
  return s;
}

export function onShutdown(s: LiveState, m: MessageOf<'shutdown'>, turn: Turn): LiveState {
  const { upfrontShutdownScript } = s.params.remote;
  const { remoteScript, localScript } = s.shutdown;
  // BOLT 2, shutdown: the script is in one of the forms that relay.
  if (!isAcceptable(s, m.scriptpubkey))
    return warnPeer(s, turn, 'shutdown: scriptpubkey has an unacceptable form');
  // BOLT 2, shutdown: no other script than the one the peer bound itself to.
  if (upfrontShutdownScript !== undefined && !equal(upfrontShutdownScript, m.scriptpubkey))
    return warnPeer(s, turn, 'shutdown: scriptpubkey is not the upfront_shutdown_script');
  if (remoteScript !== undefined && equal(remoteScript, m.scriptpubkey)) return s;
  // BOLT 2, shutdown: it is sent once; a connection later it is the same.
  if (remoteScript !== undefined) return warnPeer(s, turn, 'shutdown: scriptpubkey has changed');
  turn.persist();
  const ours = localScript ?? s.params.local.upfrontShutdownScript ?? s.params.shutdownScript;
  return {
    ...s,
    shutdown: {
      ...s.shutdown,
      ...(localScript === undefined && { closer: 'remote' as const }),
      remoteScript: m.scriptpubkey,
      localScript: ours,
    },
  };
}

/**
 * Both have said shutdown and no HTLC is left in any commitment. A feerate may be on its way still:
 * we do not begin then, but let the peer, since what a close pays does not depend on it.
 */
export function isEmptied(s: LiveState): boolean {
  const { sent, remoteScript } = s.shutdown;
  return sent && remoteScript !== undefined && s.commitments.htlcs.length === 0;
}

/** BOLT 2, closing_signed: the opener begins once no update waits for anything. */
export function isDrained(s: LiveState): boolean {
  const { fees, remote } = s.commitments;
  return isEmptied(s) && fees.length === 1 && !remote.awaitingRevocation;
}
