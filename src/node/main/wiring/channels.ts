import { msat, sat } from '../../../core/bytes/index.js';
import { featuresFor } from '../../../core/wire/index.js';
import { Channels } from '../../channels/index.js';
import { Endings } from '../../onchain/index.js';
import { walletForChannels } from '../../wallet/index.js';
import { claimFees, claimWallet } from '../claim-wallet.js';
import { OUR_FEATURES } from '../features.js';
import type { Wiring } from './wiring.js';

/** BOLT 2, cltv_expiry_delta: blocks we leave ourselves; BOLT 4, expiry_too_far: two weeks. */
const RELAY = { graceBlocks: 3, maxExpiryBlocks: 2016 } as const;
/** BOLT 3: no output below this is relayed, whatever its script. */
const DUST_LIMIT = sat(546);
/** We relay and take the smallest HTLC there is; dust exposure has its own limit. */
const NO_MINIMUM = msat(0);

export function makeChannels({ config, network, ports, store, parts }: Wiring): Channels {
  const { clock, entropy, signer, log, fatal } = ports;
  const { chainHash } = network;
  const { peers, wallet, endings } = parts;
  return new Channels(
    {
      chainHash,
      localFeatures: featuresFor(OUR_FEATURES, 'init'),
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
        height: () => parts.chain.height,
        whenCurrent: () => parts.chain.whenCurrent(),
        fees: () => parts.chain.fees(),
        broadcast: (tx, purpose) => {
          parts.broadcaster.broadcast(tx, purpose);
          wallet.expect(tx).catch(fatal);
        },
      },
      wallet: walletForChannels(wallet),
      gossip: {
        announce: (message) => parts.gossip.announceOwn(message),
        update: (message, isPrivate) => parts.gossip.updateOwn(message, isPrivate),
      },
      ends: {
        receiveFinal: (htlc) => parts.invoices.receive(htlc),
        fulfilled: (origin, preimage) => parts.payments.htlcFulfilled(origin, preimage),
        failed: (origin, failure) => parts.payments.htlcFailed(origin, failure),
        settled: (origin) => parts.payments.settled(origin),
        paidAfterAll: (late) => parts.payments.paidAfterAll(late),
      },
      endings,
      backedUp: () => parts.backups.backedUp(),
      fatal,
    },
  );
}

export function makeEndings({ ports, store, parts }: Wiring): Endings {
  const { signer, log, fatal } = ports;
  return new Endings(
    {},
    {
      store,
      signer,
      log: log.child('onchain'),
      wallet: claimWallet(parts.wallet),
      height: () => parts.chain.height,
      fees: () => claimFees(parts.chain),
      broadcast: (tx) => parts.broadcasts.broadcast(tx),
      spender: async (txid, vout) => ports.chain.spender?.(txid, vout),
      broadcastPackage: (txs) => parts.broadcasts.broadcastPackage(txs),
      writesOf: (end) => parts.channels.writesOfChainEnd(end),
      ended: (end) => parts.channels.chainEnded(end),
      resolved: (channelId) => void parts.channels.archive(channelId).catch(fatal),
      fatal,
    },
  );
}
