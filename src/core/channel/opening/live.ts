/** The end of both openings: a channel with its first commitments, and how an opening fails. */
import { type Bytes, type ChannelId, msat, satToMsat, toHex } from '../../bytes/index.js';
import { emptyShachain } from '../../crypto/index.js';
import { specOf } from '../balances.js';
import {
  buildCommitment,
  channelFundingOutput,
  signCommitment,
  verifyCommitment,
} from '../commitment/index.js';
import type {
  Agreed,
  ChannelParams,
  ClosedState,
  Commitments,
  LiveState,
  OpeningState,
  RemoteCommitment,
} from '../state.js';
import { newTally } from '../tally.js';
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
  const settledLocal = weOpen ? opener : params.pushMsat;
  const remote: RemoteCommitment = { number: 0n, point: remotePoint, awaitingRevocation: false };
  return {
    settledLocal,
    settledRemote: weOpen ? params.pushMsat : opener,
    htlcs: [],
    fees: [{ feeratePerKw, state: weOpen ? 'SENT_ADD_ACK_REVOCATION' : 'RCVD_ADD_ACK_REVOCATION' }],
    nextLocalHtlcId: 0n,
    nextRemoteHtlcId: 0n,
    local: { number: 0n, signature: new Uint8Array(64), htlcSignatures: [] },
    remote,
    lastSent: 'revokeAndAck',
    remoteSecrets: emptyShachain,
    tally: newTally(settledLocal),
  };
}

/** Our signature of the peer's first commitment. */
export function signTheirFirst(params: ChannelParams, first: Commitments, turn: Turn): Bytes {
  const theirs = buildCommitment(params, 'remote', first.remote.point, specOf(first, 'remote'));
  return signCommitment(turn.context.signer, params.key, theirs).signature;
}

/** The same with the peer's signature of our first commitment; nothing where it is wrong. */
export function withTheirSignature(
  params: ChannelParams,
  first: Commitments,
  signature: Bytes,
  turn: Turn,
): Commitments | undefined {
  const point = turn.context.signer.perCommitmentPoint(params.key, 0n);
  const ours = buildCommitment(params, 'local', point, specOf(first, 'local'));
  const verified = verifyCommitment(ours, { signature, htlcSignatures: [] });
  if (!verified.ok) return undefined;
  return { ...first, local: { number: 0n, signature, htlcSignatures: [] } };
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
