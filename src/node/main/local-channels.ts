import type { Msat, NodeId, ShortChannelId } from '../../core/bytes/index.js';
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
