import { type NodeId, toHex } from '../../../core/bytes/index.js';
import { Backups, PeerStorage, StaticOutputs } from '../../backup/index.js';
import { walletForChannels } from '../../wallet/index.js';
import type { Wiring } from './wiring.js';

export function makeBackups({ ports, store, parts }: Wiring): Backups {
  const { clock, entropy, signer, log, fatal } = ports;
  const { peers, wallet, endings } = parts;
  return new Backups(
    {},
    {
      files: ports.files,
      store,
      signer,
      clock,
      entropy,
      log: log.child('backup'),
      peers,
      channels: {
        liveStates: () => parts.channels.liveStates(),
        takeUp: (stubs) => parts.channels.takeUp(stubs),
        keyUsed: (key) => parts.channels.keyUsed(key),
        replayBlock: (block) => parts.channels.replayBlock(block),
        onChange: (fn) => parts.channels.onChange(fn),
      },
      endings,
      chain: {
        height: () => parts.chain.height,
        utxo: (txid, vout) => ports.chain.utxo(txid, vout),
        readBlock: (height) => parts.chain.readBlock(height),
        whenSynced: () => parts.chain.whenSynced(),
      },
      sweepScript: () => walletForChannels(wallet).closeScript(),
      fatal,
    },
  );
}

export function makeStatics({ config, ports, store, parts }: Wiring): StaticOutputs {
  const { signer, log } = ports;
  const { wallet } = parts;
  return new StaticOutputs(
    { seedIsOld: ports.seedIsOld ?? false, rescan: config.rescan !== undefined },
    {
      store,
      signer,
      log: log.child('backup'),
      liveKeys: () => new Set(parts.channels.liveStates().map(({ params }) => params.key)),
      synced: (height) => height >= parts.chain.tipHeight,
      fees: () => ({
        feeratePerKw: parts.chain.feerateFor(12),
        minimum: parts.chain.estimates.minimum,
      }),
      sweepScript: () => walletForChannels(wallet).closeScript(),
      send: (tx) => wallet.send(tx),
    },
  );
}

export function makeStorage({ ports, store, parts }: Wiring): PeerStorage {
  const { clock, log, fatal } = ports;
  return new PeerStorage(
    {},
    {
      store,
      clock,
      log: log.child('peer-storage'),
      connected: (id) => parts.peers.connected(id),
      send: (id, message) => parts.peers.send(id, message),
      peersWithChannels: () =>
        new Set(parts.channels.liveStates().map(({ params }) => toHex(params.peerId) as NodeId)),
      height: () => parts.chain.height,
      ours: () => parts.backups.forPeer(),
      returned: (from, blob) => parts.backups.returned(from, blob),
      fatal,
    },
  );
}
