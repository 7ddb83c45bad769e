/** BOLT 2, "Channel Establishment v1", from the side that funds the channel. */
import { type Bytes, equal, type Msat, type Sat } from '../../bytes/index.js';
import type { MessageOf } from '../../wire/index.js';
import { channelFundingOutput } from '../commitment/index.js';
import { sendReadyIfDeep } from '../lockin.js';
import {
  type ChannelState,
  type ChannelType,
  DEFAULT_BOUNDS,
  type WaitForAccept,
  type WaitForFunding,
  type WaitForFundingSigned,
} from '../state.js';
import { Turn } from '../turn.js';
import type { Step, StepContext } from '../types.js';
import { draftOf, type OurPart, reserveFor, termsOnWire } from './draft.js';
import {
  channelIdOf,
  endOpening,
  firstCommitments,
  hexId,
  liveState,
  paramsOf,
  signTheirFirst,
  watchFunding,
  withTheirSignature,
} from './live.js';
import {
  bothHave,
  encodeChannelType,
  faultInBalances,
  faultInTerms,
  LARGE_CHANNEL,
  sideOf,
} from './terms.js';

export interface OpenParams extends OurPart {
  readonly fundingAmount: Sat;
  readonly pushMsat: Msat;
  readonly feeratePerKw: number;
  readonly announce: boolean;
  readonly type: ChannelType;
  /** Confirmations that we wait for, where the peer asks for fewer. */
  readonly minimumDepth?: number;
}

/** What can be told at once to be wrong about an open: for people. */
export function refuseOpen(p: OpenParams): string | undefined {
  const large = bothHave(p.localFeatures, p.remoteFeatures, 'optionSupportLargeChannel');
  // BOLT 2, open_channel: from 2^24 satoshi on both must support large channels.
  if (p.fundingAmount >= LARGE_CHANNEL && !large) return 'the peer does not support large channels';
  // BOLT 2, open_channel: an announced channel is not of the scid_alias type.
  if (p.announce && p.type.scidAlias) return 'an announced channel cannot be of type scid_alias';
  return faultInBalances(
    p.fundingAmount,
    p.pushMsat,
    p.feeratePerKw,
    p.type.anchors,
    reserveFor(p.terms, p.fundingAmount),
  );
}

/** Sends open_channel. Ask `refuseOpen` first: what it names would be refused by the peer. */
export function openChannel(p: OpenParams, context: StepContext): Step {
  const turn = new Turn(context);
  const { fundingAmount, pushMsat, announce, type } = p;
  const asked = { fundingAmount, opener: 'local', type, announce, pushMsat } as const;
  const draft = draftOf(p, asked, context);
  const temporaryChannelId = context.entropy(32);
  turn.send({
    kind: 'openChannel',
    chainHash: context.chainHash,
    temporaryChannelId,
    fundingSatoshis: p.fundingAmount,
    pushMsat: p.pushMsat,
    feeratePerKw: p.feeratePerKw,
    channelFlags: p.announce ? 1 : 0,
    ...termsOnWire(draft, context),
  });
  const state: WaitForAccept = {
    kind: 'waitForAccept',
    temporaryChannelId,
    params: draft,
    policy: p.policy,
    feeratePerKw: p.feeratePerKw,
    localFeatures: p.localFeatures,
    remoteFeatures: p.remoteFeatures,
    bounds: p.bounds ?? DEFAULT_BOUNDS,
    minimumDepth: p.minimumDepth ?? 0,
  };
  return { state, effects: turn.effects };
}

function faultInAccept(s: WaitForAccept, m: MessageOf<'acceptChannel'>): string | undefined {
  const { params, bounds } = s;
  const type = m.tlvs.channelType;
  // BOLT 2, accept_channel: it repeats the channel_type of open_channel.
  if (type === undefined || !equal(type, encodeChannelType(params.type)))
    return 'accept_channel is not for the channel_type we asked for';
  // BOLT 2, accept_channel: each reserve is at least the other side's dust limit.
  if (m.channelReserveSatoshis < params.local.dustLimit)
    return 'channel_reserve_satoshis is below our dust limit';
  if (params.local.channelReserve < m.dustLimitSatoshis)
    return 'dust_limit_satoshis is above our channel_reserve_satoshis';
  // BOLT 2, accept_channel: a zeroconf channel needs no depth, and none an absurd one.
  if (params.type.zeroconf && m.minimumDepth !== 0) return 'zeroconf wants minimum_depth 0';
  if (m.minimumDepth > bounds.maxMinimumDepth)
    return `minimum_depth ${m.minimumDepth} exceeds ${bounds.maxMinimumDepth}`;
  const anySegwit = bothHave(s.localFeatures, s.remoteFeatures, 'optionShutdownAnysegwit');
  return (
    faultInTerms(sideOf(m), params.fundingAmount, bounds, anySegwit) ??
    faultInBalances(
      params.fundingAmount,
      params.pushMsat,
      s.feeratePerKw,
      params.type.anchors,
      m.channelReserveSatoshis,
    )
  );
}

/** accept_channel: with both funding keys known, the wallet can make the transaction. */
export function onAcceptChannel(
  s: WaitForAccept,
  m: MessageOf<'acceptChannel'>,
  turn: Turn,
): ChannelState {
  const fault = faultInAccept(s, m);
  if (fault !== undefined) return endOpening(s, fault, turn, true);
  const { bounds: _, minimumDepth, ...base } = s;
  const state: WaitForFunding = {
    ...base,
    kind: 'waitForFunding',
    remote: sideOf(m),
    // BOLT 2, channel_ready: not before the depth that the peer named.
    minimumDepth: Math.max(m.minimumDepth, minimumDepth),
    remotePoint: m.firstPerCommitmentPoint,
  };
  const scriptPubkey = channelFundingOutput(paramsOf(state, new Uint8Array(32), 0));
  turn.emit({ kind: 'fund', amount: s.params.fundingAmount, scriptPubkey });
  return state;
}

/** The wallet made the transaction: sign the peer's first commitment. */
export function onFunded(
  s: WaitForFunding,
  fundingTxid: Bytes,
  fundingVout: number,
  turn: Turn,
): ChannelState {
  const params = paramsOf(s, fundingTxid, fundingVout);
  const channelId = channelIdOf(fundingTxid, fundingVout);
  const first = firstCommitments(params, s.feeratePerKw, s.remotePoint);
  const signature = signTheirFirst(params, first, turn);
  turn.emit({ kind: 'channelIdAssigned', channelId: hexId(channelId) });
  turn.send({
    kind: 'fundingCreated',
    temporaryChannelId: s.temporaryChannelId,
    fundingTxid,
    fundingOutputIndex: fundingVout,
    signature,
  });
  return { ...s, kind: 'waitForFundingSigned', channelId, params };
}

/** funding_signed: our first commitment is signed, so our money cannot be held to ransom. */
export function onFundingSigned(
  s: WaitForFundingSigned,
  m: MessageOf<'fundingSigned'>,
  turn: Turn,
): ChannelState {
  const { params } = s;
  const first = firstCommitments(params, s.feeratePerKw, s.remotePoint);
  const commitments = withTheirSignature(params, first, m.signature, turn);
  // BOLT 2, funding_signed: no broadcast before a valid signature of our first commitment.
  if (commitments === undefined)
    return endOpening(s, 'invalid signature in funding_signed', turn, true);
  turn.persist();
  watchFunding(params, turn);
  turn.emit({ kind: 'broadcastFunding', txid: params.fundingTxid });
  return sendReadyIfDeep(liveState(s, s.channelId, params, commitments), turn);
}
