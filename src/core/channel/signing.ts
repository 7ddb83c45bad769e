/** BOLT 2: commitment_signed and revoke_and_ack, in both directions. */
import { type Bytes, EMPTY, equal } from '../bytes/index.js';
import { insertSecret, publicKeyFromPrivate, type Signer, shachainIndex } from '../crypto/index.js';
import type { MessageOf } from '../wire/index.js';
import { specOf } from './balances.js';
import {
  buildCommitment,
  type CommitmentSignatures,
  commitmentKeys,
  revokedData,
  signCommitment,
  verifyCommitment,
} from './commitment/index.js';
import { failChannel, warnPeer } from './faults.js';
import { advance, awaitsOurSignature, type CommitmentEvent, type Htlc, isGone } from './htlc.js';
import { overDustExposure } from './limits.js';
import type { ChannelState, Commitments, FeeUpdate, LiveState } from './state.js';
import { counted, reached } from './tally.js';
import type { Turn } from './turn.js';
import type { ReceivedHtlc } from './types.js';
import { withAffordableFee } from './updates/fee.js';

/** Moves everything on, settles what is wholly removed, and drops feerates that are superseded. */
function moved(c: Commitments, event: CommitmentEvent): { next: Commitments; gone: Htlc[] } {
  const htlcs: Htlc[] = [];
  const gone: Htlc[] = [];
  let { settledLocal, settledRemote, tally } = c;
  for (const htlc of c.htlcs) {
    const state = advance(htlc.state, event);
    if (state === htlc.state) {
      htlcs.push(htlc);
      continue;
    }
    tally = tally && counted(tally, { ...htlc, state });
    if (!isGone(state)) htlcs.push(withoutIdleOnion({ ...htlc, state }));
    else {
      gone.push({ ...htlc, state });
      if (htlc.removal?.kind !== 'fulfill') continue;
      const amount = state === 'RCVD_REMOVE_ACK_REVOCATION' ? htlc.amountMsat : -htlc.amountMsat;
      settledLocal = (settledLocal - amount) as typeof settledLocal;
      settledRemote = (settledRemote + amount) as typeof settledRemote;
      tally = tally && reached(tally, settledLocal);
    }
  }
  const fees = movedFees(c.fees, event);
  const next = { ...c, htlcs, fees, settledLocal, settledRemote, ...(tally && { tally }) };
  return { next, gone };
}

/** The peer has acknowledged it, or we have signed its removal: the onion has served. */
function withoutIdleOnion(htlc: Htlc): Htlc {
  const served = htlc.state === 'RCVD_ADD_REVOCATION' || htlc.state === 'SENT_REMOVE_COMMIT';
  return served ? { ...htlc, onion: EMPTY } : htlc;
}

const isInForce = (fee: FeeUpdate): boolean =>
  fee.state === 'SENT_ADD_ACK_REVOCATION' || fee.state === 'RCVD_ADD_ACK_REVOCATION';

function movedFees(fees: readonly FeeUpdate[], event: CommitmentEvent): readonly FeeUpdate[] {
  if (fees.length === 1) return fees;
  const next = fees.map((fee) => ({ ...fee, state: advance(fee.state, event) }));
  const newest = next.findLastIndex(isInForce);
  // Of updates that go together only the last one counts.
  return next.slice(Math.max(newest, 0)).filter((fee, i, all) => all[i + 1]?.state !== fee.state);
}

/** Whether commitment_signed would tell the peer something new, and may be sent now. */
export function canSign(s: LiveState): boolean {
  const { htlcs, fees, remote } = s.commitments;
  if (s.link.kind !== 'online' || s.failure !== undefined || s.spent !== undefined) return false;
  if (remote.awaitingRevocation || remote.nextPoint === undefined) return false;
  // A close is agreed on, or as good as that: the peer has no use for another commitment.
  if (s.shutdown.tx !== undefined || s.link.peerHasDone) return false;
  return (
    htlcs.some((htlc) => awaitsOurSignature(htlc.state)) ||
    fees.some((fee) => awaitsOurSignature(fee.state))
  );
}

/** The fields of commitment_signed for the peer's newest commitment in `c`, at its point. */
function signaturesFor(s: LiveState, c: Commitments, turn: Turn): CommitmentSignatures {
  const point = c.remote.nextPoint ?? c.remote.point;
  const theirs = buildCommitment(s.params, 'remote', point, specOf(c, 'remote'));
  return signCommitment(turn.context.signer, s.params.key, theirs);
}

export function sendSignatures(s: LiveState, c: Commitments, turn: Turn): void {
  const { signature, htlcSignatures } = signaturesFor(s, c, turn);
  turn.send({
    kind: 'commitmentSigned',
    channelId: s.channelId,
    signature,
    htlcSignature: htlcSignatures,
    tlvs: {},
  });
}

export function onSign(unsigned: LiveState, turn: Turn): LiveState {
  if (!canSign(unsigned)) return unsigned;
  const s = withAffordableFee(unsigned, turn);
  const { next } = moved(s.commitments, 'sentCommitment');
  const commitments: Commitments = {
    ...next,
    remote: { ...next.remote, awaitingRevocation: true },
    lastSent: 'commitmentSigned',
  };
  turn.persist();
  sendSignatures(s, commitments, turn);
  return { ...s, commitments };
}

