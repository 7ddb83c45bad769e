/** What the channels in memory hold of HTLCs. */
import type { ChannelId } from '../../core/bytes/index.js';
import { type HtlcOrigin, offeredBy, type ReceivedHtlc } from '../../core/channel/index.js';
import type { Registry } from './registry.js';

/** Where every HTLC that we offered, and that no channel has settled for good, came from. */
export function heldOrigins(registry: Registry): HtlcOrigin[] {
  const origins: HtlcOrigin[] = [];
  for (const { runner } of registry.all()) {
    if (runner.state.kind !== 'live') continue;
    for (const htlc of runner.state.commitments.htlcs)
      if (htlc.origin !== undefined) origins.push(htlc.origin);
  }
  return origins;
}

/** Whether some channel still holds the HTLC by which this incoming one was passed on. */
export const isRelayed = (registry: Registry, channelId: ChannelId, htlcId: bigint): boolean =>
  heldOrigins(registry).some(
    (o) => o.kind === 'relayed' && o.channelId === channelId && o.htlcId === htlcId,
  );

/** Whether an incoming HTLC is committed and nothing was said of its end, so that a preimage counts. */
export function isFulfillable(registry: Registry, channelId: ChannelId, htlcId: bigint): boolean {
  const state = registry.get(channelId)?.runner.state;
  if (state?.kind !== 'live') return false;
  const htlc = state.commitments.htlcs.find((h) => offeredBy(h) === 'remote' && h.id === htlcId);
  return htlc?.state === 'RCVD_ADD_ACK_REVOCATION';
}

/** An incoming HTLC as its channel holds it, with its onion; nothing once that is not kept. */
export function heldReceived(
  registry: Registry,
  channelId: ChannelId,
  htlcId: bigint,
): ReceivedHtlc | undefined {
  const state = registry.get(channelId)?.runner.state;
  if (state?.kind !== 'live') return undefined;
  const htlc = state.commitments.htlcs.find((h) => offeredBy(h) === 'remote' && h.id === htlcId);
  if (htlc === undefined || htlc.onion.length === 0) return undefined;
  const { id, amountMsat, paymentHash, cltvExpiry, onion, pathKey } = htlc;
  const blinded = pathKey === undefined ? {} : { pathKey };
  return { id, amountMsat, paymentHash, cltvExpiry, onion, ...blinded };
}
