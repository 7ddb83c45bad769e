/** BOLT 7, announcement_signatures: both halves make a channel_announcement. */
import { type Bytes, compare, EMPTY, type ShortChannelId } from '../bytes/index.js';
import { sha256d, verify } from '../crypto/index.js';
import { type MessageOf, signedPart } from '../wire/index.js';
import { channelUpdate } from './channel-update.js';
import { depthOf, isReady, realScid } from './facts.js';
import { warnPeer } from './faults.js';
import type { AnnouncementHalf, LiveState } from './state.js';
import type { Turn } from './turn.js';

/** BOLT 7: confirmations before a channel is announced. */
const ANNOUNCE_DEPTH = 6;

type ChannelAnnouncement = MessageOf<'channelAnnouncement'>;

const NO_SIGNATURE = new Uint8Array(64);

function unsignedAnnouncement(
  s: LiveState,
  shortChannelId: ShortChannelId,
  turn: Turn,
): ChannelAnnouncement {
  const { signer, chainHash } = turn.context;
  const { local, remote, peerId } = s.params;
  const ours = { id: signer.nodeId, key: local.points.fundingPubkey };
  const theirs = { id: peerId, key: remote.points.fundingPubkey };
  // BOLT 7, channel_announcement: node 1 is the one with the lesser id.
  const [one, two] = compare(ours.id, theirs.id) < 0 ? [ours, theirs] : [theirs, ours];
  return {
    kind: 'channelAnnouncement',
    nodeSignature1: NO_SIGNATURE,
    nodeSignature2: NO_SIGNATURE,
    bitcoinSignature1: NO_SIGNATURE,
    bitcoinSignature2: NO_SIGNATURE,
    features: EMPTY,
    chainHash,
    shortChannelId,
    nodeId1: one.id,
    nodeId2: two.id,
    bitcoinKey1: one.key,
    bitcoinKey2: two.key,
  };
}

interface Signed {
  readonly nodeSignature: Bytes;
  readonly bitcoinSignature: Bytes;
}

function ourHalf(s: LiveState, digest: Bytes, turn: Turn): Signed {
  const { signer } = turn.context;
  return {
    nodeSignature: signer.sign({ kind: 'node' }, digest),
    bitcoinSignature: signer.sign({ kind: 'funding', channel: s.params.key }, digest),
  };
}

/** Whether announcing is due: agreed on, ready, deep enough, and not about to close. */
function isDue(s: LiveState, turn: Turn): boolean {
  const { announce } = s.params;
  // BOLT 7, announcement_signatures: never without announce_channel, or after shutdown.
  if (!announce || s.shutdown.sent || s.failure !== undefined || s.spent !== undefined)
    return false;
  return isReady(s) && depthOf(s, turn.context.height) >= ANNOUNCE_DEPTH;
}

/** Sends our half where it is due, and takes up a half of the peer's that came too early. */
export function announceIfDeep(s: LiveState, turn: Turn): LiveState {
  if (!isDue(s, turn) || s.link.kind !== 'online') return s;
  // BOLT 7, announcement_signatures: on a new connection only until theirs was received.
  const next = s.announcement.received === undefined ? sendHalf(s, turn) : s;
  const { early } = next.announcement;
  if (early === undefined) return next;
  const { early: _, ...announcement } = next.announcement;
  return takeHalf({ ...next, announcement }, early, turn);
}

function sendHalf(s: LiveState, turn: Turn): LiveState {
  const scid = realScid(s);
  if (s.announcement.sent || scid === undefined) return s;
  const digest = sha256d(signedPart(unsignedAnnouncement(s, scid, turn)));
  const half = ourHalf(s, digest, turn);
  turn.send({
    kind: 'announcementSignatures',
    channelId: s.channelId,
    shortChannelId: scid,
    ...half,
  });
  return { ...s, announcement: { ...s.announcement, sent: true } };
}

export function onAnnouncementSignatures(
  s: LiveState,
  m: MessageOf<'announcementSignatures'>,
  turn: Turn,
): LiveState {
  const { shortChannelId, nodeSignature, bitcoinSignature } = m;
  const half: AnnouncementHalf = { shortChannelId, nodeSignature, bitcoinSignature };
  if (!s.params.announce) {
    turn.note('info', 'announcement_signatures for a channel that is not to be announced');
    return s;
  }
  // BOLT 7, announcement_signatures: deferred until we have seen as many blocks as the peer.
  if (!isDue(s, turn)) return { ...s, announcement: { ...s.announcement, early: half } };
  return takeHalf(s, half, turn);
}

function takeHalf(s: LiveState, half: AnnouncementHalf, turn: Turn): LiveState {
  const scid = realScid(s);
  // BOLT 7, announcement_signatures: a short_channel_id that is not the funding transaction's.
  if (scid === undefined || half.shortChannelId !== scid) {
    turn.sendWarning(s.channelId, 'announcement_signatures for another short_channel_id');
    return s;
  }
  const unsigned = unsignedAnnouncement(s, scid, turn);
  const digest = sha256d(signedPart(unsigned));
  const { peerId, remote } = s.params;
  // BOLT 7, announcement_signatures: both signatures are good.
  if (
    !verify(half.nodeSignature, digest, peerId) ||
    !verify(half.bitcoinSignature, digest, remote.points.fundingPubkey)
  )
    return warnPeer(s, turn, 'bad signature in announcement_signatures');
  // BOLT 7, announcement_signatures: answered with ours, once on each connection.
  const sent = sendHalf(s, turn);
  if (isKnown(sent, half)) return sent;
  turn.persist();
  const next = { ...sent, announcement: { ...sent.announcement, received: half } };
  emitAnnouncement(next, unsigned, half, turn);
  return channelUpdate(next, turn);
}

const isKnown = (s: LiveState, half: AnnouncementHalf): boolean =>
  s.announcement.received?.shortChannelId === half.shortChannelId;

function emitAnnouncement(
  s: LiveState,
  unsigned: ChannelAnnouncement,
  theirs: Signed,
  turn: Turn,
): void {
  const ours = ourHalf(s, sha256d(signedPart(unsigned)), turn);
  const first = compare(turn.context.signer.nodeId, s.params.peerId) < 0;
  const [one, two] = first ? [ours, theirs] : [theirs, ours];
  turn.emit({
    kind: 'announce',
    message: {
      ...unsigned,
      nodeSignature1: one.nodeSignature,
      nodeSignature2: two.nodeSignature,
      bitcoinSignature1: one.bitcoinSignature,
      bitcoinSignature2: two.bitcoinSignature,
    },
  });
}

/** After a restart: the announcement again, in case gossip lost it. */
export function announceAgain(s: LiveState, turn: Turn): void {
  const scid = realScid(s);
  const { received } = s.announcement;
  if (scid === undefined || received === undefined || received.shortChannelId !== scid) return;
  emitAnnouncement(s, unsignedAnnouncement(s, scid, turn), received, turn);
}

/** The funding transaction lies in another block now: what was signed for the old one is void. */
export function forgetHalves(s: LiveState): LiveState {
  const { received, ...rest } = s.announcement;
  if (received === undefined && !rest.sent) return s;
  if (received !== undefined && received.shortChannelId === realScid(s)) return s;
  return { ...s, announcement: { ...rest, sent: false } };
}
