import {
  type Bytes,
  type ChannelId,
  type NodeId,
  type ShortChannelId,
  shortChannelId,
  toHex,
} from '../../core/bytes/index.js';
import { type ChannelState, isReady } from '../../core/channel/index.js';

/** What the node asks of any state, whatever its kind. */
export const idOf = (state: ChannelState): ChannelId =>
  toHex('channelId' in state ? state.channelId : state.temporaryChannelId) as ChannelId;

export const peerOf = (state: ChannelState): NodeId => toHex(peerBytes(state)) as NodeId;

function peerBytes(state: ChannelState): Bytes {
  if (state.kind === 'closed') return state.peerId;
  return state.params.peerId;
}

/** BOLT 7: the short_channel_id of where the funding output lies, once it lies somewhere. */
export function realScid(state: ChannelState): ShortChannelId | undefined {
  if (state.kind !== 'live' || state.lockin.confirmed === undefined) return undefined;
  const { height, txIndex } = state.lockin.confirmed;
  return shortChannelId(height, txIndex, state.params.fundingVout);
}

/** A peer's channel that may never be funded, or an opening of either side. */
export const isPending = (state: ChannelState): boolean =>
  state.kind !== 'live' ||
  (state.params.opener === 'remote' && state.lockin.confirmed === undefined && !isReady(state));

/** Every name by which an onion may ask us to relay over this channel. */
export function relayScids(state: ChannelState): readonly ShortChannelId[] {
  if (state.kind !== 'live') return [];
  const real = realScid(state);
  const { localAlias, type } = state.params;
  // BOLT 2, option_scid_alias: the real short_channel_id of such a channel is not told to anyone.
  if (real === undefined || type.scidAlias) return [localAlias];
  return [real, localAlias];
}

/** Whether its HTLCs are settled with the peer still, and not by the chain. */
export const isOperating = (state: ChannelState | undefined): boolean =>
  state?.kind === 'live' && state.failure === undefined && state.spent === undefined;
