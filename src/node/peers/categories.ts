import type { MessageKind } from '../../core/wire/index.js';
import type { MessageCategory } from './types.js';

/** `link`: answered by the connection itself. */
const CATEGORIES: Readonly<Record<MessageKind, MessageCategory | 'link'>> = {
  init: 'link',
  ping: 'link',
  pong: 'link',
  error: 'channel',
  warning: 'channel',
  peerStorage: 'other',
  peerStorageRetrieval: 'other',
  onionMessage: 'other',
  stfu: 'channel',
  openChannel: 'channel',
  acceptChannel: 'channel',
  fundingCreated: 'channel',
  fundingSigned: 'channel',
  channelReady: 'channel',
  shutdown: 'channel',
  closingSigned: 'channel',
  closingComplete: 'channel',
  closingSig: 'channel',
  updateAddHtlc: 'channel',
  updateFulfillHtlc: 'channel',
  updateFailHtlc: 'channel',
  updateFailMalformedHtlc: 'channel',
  startBatch: 'channel',
  commitmentSigned: 'channel',
  revokeAndAck: 'channel',
  updateFee: 'channel',
  channelReestablish: 'channel',
  announcementSignatures: 'channel',
  channelAnnouncement: 'gossip',
  nodeAnnouncement: 'gossip',
  channelUpdate: 'gossip',
  queryShortChannelIds: 'gossip',
  replyShortChannelIdsEnd: 'gossip',
  queryChannelRange: 'gossip',
  replyChannelRange: 'gossip',
  gossipTimestampFilter: 'gossip',
};

export const categoryOf = (kind: MessageKind): MessageCategory | 'link' => CATEGORIES[kind];

/** Whether a raw message is an announcement or an update: what may be left out under load. */
export function isBroadcastGossip(raw: Uint8Array): boolean {
  const type = ((raw[0] as number) << 8) | (raw[1] as number);
  return type >= 256 && type <= 258;
}
