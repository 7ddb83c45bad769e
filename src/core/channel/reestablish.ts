/** BOLT 2, "Message Retransmission": two memories of one channel are brought together. */
import { equal } from '../bytes/index.js';
import { lookupSecret, shachainIndex } from '../crypto/index.js';
import type { MessageOf } from '../wire/index.js';
import { announceIfDeep } from './announcement.js';
import { channelUpdate, isAnnounced } from './channel-update.js';
import { isEmptied, resendShutdown } from './closing/shutdown.js';
import { isReady } from './facts.js';
import { failBehind, failChannel } from './faults.js';
import { sendReady, sendReadyIfDeep } from './lockin.js';
import { sendRevocation, sendSignatures } from './signing.js';
import type { Link, LiveState } from './state.js';
import type { Turn } from './turn.js';
import { sendAdd } from './updates/add.js';
import { sendFee } from './updates/fee.js';
import { sendRemoval } from './updates/remove.js';

type Reestablish = MessageOf<'channelReestablish'>;

const MAX_COMMITMENT = (1n << 48n) - 1n;
const NO_SECRET = new Uint8Array(32);

export function sendReestablish(s: LiveState, turn: Turn): void {
  const { local, remote, remoteSecrets } = s.commitments;
  // BOLT 2, channel_reestablish: zeros where nothing was revoked yet.
  const last =
    remote.number === 0n
      ? NO_SECRET
      : (lookupSecret(remoteSecrets, shachainIndex(remote.number - 1n)) ?? NO_SECRET);
  turn.send({
    kind: 'channelReestablish',
    channelId: s.channelId,
    nextCommitmentNumber: local.number + 1n,
    nextRevocationNumber: remote.number,
    yourLastPerCommitmentSecret: last,
    myCurrentPerCommitmentPoint: turn.context.signer.perCommitmentPoint(s.params.key, local.number),
    tlvs: {},
  });
}

/** How the peer's memory relates to ours. */
type Comparison =
  | { readonly kind: 'fits'; readonly revocationLost: boolean; readonly commitmentLost: boolean }
  /** It proves that ours is the older one. */
  | { readonly kind: 'weAreBehind' }
  | { readonly kind: 'peerIsBehind' }
  | { readonly kind: 'contradiction'; readonly reason: string };

function compareWith(s: LiveState, m: Reestablish, turn: Turn): Comparison {
  const { local, remote } = s.commitments;
  const { nextCommitmentNumber, nextRevocationNumber, yourLastPerCommitmentSecret: proof } = m;
  // BOLT 2, channel_reestablish: there is no commitment_signed number 0.
  if (nextCommitmentNumber === 0n)
    return { kind: 'contradiction', reason: 'next_commitment_number is 0' };
  if (nextRevocationNumber > MAX_COMMITMENT)
    return { kind: 'contradiction', reason: 'next_revocation_number is out of range' };
  if (nextRevocationNumber > 0n) {
    const { signer } = turn.context;
    const secret = signer.perCommitmentSecret(s.params.key, nextRevocationNumber - 1n);
    // BOLT 2, channel_reestablish: the secret it gives is the one that revokes what it names.
    if (!equal(secret, proof))
      return { kind: 'contradiction', reason: 'your_last_per_commitment_secret is not ours' };
    // BOLT 2, channel_reestablish: with a secret we never gave, as far as we know.
    if (nextRevocationNumber > local.number) return { kind: 'weAreBehind' };
  }
  const signed = remote.number + (remote.awaitingRevocation ? 1n : 0n);
  // BOLT 2, channel_reestablish: it expects a commitment_signed that we think we have sent.
  if (nextCommitmentNumber > signed + 1n)
    return { kind: 'contradiction', reason: 'next_commitment_number is ahead of ours' };
  if (nextCommitmentNumber <= remote.number || nextRevocationNumber + 1n < local.number)
    return { kind: 'peerIsBehind' };
  return {
    kind: 'fits',
    revocationLost: nextRevocationNumber + 1n === local.number,
    commitmentLost: nextCommitmentNumber === signed,
  };
}

export function onChannelReestablish(s: LiveState, m: Reestablish, turn: Turn): LiveState {
  if (s.spent !== undefined) {
    turn.sendError(s.channelId, 'the funding output of this channel is spent');
    return s;
  }
  if (s.failure !== undefined || s.link.kind !== 'reestablishing') return s;
  const comparison = compareWith(s, m, turn);
  switch (comparison.kind) {
    case 'contradiction':
      return failChannel(s, turn, `channel_reestablish: ${comparison.reason}`);
    case 'weAreBehind':
      return failBehind(s, turn);
    case 'peerIsBehind':
      // BOLT 2, channel_reestablish: who is behind says so with an error; we wait for it, since
      // it may yet find a newer state.
      turn.note('warn', 'the peer is behind our state: waiting for its error');
      return s;
    default:
      return resume(s, m, comparison, turn);
  }
}

function resume(
  s: LiveState,
  m: Reestablish,
  lost: { readonly revocationLost: boolean; readonly commitmentLost: boolean },
  turn: Turn,
): LiveState {
  const { remoteFeatures } = s.link as Link & { kind: 'reestablishing' };
  const { local, lastSent } = s.commitments;
  // BOLT 2, channel_reestablish: channel_ready again while neither side has a second commitment.
  if (s.lockin.sentReady && m.nextCommitmentNumber === 1n && local.number === 0n)
    sendReady(s, turn);
  const revoke = (): void => {
    if (lost.revocationLost) sendRevocation(s, local.number, turn);
  };
  // BOLT 2, channel_reestablish: both in the order in which they went out at first.
  if (lastSent === 'commitmentSigned') revoke();
  // Not once a close has begun: only a feerate can be lost then, and some peers take none any more.
  const peerHasDone = lost.commitmentLost && isEmptied(s) && s.params.opener === 'local';
  if (lost.commitmentLost && !peerHasDone && s.shutdown.tx === undefined) resendCommitment(s, turn);
  if (lastSent === 'revokeAndAck') revoke();

  const link: Link = { kind: 'online', remoteFeatures };
  const online: LiveState = { ...s, link: peerHasDone ? { ...link, peerHasDone } : link };
  const next = resendShutdown(online, turn);
  for (const htlc of s.commitments.htlcs)
    if (htlc.state === 'SENT_REMOVE_HTLC') sendRemoval(s, htlc, turn);
  return tellAfresh(announceIfDeep(sendReadyIfDeep(next, turn), turn), turn);
}

/** The updates that our last commitment_signed covers, and the same commitment_signed. */
function resendCommitment(s: LiveState, turn: Turn): void {
  const { htlcs, fees } = s.commitments;
  for (const htlc of htlcs) if (htlc.state === 'SENT_REMOVE_COMMIT') sendRemoval(s, htlc, turn);
  for (const fee of fees) if (fee.state === 'SENT_ADD_COMMIT') sendFee(s, fee.feeratePerKw, turn);
  for (const htlc of htlcs) if (htlc.state === 'SENT_ADD_COMMIT') sendAdd(s, htlc, turn);
  sendSignatures(s, s.commitments, turn);
}

/** BOLT 7: the peer of a channel that is not announced learns our policy on each connection. */
function tellAfresh(s: LiveState, turn: Turn): LiveState {
  return isReady(s) && !isAnnounced(s) ? channelUpdate(s, turn) : s;
}
