/** The composition root: a node from its configuration and ports, and how it starts and stops. */
import { NETWORKS } from '../../core/bitcoin/index.js';
import { type NodeId, toHex } from '../../core/bytes/index.js';
import { featuresFor } from '../../core/wire/index.js';
import { Datastore } from '../datastore/index.js';
import { WatchedStore } from '../util/index.js';
import type { NodeConfig } from './config.js';
import { OUR_FEATURES } from './features.js';
import { withIdentity } from './identity.js';
import type { NodePorts } from './ports.js';
import { makeParts } from './wiring/index.js';

/** How long a stop waits for answers of the chain's source. */
const HURRY_MS = 2_000;

const featureBits = {
  init: toHex(featuresFor(OUR_FEATURES, 'init')),
  node: toHex(featuresFor(OUR_FEATURES, 'node')),
  channel: toHex(featuresFor(OUR_FEATURES, 'channel')),
  invoice: toHex(featuresFor(OUR_FEATURES, 'invoice')),
};

export type Node = ReturnType<typeof createNode>;

export function createNode(chosen: NodeConfig, ports: NodePorts) {
  const { clock, entropy, signer, log } = ports;
  const store = new WatchedStore(ports);
  const network = NETWORKS[chosen.network];
  const nodeId = toHex(signer.nodeId) as NodeId;
  const config = withIdentity(chosen, nodeId);
  const parts = makeParts({ nodeId, network, config, ports, store });
  const { chain, broadcasts, wallet, peers, routes, invoices, payments, gossip } = parts;
  const { endings, backups, statics, storage, channels, feeReserve } = parts;

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
      features: featureBits,
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
