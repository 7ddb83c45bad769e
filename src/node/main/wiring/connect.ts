import type { Parts } from './wiring.js';

/** Who hears of what: connections and messages of peers, blocks of the chain. */
export function connect(parts: Parts): void {
  fromPeers(parts);
  fromChain(parts);
  parts.backups.onWritten(() => parts.storage.changed());
}

function fromPeers({ peers, storage, channels, routes, gossip, messages }: Parts): void {
  peers.onConnected((peer) => {
    storage.peerConnected(peer);
    channels.peerConnected(peer);
    routes.peerReconnected(peer.nodeId);
    gossip.peerConnected(peer);
  });
  peers.onDisconnected((peer) => {
    channels.peerDisconnected(peer.nodeId);
    gossip.peerDisconnected(peer.nodeId);
    messages.peerDisconnected(peer.nodeId);
  });
  peers.onMessage('channel', (from, message) => channels.message(from, message));
  peers.onMessage('gossip', (from, message) => {
    if (message.kind === 'channelUpdate') channels.peerUpdate(from, message);
    return gossip.received(from, message);
  });
  peers.onMessage('other', (from, message) =>
    message.kind === 'onionMessage'
      ? messages.received(from, message)
      : storage.message(from, message),
  );
}

/** A block is followed once the money's services have it on disk: wallet, channels, then the rest. */
function fromChain(parts: Parts): void {
  const { chain, channels, endings, broadcaster, gossip, statics, storage } = parts;
  chain.onBlock((block) => channels.connectBlock(block));
  chain.onBlock((block) => endings.connectBlock(block), true);
  chain.onBlock((block) => broadcaster.connectBlock(block));
  chain.onBlock((block) => parts.feeReserve.connectBlock(block));
  chain.onBlock((block) => gossip.connectBlock(block));
  chain.onBlock((block) => statics.connectBlock(block));
  chain.onBlock((block) => storage.connectBlock(block));
  chain.onDisconnect((height) => channels.disconnectBlock(height));
  chain.onDisconnect((height) => gossip.disconnectBlock(height));
  chain.onDisconnect((height) => endings.disconnectBlock(height));
}
