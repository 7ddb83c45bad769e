import { sat } from '../../../core/bytes/index.js';
import { Wallet } from '../../wallet/index.js';
import { coinsForFees } from '../claim-wallet.js';
import { FeeReserve } from '../fee-reserve.js';
import type { Wiring } from './wiring.js';

/** Openings that came to nothing used up addresses: who looks for lost coins looks further. */
const RESCAN_GAP = 500;

export function makeWallet({ config, ports, store, parts }: Wiring): Wallet {
  const { clock, entropy, signer, log } = ports;
  return new Wallet(
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
        broadcast: (tx) => parts.broadcasts.broadcast(tx),
        broadcastPackage: (txs) => parts.broadcasts.broadcastPackage(txs),
        utxo: (txid, vout, includeMempool) => ports.chain.utxo(txid, vout, includeMempool),
      },
      follower: parts.chain,
      needsReserve: () => parts.channels.list().some((c) => c.type?.anchors === true),
    },
  );
}

export function makeFeeReserve({ ports, parts }: Wiring): FeeReserve {
  const { chain, channels, wallet } = parts;
  return new FeeReserve(
    {},
    { channels, chain, coins: () => coinsForFees(wallet), log: ports.log.child('wallet') },
  );
}
