import { OnionMessages } from '../../messages/index.js';
import { Peers } from '../../peers/index.js';
import { OUR_FEATURES } from '../features.js';
import type { Wiring } from './wiring.js';

export function makePeers({ config, network, ports, store, parts }: Wiring): Peers {
  const { clock, entropy, net, signer, log, fatal } = ports;
  const { chainHash } = network;
  return new Peers(
    {
      chainHash,
      features: OUR_FEATURES,
      listen: config.bindings,
      defaultPort: network.lightningPort,
    },
    {
      net,
      clock,
      entropy,
      signer,
      store,
      log: log.child('peers'),
      addresses: (id) => parts.gossip.addressesOf(id),
      fatal,
    },
  );
}

export function makeMessages({ ports, parts }: Wiring): OnionMessages {
  const { clock, signer, log } = ports;
  return new OnionMessages(
    {},
    {
      clock,
      log: log.child('messages'),
      ecdh: (point) => signer.ecdh(point),
      connected: (nodeId) => parts.peers.connected(nodeId),
      peerOver: (scid) => parts.channels.byScid(scid)?.peerId,
      send: (nodeId, message) => parts.peers.send(nodeId, message),
    },
  );
}
