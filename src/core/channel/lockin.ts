/** From the funding transaction's first confirmation to channel_ready on both sides. */
import { decodeTx } from '../bitcoin/index.js';
import { equal } from '../bytes/index.js';
import type { MessageOf } from '../wire/index.js';
import { announceIfDeep, forgetHalves } from './announcement.js';
import { channelUpdate } from './channel-update.js';
import { channelFundingOutput } from './commitment/index.js';
import { depthOf, isReady } from './facts.js';
import type { Confirmation, LiveState } from './state.js';
import type { Turn } from './turn.js';

/** BOLT 2, channel_ready: how long an accepter waits for a funding transaction. */
const FUNDING_TIMEOUT = 2016;

export function sendReady(s: LiveState, turn: Turn): void {
  const { key, localAlias } = s.params;
  turn.send({
    kind: 'channelReady',
    channelId: s.channelId,
    secondPerCommitmentPoint: turn.context.signer.perCommitmentPoint(key, 1n),
    tlvs: { shortChannelId: localAlias },
  });
}

/** Sends channel_ready for the first time, where the depth and the connection allow it. */
export function sendReadyIfDeep(s: LiveState, turn: Turn): LiveState {
  const { lockin, params } = s;
  if (lockin.sentReady || lockin.wrongFunding || s.link.kind !== 'online' || s.failure) return s;
  // BOLT 2, channel_ready: not before the funding transaction is as deep as was asked for.
  if (depthOf(s, turn.context.height) < params.minimumDepth) return s;
  turn.persist();
  sendReady(s, turn);
  return whenReady({ ...s, lockin: { ...lockin, sentReady: true } }, turn);
}

/** Both sides are ready: tell the peer what we ask for relaying, and the world when it is time. */
function whenReady(s: LiveState, turn: Turn): LiveState {
  return isReady(s) ? announceIfDeep(channelUpdate(s, turn), turn) : s;
}

export function onChannelReady(s: LiveState, m: MessageOf<'channelReady'>, turn: Turn): LiveState {
  const { lockin, commitments } = s;
  const alias = m.tlvs.shortChannelId;
  const remoteAlias = alias ?? lockin.remoteAlias;
  const known = remoteAlias === undefined ? {} : { remoteAlias };
  // BOLT 2, channel_reestablish: a channel_ready that comes again is ignored, but for its alias.
  if (lockin.receivedReady) {
    if (alias === undefined || alias === lockin.remoteAlias) return s;
    turn.persist();
    return { ...s, lockin: { ...lockin, ...known } };
  }
  turn.persist();
  const nextPoint = m.secondPerCommitmentPoint;
  const next: LiveState = {
    ...s,
    lockin: { ...lockin, ...known, receivedReady: true },
    commitments: { ...commitments, remote: { ...commitments.remote, nextPoint } },
  };
  return whenReady(next, turn);
}

export function onFundingConfirmed(
  s: LiveState,
  { height, txIndex, tx }: Confirmation & { readonly tx: Uint8Array },
  turn: Turn,
): LiveState {
  const output = decodeTx(tx)?.outputs[s.params.fundingVout];
  turn.persist();
  // BOLT 2, channel_ready: the outpoint pays exactly funding_satoshis to the agreed script.
  if (
    output === undefined ||
    output.amount !== s.params.fundingAmount ||
    !equal(output.scriptPubkey, channelFundingOutput(s.params))
  ) {
    turn.note('warn', 'the funding output is not what was agreed on: the channel will not be used');
    return { ...s, lockin: { ...s.lockin, wrongFunding: true } };
  }
  const next = { ...s, lockin: { ...s.lockin, confirmed: { height, txIndex } } };
  return onDepth(forgetHalves(next), turn);
}

/** A reorg took it out: the short_channel_id is void, and so is what was signed for it. */
export function onFundingUnconfirmed(s: LiveState, turn: Turn): LiveState {
  const { confirmed: _, ...lockin } = s.lockin;
  turn.persist();
  turn.note('warn', 'the funding transaction was reorganized out of its block');
  return { ...s, lockin };
}

/** What a new height may make due. */
export function onDepth(s: LiveState, turn: Turn): LiveState {
  return announceIfDeep(sendReadyIfDeep(s, turn), turn);
}

/** BOLT 2, channel_ready: the accepter may forget a channel whose funding never confirmed. */
export function isAbandoned(s: LiveState, height: number): boolean {
  const { params, lockin } = s;
  if (params.opener === 'local' || lockin.confirmed !== undefined || isReady(s)) return false;
  return height > params.openedAt + FUNDING_TIMEOUT;
}
