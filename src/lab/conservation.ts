import type { LabNode } from './node.js';

type View = ReturnType<LabNode['node']['api']['channels']['list']>[number];

const moving = (view: View): bigint => view.htlcs.reduce((sum, h) => sum + h.amountMsat, 0n);

/**
 * No channel makes or loses money, at any instant: what the two sides say is theirs differs from
 * the whole by no more than what is just being settled between them. Throws where it does.
 */
export function checkChannels(node: LabNode, nodeOf: (id: string) => LabNode | undefined): void {
  for (const ours of node.node.api.channels.list()) {
    const { channelId, totalMsat, toLocalMsat, status } = ours;
    if (toLocalMsat < 0n || toLocalMsat > totalMsat)
      throw new Error(`${node.name} has ${toLocalMsat} of the ${totalMsat} msat of ${channelId}`);
    const peer = nodeOf(ours.peerId);
    if (!peer?.running || status !== 'CHANNELD_NORMAL') continue;
    const theirs = peer.node.api.channels.get(channelId);
    if (theirs?.status !== 'CHANNELD_NORMAL') continue;
    const [a, b] = [moving(ours), moving(theirs)];
    const gap = toLocalMsat + theirs.toLocalMsat - totalMsat;
    const room = a > b ? a : b;
    if (gap > room || -gap > room)
      throw new Error(
        `${channelId} holds ${totalMsat} msat: ${node.name} says ${toLocalMsat} is his, ` +
          `${peer.name} ${theirs.toLocalMsat}, with ${room} on its way`,
      );
  }
}
