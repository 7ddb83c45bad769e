/** The composition root: puts the services on the ports and connects them with each other. */
import { NETWORKS } from '../../core/bitcoin/index.js';
import { err, msat, type NodeId, ok, sat, toHex } from '../../core/bytes/index.js';
import { limitsFor } from '../../core/channel/index.js';
import { featuresFor } from '../../core/wire/index.js';
import { Backups, PeerStorage, StaticOutputs } from '../backup/index.js';
import { Broadcasts, ChainFollower } from '../chain/index.js';
import { Channels } from '../channels/index.js';
import { Datastore } from '../datastore/index.js';
import { Gossip } from '../gossip/index.js';
import { Invoices } from '../invoices/index.js';
import { OnionMessages } from '../messages/index.js';
import { Endings } from '../onchain/index.js';
import { Payments } from '../payments/index.js';
import { Peers } from '../peers/index.js';
import { Routes } from '../routes/index.js';
import { WatchedStore } from '../util/index.js';
import { Wallet, walletForChannels } from '../wallet/index.js';
import { Broadcaster } from './broadcaster.js';
import { claimFees, claimWallet, coinsForFees } from './claim-wallet.js';
import type { NodeConfig } from './config.js';
import { OUR_FEATURES } from './features.js';
import { FeeReserve } from './fee-reserve.js';
import { withIdentity } from './identity.js';
import { localChannels, localHops } from './local-channels.js';
import type { NodePorts } from './ports.js';
import { routeHints } from './route-hints.js';

/** BOLT 2, cltv_expiry_delta: blocks we leave ourselves; BOLT 4, expiry_too_far: two weeks. */
const RELAY = { graceBlocks: 3, maxExpiryBlocks: 2016 } as const;
/** BOLT 3: no output below this is relayed, whatever its script. */
const DUST_LIMIT = sat(546);
/** We relay and take the smallest HTLC there is; dust exposure has its own limit. */
const NO_MINIMUM = msat(0);

/** How long a stop waits for answers of the chain's source. */
const HURRY_MS = 2_000;

/** Openings that came to nothing used up addresses: who looks for lost coins looks further. */
const RESCAN_GAP = 500;

/** `--rescan` counts blocks back from where it stopped; a height is given by a negative number. */
const rescanFrom = (rescan: number | undefined): { from?: number } =>
  rescan === undefined || rescan === 0 ? {} : { from: -rescan };

const featureBits = {
  init: featuresFor(OUR_FEATURES, 'init'),
  node: featuresFor(OUR_FEATURES, 'node'),
  channel: featuresFor(OUR_FEATURES, 'channel'),
  invoice: featuresFor(OUR_FEATURES, 'invoice'),
};

export type Node = ReturnType<typeof createNode>;

