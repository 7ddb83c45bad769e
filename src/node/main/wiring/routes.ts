import { Gossip } from '../../gossip/index.js';
import { Routes } from '../../routes/index.js';
import { OUR_FEATURES } from '../features.js';
import { localChannels, localHops } from '../local-channels.js';
import type { Wiring } from './wiring.js';

export function makeRoutes({ config, network, nodeId, ports, store, parts }: Wiring): Routes {
  const { clock, log, fatal } = ports;
  const { chainHash } = network;
  return new Routes(
    {
      nodeId,
      chainHash,
      halfLifeSeconds: config.constraintHalfLife,
      ...(config.devGraph === undefined ? {} : { devGraph: config.devGraph }),
    },
    {
      store,
      clock,
      log: log.child('routes'),
      localChannels: () => localChannels(nodeId, parts.channels.list()),
      localHops: () => localHops(nodeId, parts.channels.list()),
      inFlight: () => parts.payments.reserved,
      height: () => parts.chain.height,
      fatal,
    },
  );
}

export function makeGossip({ config, network, nodeId, ports, store, parts }: Wiring): Gossip {
  const { clock, signer, log, fatal } = ports;
  const { chainHash } = network;
  const { peers } = parts;
  return new Gossip(
    {
      nodeId,
      chainHash,
      features: OUR_FEATURES,
      alias: config.alias,
      color: config.color,
      announced: config.announced,
      // BOLT 7, "Rebroadcasting": a minute between flushes; on a private chain nobody need wait.
      ...(config.network === 'regtest' ? { limits: { flushSeconds: 1 } } : {}),
    },
    {
      store,
      clock,
      signer,
      verifier: ports.verifier,
      log: log.child('gossip'),
      peers,
      chain: {
        height: () => parts.chain.height,
        utxo: (block, txIndex, output) => parts.chain.utxoByScid(block, txIndex, output),
      },
      topology: parts.routes.table,
      ownChannel: (scid) =>
        parts.channels
          .list()
          .find((c) => c.scid === scid || c.localAlias === scid || c.remoteAlias === scid)?.peerId,
      fatal,
    },
  );
}