export function onCommitmentSigned(
  s: LiveState,
  m: MessageOf<'commitmentSigned'>,
  turn: Turn,
): LiveState {
  const { fundingTxid } = m.tlvs;
  // BOLT 2, commitment_signed: one that is for another funding transaction is ignored.
  if (fundingTxid !== undefined && !equal(fundingTxid, s.params.fundingTxid)) return s;
  const { signer } = turn.context;
  const { key } = s.params;
  const { next: received } = moved(s.commitments, 'receivedCommitment');
  const number = received.local.number + 1n;
  const local = { number, signature: m.signature, htlcSignatures: m.htlcSignature };
  const signed: Commitments = { ...received, local };
  const point = signer.perCommitmentPoint(key, number);
  const ours = buildCommitment(s.params, 'local', point, specOf(signed, 'local'));
  const verified = verifyCommitment(ours, local);
  // BOLT 2, commitment_signed: all signatures are good, and as many as there are HTLC outputs.
  if (!verified.ok) return warnPeer(s, turn, `commitment_signed: ${verified.error.code}`);

  const { next, gone } = moved(signed, 'sentRevocation');
  turn.persist();
  sendRevocation(s, number, turn);
  for (const htlc of gone) turn.emit({ kind: 'htlcRemoved', htlcId: htlc.id });
  return { ...s, commitments: { ...next, lastSent: 'revokeAndAck' } };
}

/**
 * Derives the keys of the commitments that come next, where they are known by now: work for the
 * time in which the disk or the peer is waited for. Changes no state.
 */
export function prepareKeys(s: ChannelState, signer: Signer): void {
  if (s.kind !== 'live' || s.link.kind !== 'online') return;
  const { params, commitments } = s;
  const { local, remote } = commitments;
  commitmentKeys(params, 'local', signer.perCommitmentPoint(params.key, local.number + 1n));
  if (remote.nextPoint !== undefined && !remote.awaitingRevocation)
    commitmentKeys(params, 'remote', remote.nextPoint);
}

/** revoke_and_ack for the commitment before `number`, which is our latest. */
export function sendRevocation(s: LiveState, number: bigint, turn: Turn): void {
  const { signer } = turn.context;
  const { key } = s.params;
  turn.send({
    kind: 'revokeAndAck',
    channelId: s.channelId,
    perCommitmentSecret: signer.perCommitmentSecret(key, number - 1n),
    nextPerCommitmentPoint: signer.perCommitmentPoint(key, number + 1n),
  });
}

const matches = (secret: Bytes, point: Bytes): boolean => {
  const own = publicKeyFromPrivate(secret);
  return own !== undefined && equal(own, point);
};

export function onRevokeAndAck(s: LiveState, m: MessageOf<'revokeAndAck'>, turn: Turn): LiveState {
  const { remote, remoteSecrets } = s.commitments;
  const { nextPoint } = remote;
  if (!remote.awaitingRevocation || nextPoint === undefined)
    return failChannel(s, turn, 'revoke_and_ack, but nothing was to be revoked');
  // BOLT 2, revoke_and_ack: the secret generates the previous per_commitment_point.
  if (!matches(m.perCommitmentSecret, remote.point))
    return failChannel(s, turn, 'revoke_and_ack: the secret is not that of the last point');
  const index = shachainIndex(remote.number);
  const secrets = insertSecret(remoteSecrets, index, m.perCommitmentSecret);
  // BOLT 2, revoke_and_ack: secrets are generated as BOLT 3 says, so that few are to be stored.
  if (secrets === undefined)
    return failChannel(s, turn, 'revoke_and_ack: the secret does not follow from the seed');

  const data = revokedData(
    s.params,
    specOf(s.commitments, 'remoteUnrevoked'),
    specOf(s.commitments, 'remote'),
  );
  const { next, gone } = moved(s.commitments, 'receivedRevocation');
  const commitments: Commitments = {
    ...next,
    remoteSecrets: secrets,
    remote: {
      number: remote.number + 1n,
      point: nextPoint,
      nextPoint: m.nextPerCommitmentPoint,
      awaitingRevocation: false,
    },
  };
  turn.persist();
  turn.emit({ kind: 'storeRevoked', commitmentNumber: remote.number, data });
  const result = { ...s, commitments };
  for (const htlc of s.commitments.htlcs)
    if (htlc.state === 'SENT_ADD_ACK_COMMIT')
      turn.emit({ kind: 'htlcReceived', htlc: receivedHtlc(result, htlc) });
  for (const htlc of gone) tellRemoved(htlc, turn);
  return result;
}

/** What the node is told of an incoming HTLC that is irrevocably committed. */
export function receivedHtlc(s: LiveState, htlc: Htlc): ReceivedHtlc {
  const { id, amountMsat, paymentHash, cltvExpiry, onion, pathKey } = htlc;
  const exposed = overDustExposure(s.params, s.commitments, amountMsat);
  return {
    id,
    amountMsat,
    paymentHash,
    cltvExpiry,
    onion,
    ...(pathKey === undefined ? {} : { pathKey }),
    ...(exposed ? { dustExposed: true } : {}),
    ...(isUnfunded(s) ? { unfunded: true } : {}),
  };
}

/** Whether the peer could still take back what it paid into the channel; trusted ones never would. */
const isUnfunded = ({ params, lockin }: LiveState): boolean =>
  params.opener === 'remote' && !params.type.zeroconf && lockin.confirmed === undefined;

/** An outgoing HTLC is irrevocably removed; where its preimage is known, that was told before. */
function tellRemoved(htlc: Htlc, turn: Turn): void {
  const { removal, origin, preimage } = htlc;
  if (origin === undefined || removal === undefined || preimage !== undefined) return;
  if (removal.kind === 'fulfill') return;
  turn.emit({
    kind: 'htlcFailed',
    htlcId: htlc.id,
    origin,
    paymentHash: htlc.paymentHash,
    amountMsat: htlc.amountMsat,
    failure:
      removal.kind === 'fail'
        ? { kind: 'encrypted', reason: removal.reason }
        : {
            kind: 'malformed',
            failureCode: removal.failureCode,
            sha256OfOnion: removal.sha256OfOnion,
          },
  });
}
