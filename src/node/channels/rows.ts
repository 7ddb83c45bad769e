import { scidToString, shownHash, toHex } from '../../core/bytes/index.js';
import { type ChannelState, channelStatus, encodeChannel } from '../../core/channel/index.js';
import type { Write } from '../../ports/index.js';
import { realScid } from './facts.js';

/** The row that keeps a channel; nothing for one that could not be lost yet. */
export function rowOf(state: ChannelState, closedAt: number | null): Write | undefined {
  switch (state.kind) {
    case 'live': {
      const { params } = state;
      const scid = realScid(state);
      return {
        put: 'channels',
        row: {
          channel_key: params.key,
          channel_id: toHex(state.channelId),
          peer_id: toHex(params.peerId),
          status: channelStatus(state),
          funding_txid: shownHash(params.fundingTxid),
          funding_vout: params.fundingVout,
          scid: scid === undefined ? null : scidToString(scid),
          closed_at: closedAt,
          state: encodeChannel(state),
        },
      };
    }
    case 'closed':
      return {
        put: 'channels',
        row: {
          channel_key: state.key,
          channel_id: toHex(state.channelId),
          peer_id: toHex(state.peerId),
          status: 'CLOSED',
          funding_txid: '',
          funding_vout: 0,
          scid: null,
          closed_at: closedAt ?? 0,
          state: encodeChannel(state),
        },
      };
    case 'waitForAccept':
    case 'waitForFunding':
    case 'waitForFundingSigned':
    case 'waitForFundingCreated':
      return undefined;
  }
}
