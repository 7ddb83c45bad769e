/** The end of both openings: a channel with its first commitments, and how an opening fails. */
import { type Bytes, type ChannelId, msat, satToMsat, toHex } from '../../bytes/index.js';
import { emptyShachain } from '../../crypto/index.js';
import { channelFundingOutput } from '../commitment/index.js';
import type {
  Agreed,
  ChannelParams,
  ClosedState,
  Commitments,
  LiveState,
  OpeningState,
  RemoteCommitment,
} from '../state.js';
import type { Turn } from '../turn.js';

/** BOLT 2, "Definition of channel_id": the txid with the output's index in its last two bytes. */
export function channelIdOf(fundingTxid: Bytes, fundingVout: number): Bytes {
  const id = fundingTxid.slice();
  id[30] = (id[30] as number) ^ (fundingVout >> 8);
  id[31] = (id[31] as number) ^ (fundingVout & 0xff);
  return id;
}

export const hexId = (channelId: Bytes): ChannelId => toHex(channelId) as ChannelId;

/** The parameters with the outpoint that completes them. */
export const paramsOf = (s: Agreed, fundingTxid: Bytes, fundingVout: number): ChannelParams => ({
  ...s.params,
  remote: s.remote,
  minimumDepth: s.minimumDepth,
  fundingTxid,
  fundingVout,
});

/** The commitments number 0; ours has yet to be signed by the peer. */
export function firstCommitments(
  params: ChannelParams,
  feeratePerKw: number,
  remotePoint: Bytes,
): Commitments {
  const opener = msat(satToMsat(params.fundingAmount) - params.pushMsat);
  const weOpen = params.opener === 'local';
  const remote: RemoteCommitment = { number: 0n, point: remotePoint, awaitingRevocation: false };
  return {
    settledLocal: weOpen ? opener : params.pushMsat,
    settledRemote: weOpen ? params.pushMsat : opener,
    htlcs: [],
    fees: [{ feeratePerKw, state: weOpen ? 'SENT_ADD_ACK_REVOCATION' : 'RCVD_ADD_ACK_REVOCATION' }],
    nextLocalHtlcId: 0n,
    nextRemoteHtlcId: 0n,
    local: { number: 0n, signature: new Uint8Array(64), htlcSignatures: [] },
    remote,
    lastSent: 'revokeAndAck',
    remoteSecrets: emptyShachain,
  };
}

export function liveState(
  opening: Agreed,
  channelId: Bytes,
  params: ChannelParams,
  commitments: Commitments,
): LiveState {
  return {
    kind: 'live',
    channelId,
    params,
    commitments,
    link: { kind: 'online', remoteFeatures: opening.remoteFeatures },
    lockin: { sentReady: false, receivedReady: false },
    announcement: { sent: false },
    relay: { policy: opening.policy, timestamp: 0 },
    shutdown: { sent: false },
  };
}

export function watchFunding(params: ChannelParams, turn: Turn): void {
  turn.emit({
    kind: 'watchFunding',
    txid: params.fundingTxid,
    vout: params.fundingVout,
    scriptPubkey: channelFundingOutput(params),
  });
}

/** Nothing is at stake yet: say so to the peer (`tell`), and be done. */
export function endOpening(
  s: OpeningState,
  reason: string,
  turn: Turn,
  tell: boolean,
): ClosedState {
  if (tell) {
    turn.sendError(s.temporaryChannelId, reason);
    turn.emit({ kind: 'failed', reason });
  }
  turn.emit({ kind: 'forget', reason });
  const { key, peerId } = s.params;
  return { kind: 'closed', channelId: s.temporaryChannelId, key, peerId, reason };
}
