import type { MessageOf } from '../../core/wire/index.js';
import { realScid, relayScids } from './facts.js';
import type { Entry } from './registry.js';

/** Keeps what the peer asks for relaying to us, where its channel_update is about this channel. */
export function takePeerPolicy(entry: Entry, update: MessageOf<'channelUpdate'>): void {
  const { state } = entry.runner;
  if (state.kind !== 'live') return;
  const names = [...relayScids(state), realScid(state), state.lockin.remoteAlias];
  if (!names.includes(update.shortChannelId)) return;
  const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = update;
  const { htlcMinimumMsat, htlcMaximumMsat } = update;
  entry.peerPolicy = {
    feeBaseMsat,
    feeProportionalMillionths,
    cltvExpiryDelta,
    htlcMinimumMsat,
    htlcMaximumMsat,
  };
}