export function createNode(chosen: NodeConfig, ports: NodePorts) {
  const { clock, entropy, net, signer, log, fatal } = ports;
  const store = new WatchedStore(ports);
  const network = NETWORKS[chosen.network];
  const { chainHash } = network;
  const nodeId = toHex(signer.nodeId) as NodeId;
  const config = withIdentity(chosen, nodeId);

  const chain = new ChainFollower(
    {
      ...(config.pollMs === undefined ? {} : { pollMs: config.pollMs }),
      ...rescanFrom(config.rescan),
      ...(config.forceFeerate === undefined ? {} : { forceFeerate: config.forceFeerate }),
    },
    { chain: ports.chain, store, clock, log: log.child('chain') },
  );
  const broadcasts = new Broadcasts({}, { chain: ports.chain, clock, log: log.child('broadcast') });
  chain.onBlock((block) => broadcasts.connectBlock(block));
  chain.onBack(() => broadcasts.again());
  const broadcaster = new Broadcaster({}, { chain: broadcasts, log: log.child('broadcast') });

  const wallet: Wallet = new Wallet(
    {
      network: config.network,
      minEmergency: sat(config.minEmergencyMsat / 1000n),
      ...(config.rescan === undefined ? {} : { gapLimit: RESCAN_GAP }),
    },
    {
      store,
      signer,
      clock,
      entropy,
      log: log.child('wallet'),
      chain: {
        broadcast: (tx) => broadcasts.broadcast(tx),
        broadcastPackage: (txs) => broadcasts.broadcastPackage(txs),
        utxo: (txid, vout, includeMempool) => ports.chain.utxo(txid, vout, includeMempool),
      },
      follower: chain,
      needsReserve: () => channels.list().some((c) => c.type?.anchors === true),
    },
  );

  const peers: Peers = new Peers(
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
      addresses: (id) => gossip.addressesOf(id),
      fatal,
    },
  );

  const routes: Routes = new Routes(
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
      localChannels: () => localChannels(nodeId, channels.list()),
      localHops: () => localHops(nodeId, channels.list()),
      inFlight: () => payments.reserved,
      height: () => chain.height,
      fatal,
    },
  );

  const invoices: Invoices = new Invoices(
    {
      network,
      cltvFinal: config.cltvFinal,
      fulfillDeadline: limitsFor(config.cltvDelta).fulfillDeadline,
      features: featureBits.invoice,
    },
    {
      store,
      clock,
      entropy,
      signer,
      log: log.child('invoices'),
      height: () => chain.height,
      whenCurrent: () => chain.whenCurrent(),
      routeHints: (expose, amountMsat) =>
        routeHints(channels.list(), expose, amountMsat, (peer) => gossip.isDeadEnd(peer)),
      settle: (channelId, htlcId, settlement) => channels.settle(channelId, htlcId, settlement),
      fatal,
    },
  );

  const payments: Payments = new Payments(
    { nodeId, invoicePrefix: network.invoicePrefix, sendpayCompat: config.sendpayCompat },
    {
      store,
      clock,
      entropy,
      log: log.child('payments'),
      height: () => chain.height,
      offer: async ({ peer, scid }, htlc, writes) => {
        const first = channels.firstHop(peer, scid, htlc.amountMsat);
        if (first === undefined) return err({ code: 'channel_not_ready' });
        const result = await channels.offer(first, htlc, writes);
        return result.ok ? ok(undefined) : err(result.error);
      },
      getroutes: (request, layers) => routes.payroutes(request, layers),
      localChannels: () => localChannels(nodeId, channels.list()),
      reserved: () => routes.reservations.totals(),
      allConnected: () => channels.list().every((channel) => !channel.ready || channel.online),
      learn: (lessons) => routes.learn(lessons),
      channelBetween: (source, destination, amountMsat) => {
        const found = routes.getroute({
          source,
          destination,
          amountMsat,
          riskFactor: 1,
          maxHops: 1,
        });
        const hop = found.ok ? found.value.hops[0] : undefined;
        return hop && { scid: hop.channel, direction: hop.direction };
      },
      fatal,
    },
  );

  const gossip: Gossip = new Gossip(
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
        height: () => chain.height,
        utxo: (block, txIndex, output) => chain.utxoByScid(block, txIndex, output),
      },
      topology: routes.table,
      ownChannel: (scid) =>
        channels
          .list()
          .find((c) => c.scid === scid || c.localAlias === scid || c.remoteAlias === scid)?.peerId,
      fatal,
    },
  );

  const endings: Endings = new Endings(
    {},
    {
      store,
      signer,
      log: log.child('onchain'),
      wallet: claimWallet(wallet),
      height: () => chain.height,
      fees: () => claimFees(chain),
      broadcast: (tx) => broadcasts.broadcast(tx),
      spender: async (txid, vout) => ports.chain.spender?.(txid, vout),
      broadcastPackage: (txs) => broadcasts.broadcastPackage(txs),
      writesOf: (end) => channels.writesOfChainEnd(end),
      ended: (end) => channels.chainEnded(end),
      resolved: (channelId) => void channels.archive(channelId).catch(fatal),
      fatal,
    },
  );

  const backups: Backups = new Backups(
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
        liveStates: () => channels.liveStates(),
        takeUp: (stubs) => channels.takeUp(stubs),
        keyUsed: (key) => channels.keyUsed(key),
        replayBlock: (block) => channels.replayBlock(block),
        onChange: (fn) => channels.onChange(fn),
      },
      endings,
      chain: {
        height: () => chain.height,
        utxo: (txid, vout) => ports.chain.utxo(txid, vout),
        readBlock: (height) => chain.readBlock(height),
        whenSynced: () => chain.whenSynced(),
      },
      sweepScript: () => walletForChannels(wallet).closeScript(),
      fatal,
    },
  );

  const statics: StaticOutputs = new StaticOutputs(
    { seedIsOld: ports.seedIsOld ?? false, rescan: config.rescan !== undefined },
    {
      store,
      signer,
      log: log.child('backup'),
      liveKeys: () => new Set(channels.liveStates().map(({ params }) => params.key)),
      synced: (height) => height >= chain.tipHeight,
      fees: () => ({
        feeratePerKw: chain.feerateFor(12),
        minimum: chain.estimates.minimum,
      }),
      sweepScript: () => walletForChannels(wallet).closeScript(),
      send: (tx) => wallet.send(tx),
    },
  );

  const storage: PeerStorage = new PeerStorage(
    {},
    {
      store,
      clock,
      log: log.child('peer-storage'),
      connected: (id) => peers.connected(id),
      send: (id, message) => peers.send(id, message),
      peersWithChannels: () =>
        new Set(channels.liveStates().map(({ params }) => toHex(params.peerId) as NodeId)),
      height: () => chain.height,
      ours: () => backups.forPeer(),
      returned: (from, blob) => backups.returned(from, blob),
      fatal,
    },
  );

  const channels: Channels = new Channels(
    {
      chainHash,
      localFeatures: featureBits.init,
      seedIsOld: ports.seedIsOld ?? false,
      policy: {
        feeBaseMsat: config.feeBaseMsat,
        feeProportionalMillionths: config.feePerSatoshi,
        cltvExpiryDelta: config.cltvDelta,
        htlcMinimumMsat: NO_MINIMUM,
      },
      dustLimit: DUST_LIMIT,
      htlcMinimumMsat: NO_MINIMUM,
      relay: RELAY,
      minimumDepth: config.fundingConfirms,
      maxAcceptedHtlcs: config.maxConcurrentHtlcs,
      toSelfDelay: config.watchtimeBlocks,
      minCapacity: config.minCapacitySat,
    },
    {
      store,
      clock,
      entropy,
      signer,
      log: log.child('channels'),
      peers,
      chain: {
        height: () => chain.height,
        whenCurrent: () => chain.whenCurrent(),
        fees: () => chain.fees(),
        broadcast: (tx, purpose) => {
          broadcaster.broadcast(tx, purpose);
          wallet.expect(tx).catch(fatal);
        },
      },
      wallet: walletForChannels(wallet),
      gossip: {
        announce: (message) => gossip.announceOwn(message),
        update: (message, isPrivate) => gossip.updateOwn(message, isPrivate),
      },
      ends: {
        receiveFinal: (htlc) => invoices.receive(htlc),
        fulfilled: (origin, preimage) => payments.htlcFulfilled(origin, preimage),
        failed: (origin, failure) => payments.htlcFailed(origin, failure),
        settled: (origin) => payments.settled(origin),
        paidAfterAll: (late) => payments.paidAfterAll(late),
      },
      endings,
      backedUp: () => backups.backedUp(),
      fatal,
    },
  );

  const feeReserve = new FeeReserve(
    {},
    { channels, chain, coins: () => coinsForFees(wallet), log: log.child('wallet') },
  );

  const onionMessages = new OnionMessages(
    {},
    {
      clock,
      log: log.child('messages'),
      ecdh: (point) => signer.ecdh(point),
      connected: (nodeId) => peers.connected(nodeId),
      peerOver: (scid) => channels.byScid(scid)?.peerId,
      send: (nodeId, message) => peers.send(nodeId, message),
    },
  );

  peers.onConnected((peer) => {
    storage.peerConnected(peer);
    channels.peerConnected(peer);
    routes.peerReconnected(peer.nodeId);
    gossip.peerConnected(peer);
  });
  peers.onDisconnected((peer) => {
    channels.peerDisconnected(peer.nodeId);
    gossip.peerDisconnected(peer.nodeId);
    onionMessages.peerDisconnected(peer.nodeId);
  });
  peers.onMessage('channel', (from, message) => channels.message(from, message));
  peers.onMessage('gossip', (from, message) => {
    if (message.kind === 'channelUpdate') channels.peerUpdate(from, message);
    return gossip.received(from, message);
  });
  peers.onMessage('other', (from, message) =>
    message.kind === 'onionMessage'
      ? onionMessages.received(from, message)
      : storage.message(from, message),
  );
  backups.onWritten(() => storage.changed());
  // A block is followed once the money's services have it on disk: wallet, channels, then the rest.
  chain.onBlock((block) => channels.connectBlock(block));
  chain.onBlock((block) => endings.connectBlock(block), true);
  chain.onBlock((block) => broadcaster.connectBlock(block));
  chain.onBlock((block) => feeReserve.connectBlock(block));
  chain.onBlock((block) => gossip.connectBlock(block));
  chain.onBlock((block) => statics.connectBlock(block));
  chain.onBlock((block) => storage.connectBlock(block));
  chain.onDisconnect((height) => channels.disconnectBlock(height));
  chain.onDisconnect((height) => gossip.disconnectBlock(height));
  chain.onDisconnect((height) => endings.disconnectBlock(height));

  /** What the commands work with. */
  const api = {
    nodeId,
    chain,
    wallet,
    peers,
    routes,
    invoices,
    payments,
    gossip,
    datastore: new Datastore({ store }),
    channels,
    feeReserve,
    backups,
    clock,
    entropy,
    store,
    signer,
    log,
    settings: {
      network: config.network,
      version: config.version,
      alias: config.alias,
      color: config.color,
      directory: config.directory,
      developer: config.developer,
      sendpayCompat: config.sendpayCompat,
      features: {
        init: toHex(featureBits.init),
        node: toHex(featureBits.node),
        channel: toHex(featureBits.channel),
        invoice: toHex(featureBits.invoice),
      },
      bindings: config.bindings,
      announced: config.announced,
      configs: config.configs,
    },
  };

  return {
    api,

    /** The graph from the disk, the most there is to read: it may be begun while others wait. */
    load: () => gossip.load(),

    /**
     * Memory first, then the chain, then the world: nobody is heard before all that the node knew
     * is known again, and payments are looked at once the channels say which HTLCs live.
     */
    async start(): Promise<void> {
      await chain.load();
      await routes.start();
      await wallet.start();
      await invoices.start();
      await payments.start();
      await endings.start();
      await channels.start();
      await backups.start();
      await statics.start();
      await storage.start();
      await payments.reconcile(channels.liveOrigins());
      await gossip.start();
      await chain.start();
      void chain.whenSynced().then(() => endings.look());
      await peers.start();
      payments.resume();
    },

    /** The reverse: nobody is heard any more, what was heard is carried out, the disk is closed. */
    async stop(): Promise<void> {
      payments.halt();
      // What a silent source still owes is not waited for: it is asked again at the next start.
      const hurry = clock.after(HURRY_MS, () => void ports.chain.close());
      await peers.stop();
      await chain.stop();
      broadcasts.stop();
      await gossip.stop();
      await storage.stop();
      await backups.stop();
      await channels.stop();
      await endings.stop();
      await payments.stop();
      await invoices.stop();
      await wallet.stop();
      await routes.stop();
      await ports.verifier.close();
      await store.close();
      hurry();
      await ports.chain.close();
    },
  };
}
