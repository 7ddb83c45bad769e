/** BOLT 2, "Channel Establishment v1", from the side that is asked. */
import { equal, type Sat } from '../../bytes/index.js';
import type { MessageOf } from '../../wire/index.js';
import { sendReadyIfDeep } from '../lockin.js';
import {
  type ChannelState,
  type ChannelType,
  DEFAULT_BOUNDS,
  type WaitForFundingCreated,
} from '../state.js';
import { Turn } from '../turn.js';
import type { Step, StepContext } from '../types.js';
import { draftOf, type OurPart, termsOnWire } from './draft.js';
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
  decodeChannelType,
  faultInBalances,
  faultInFeerate,
  faultInTerms,
  LARGE_CHANNEL,
  sideOf,
} from './terms.js';

type OpenChannelMessage = MessageOf<'openChannel'>;

/** All the satoshi that there will ever be. */
const MAX_MONEY = 2_100_000_000_000_000n;

const isAnnounced = (m: OpenChannelMessage): boolean => (m.channelFlags & 1) === 1;

export interface AcceptParams extends OurPart {
  /** The smallest channel we take. */
  readonly minFunding: Sat;
  /** Confirmations we ask for. */
  readonly minimumDepth: number;
  /** Take unconfirmed channels of this peer for good. */
  readonly trustZeroconf?: boolean;
}

/** The type that is asked for, where we can have it. */
function acceptableType(p: AcceptParams, m: OpenChannelMessage): ChannelType | string {
  const bytes = m.tlvs.channelType;
  // BOLT 2, open_channel: without a channel_type the channel fails.
  if (bytes === undefined) return 'open_channel without channel_type';
  const type = decodeChannelType(bytes);
  if (type === undefined) return 'channel_type is not a defined one';
  const { localFeatures, remoteFeatures } = p;
  if (type.anchors && !bothHave(localFeatures, remoteFeatures, 'optionAnchors'))
    return 'channel_type with anchors, which we did not agree on';
  // BOLT 2, open_channel: scid_alias is for channels that are not announced.
  if (type.scidAlias && isAnnounced(m)) return 'an announced channel cannot be of type scid_alias';
  // BOLT 2, open_channel: zeroconf only from those we trust not to spend the funding twice.
  if (type.zeroconf && p.trustZeroconf !== true) return 'zeroconf is not for you';
  return type;
}

function faultInOpen(
  p: AcceptParams,
  m: OpenChannelMessage,
  type: ChannelType,
  context: StepContext,
): string | undefined {
  const { localFeatures, remoteFeatures, terms } = p;
  // BOLT 2, open_channel: the chain is one we know.
  if (!equal(m.chainHash, context.chainHash)) return 'unknown chain_hash';
  // BOLT 2, open_channel: with option_dual_fund agreed on, the channel opens by version 2.
  if (bothHave(localFeatures, remoteFeatures, 'optionDualFund')) return 'use open_channel2';
  if (m.fundingSatoshis < p.minFunding)
    return `funding_satoshis ${m.fundingSatoshis} is below ${p.minFunding}`;
  if (m.fundingSatoshis > MAX_MONEY)
    return `funding_satoshis ${m.fundingSatoshis} is more than there is`;
  const large = bothHave(localFeatures, remoteFeatures, 'optionSupportLargeChannel');
  // BOLT 2, open_channel: from 2^24 satoshi on both must support large channels.
  if (m.fundingSatoshis >= LARGE_CHANNEL && !large) return 'large channels are not supported';
  // BOLT 2, accept_channel: our dust limit must not exceed the reserve we are asked to keep.
  if (terms.dustLimit > m.channelReserveSatoshis)
    return `channel_reserve_satoshis ${m.channelReserveSatoshis} is below our dust limit`;
  const anySegwit = bothHave(localFeatures, remoteFeatures, 'optionShutdownAnysegwit');
  const { fundingSatoshis, pushMsat, feeratePerKw } = m;
  return (
    faultInFeerate(feeratePerKw, type.anchors, context.fees) ??
    faultInTerms(sideOf(m), fundingSatoshis, p.bounds ?? DEFAULT_BOUNDS, anySegwit) ??
    faultInBalances(fundingSatoshis, pushMsat, feeratePerKw, type.anchors, m.channelReserveSatoshis)
  );
}

const askedBy = (m: OpenChannelMessage, type: ChannelType) => ({
  opener: 'remote' as const,
  fundingAmount: m.fundingSatoshis,
  pushMsat: m.pushMsat,
  announce: isAnnounced(m),
  type,
  remoteDust: m.dustLimitSatoshis,
});

/** Answers open_channel with accept_channel, or with an error and a closed state. */
export function acceptChannel(p: AcceptParams, m: OpenChannelMessage, context: StepContext): Step {
  const turn = new Turn(context);
  const { temporaryChannelId } = m;
  const type = acceptableType(p, m);
  const fault = typeof type === 'string' ? type : faultInOpen(p, m, type, context);
  if (fault !== undefined || typeof type === 'string') {
    const reason = fault ?? 'channel_type';
    turn.sendError(temporaryChannelId, reason);
    turn.emit({ kind: 'failed', reason }, { kind: 'forget', reason });
    const { key, peerId } = p;
    return {
      state: { kind: 'closed', channelId: temporaryChannelId, key, peerId, reason },
      effects: turn.effects,
    };
  }
  const draft = draftOf(p, askedBy(m, type), context);
  // BOLT 2, accept_channel: minimum_depth is 0 on a zeroconf channel.
  const minimumDepth = type.zeroconf ? 0 : p.minimumDepth;
  turn.send({
    kind: 'acceptChannel',
    temporaryChannelId,
    minimumDepth,
    ...termsOnWire(draft, context),
  });
  const state: WaitForFundingCreated = {
    kind: 'waitForFundingCreated',
    temporaryChannelId,
    params: draft,
    policy: p.policy,
    feeratePerKw: m.feeratePerKw,
    localFeatures: p.localFeatures,
    remoteFeatures: p.remoteFeatures,
    remote: sideOf(m),
    minimumDepth,
    remotePoint: m.firstPerCommitmentPoint,
  };
  return { state, effects: turn.effects };
}

/** funding_created: the peer's signature of our first commitment, and ours of the peer's. */
export function onFundingCreated(
  s: WaitForFundingCreated,
  m: MessageOf<'fundingCreated'>,
  turn: Turn,
): ChannelState {
  const params = paramsOf(s, m.fundingTxid, m.fundingOutputIndex);
  const channelId = channelIdOf(m.fundingTxid, m.fundingOutputIndex);
  const first = firstCommitments(params, s.feeratePerKw, s.remotePoint);
  const commitments = withTheirSignature(params, first, m.signature, turn);
  // BOLT 2, funding_created: an incorrect signature fails the channel.
  if (commitments === undefined)
    return endOpening(s, 'invalid signature in funding_created', turn, true);
  const signature = signTheirFirst(params, first, turn);
  turn.emit({ kind: 'channelIdAssigned', channelId: hexId(channelId) });
  turn.persist();
  watchFunding(params, turn);
  turn.send({ kind: 'fundingSigned', channelId, signature });
  return sendReadyIfDeep(liveState(s, channelId, params, commitments), turn);
}
