/** From the channel machine's last state to the facts that the on-chain machine stands on. */
import type { Bytes } from '../bytes/index.js';
import { type Htlc, type LiveState, offeredBy, specOf } from '../channel/index.js';
import type { OnchainChannel, OutgoingHtlc } from './types.js';

/** The preimage of an HTLC, from whichever side it came. */
const preimageOf = (htlc: Htlc): Bytes | undefined =>
  htlc.removal?.kind === 'fulfill' ? htlc.removal.preimage : htlc.preimage;

function outgoingOf(htlc: Htlc): OutgoingHtlc[] {
  const { id, amountMsat, paymentHash, cltvExpiry, origin } = htlc;
  if (offeredBy(htlc) !== 'local' || origin === undefined) return [];
  return [{ id, amountMsat, paymentHash, cltvExpiry, origin }];
}

/** `sweepScript`: where what is claimed is sent, a script of the wallet. */
export function onchainChannel(
  live: LiveState,
  sweepScript: Bytes = live.params.shutdownScript,
): OnchainChannel {
  const { params, commitments } = live;
  const { local, remote, htlcs } = commitments;
  const next =
    remote.awaitingRevocation && remote.nextPoint !== undefined
      ? { remoteNext: { spec: specOf(commitments, 'remote'), point: remote.nextPoint } }
      : {};
  return {
    key: params.key,
    commitment: params,
    sweepScript,
    local: {
      spec: specOf(commitments, 'local'),
      signature: local.signature,
      htlcSignatures: local.htlcSignatures,
    },
    remote: { spec: specOf(commitments, 'remoteUnrevoked'), point: remote.point },
    ...next,
    remoteSecrets: commitments.remoteSecrets,
    ...(live.failure?.behind === true ? { lost: true } : {}),
    outgoing: htlcs.flatMap(outgoingOf),
    preimages: htlcs.map(preimageOf).filter((preimage) => preimage !== undefined),
  };
}
