import type { Msat, NodeId, ShortChannelId } from '../../core/bytes/index.js';
import { hex } from '../../core/bytes/index.js';
import type { RouteHintHop } from '../../core/invoice/index.js';
import type { Direction, HintChannel, LocalChannel } from '../../core/routing/index.js';
import type { LiveChannel, PeerPolicy } from '../channels/index.js';

/** BOLT 7: direction 0 is the one from the node whose id is the lesser. */
export const directionFrom = (from: NodeId, to: NodeId): Direction => (from < to ? 0 : 1);

/** How a route of ours names a channel: as the world does, or else by our own alias. */
export const scidOf = (channel: LiveChannel): ShortChannelId | undefined =>
  channel.scid !== undefined && channel.type?.scidAlias !== true
    ? channel.scid
    : channel.localAlias;

/** Our channels that can send now, with their exact balances, as the search wants them. */
export function localChannels(
  nodeId: NodeId,
  channels: readonly LiveChannel[],
): readonly LocalChannel[] {
  const found: LocalChannel[] = [];
  for (const channel of channels) {
    const scid = scidOf(channel);
    if (!channel.ready || !channel.online || scid === undefined) continue;
    const { peerId: peer, spendableMsat, remote } = channel;
    found.push({
      scid,
      direction: directionFrom(nodeId, peer),
      peer,
      spendableMsat,
      ...(remote === undefined ? {} : { htlcMinimumMsat: remote.htlcMinimum }),
    });
  }
  return found;
}

/** Our channels in both directions, each with what it carries now and what it asks for that. */
export function localHops(nodeId: NodeId, channels: readonly LiveChannel[]): HintChannel[] {
  return channels.flatMap((channel): HintChannel[] => {
    const scid = scidOf(channel);
    const { peerId: peer, policy, peerPolicy } = channel;
    if (!channel.ready || !channel.peerConnected || scid === undefined) return [];
    const hop = (
      [source, target]: readonly [NodeId, NodeId],
      asked: PeerPolicy,
      least: Msat | undefined,
      most: Msat,
    ): HintChannel => ({
      scid,
      direction: directionFrom(source, target),
      source,
      target,
      feeBaseMsat: asked.feeBaseMsat,
      feeProportionalMillionths: asked.feeProportionalMillionths,
      cltvDelta: asked.cltvExpiryDelta,
      htlcMinimumMsat: least ?? asked.htlcMinimumMsat,
      htlcMaximumMsat: most < asked.htlcMaximumMsat ? most : asked.htlcMaximumMsat,
    });
    const { local, remote, spendableMsat, receivableMsat } = channel;
    return [
      ...(policy === undefined
        ? []
        : [hop([nodeId, peer], policy, remote?.htlcMinimum, spendableMsat)]),
      ...(peerPolicy === undefined
        ? []
        : [hop([peer, nodeId], peerPolicy, local?.htlcMinimum, receivableMsat)]),
    ];
  });
}

export interface Hints {
  readonly hints: readonly (readonly RouteHintHop[])[];
  readonly warnings: Readonly<Record<string, string>>;
}

/**
 * BOLT 11, `r`: the channels by which a payer may come where gossip does not tell. `expose`: the
 * private ones where there is no public one (`auto`), all of them, none, or those named.
 */
export function routeHints(
  channels: readonly LiveChannel[],
  expose: 'auto' | 'all' | 'none' | readonly ShortChannelId[],
  amountMsat: Msat | undefined,
): Hints {
  const ready = channels.filter((c) => c.ready);
  const isPublic = (c: LiveChannel): boolean => !c.private && c.scid !== undefined;
  const wanted = (c: LiveChannel): boolean => {
    if (expose === 'none') return false;
    if (Array.isArray(expose)) return scidsOf(c).some((scid) => expose.includes(scid));
    if (isPublic(c)) return false;
    return expose === 'all' || !ready.some(isPublic);
  };
  const hints = ready.filter(wanted).flatMap((c) => {
    const hop = hintOf(c);
    return hop === undefined ? [] : [[hop]];
  });
  const usable = expose === 'none' ? ready.filter(isPublic) : ready;
  return { hints, warnings: warningsFor(usable, amountMsat) };
}

const scidsOf = (c: LiveChannel): readonly ShortChannelId[] =>
  [c.scid, c.localAlias, c.remoteAlias].filter((s) => s !== undefined);

function hintOf(channel: LiveChannel): RouteHintHop | undefined {
  // BOLT 2, channel_ready: a route hint names the channel by the alias the peer gave us.
  const shortChannelId = channel.remoteAlias ?? channel.scid;
  const { peerPolicy } = channel;
  if (shortChannelId === undefined || peerPolicy === undefined) return undefined;
  return {
    nodeId: hex(channel.peerId),
    shortChannelId,
    feeBaseMsat: peerPolicy.feeBaseMsat,
    feeProportionalMillionths: peerPolicy.feeProportionalMillionths,
    cltvExpiryDelta: peerPolicy.cltvExpiryDelta,
  };
}

function warningsFor(
  usable: readonly LiveChannel[],
  amountMsat: Msat | undefined,
): Record<string, string> {
  if (amountMsat === undefined) return {};
  const online = usable.filter((c) => c.peerConnected);
  const most = (list: readonly LiveChannel[]): bigint =>
    list.reduce((sum, c) => sum + c.receivableMsat, 0n);
  if (most(usable) < amountMsat)
    return { warning_capacity: 'Insufficient incoming capacity to pay invoice' };
  if (most(online) < amountMsat)
    return { warning_offline: 'Insufficient incoming capacity with the peers that are connected' };
  if (!online.some((c) => c.receivableMsat >= amountMsat))
    return { warning_mpp: 'The invoice is only payable with MPP-capable implementations' };
  return {};
}
