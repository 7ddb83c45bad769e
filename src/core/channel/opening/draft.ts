/** Our part of a channel that is being agreed on, the same for who opens it and who is asked. */
import { type Bytes, EMPTY, type Sat, type ShortChannelId, sat } from '../../bytes/index.js';
import {
  type ChannelLimits,
  type ChannelType,
  DEFAULT_LIMITS,
  type Draft,
  type RelayPolicy,
  type TermBounds,
} from '../state.js';
import type { StepContext } from '../types.js';
import { encodeChannelType, type LocalTerms } from './terms.js';

/** What the node brings into an opening, whoever asks for it. */
export interface OurPart {
  /** The number that names the channel's keys to the signer; never used before. */
  readonly key: number;
  readonly peerId: Bytes;
  /** The features in our init and in the peer's. */
  readonly localFeatures: Bytes;
  readonly remoteFeatures: Bytes;
  readonly terms: LocalTerms;
  readonly bounds?: TermBounds;
  readonly limits?: ChannelLimits;
  readonly policy: RelayPolicy;
  /** Random, and not in use on this node. */
  readonly localAlias: ShortChannelId;
  /** Where our part is paid to at a mutual close. */
  readonly shutdownScript: Bytes;
  /** Bind ourselves to `shutdownScript` in advance. */
  readonly upfront?: boolean;
}

/** 1 % of the channel, as BOLT 2 suggests, and no less than either dust limit. */
export function reserveFor(terms: LocalTerms, funding: Sat, remoteDust = sat(0)): Sat {
  const wanted = terms.channelReserve ?? sat(funding / 100n);
  const least = terms.dustLimit > remoteDust ? terms.dustLimit : remoteDust;
  return wanted > least ? wanted : least;
}

/** What open_channel says of the channel itself. */
type Asked = Pick<Draft, 'opener' | 'fundingAmount' | 'pushMsat' | 'announce'> & {
  readonly type: ChannelType;
  /** The opener's, where it is known. */
  readonly remoteDust?: Sat;
};

export function draftOf(p: OurPart, asked: Asked, context: StepContext): Draft {
  const { remoteDust, ...channel } = asked;
  const { terms } = p;
  return {
    key: p.key,
    peerId: p.peerId,
    format: asked.type.anchors ? 'anchors' : 'staticRemotekey',
    ...channel,
    local: {
      points: context.signer.channelPoints(p.key),
      dustLimit: terms.dustLimit,
      toSelfDelay: terms.toSelfDelay,
      maxHtlcValueInFlight: terms.maxHtlcValueInFlight,
      // BOLT 2, accept_channel: our reserve is no less than the opener's dust limit.
      channelReserve: reserveFor(terms, asked.fundingAmount, remoteDust),
      htlcMinimum: terms.htlcMinimum,
      maxAcceptedHtlcs: terms.maxAcceptedHtlcs,
      ...(p.upfront === true ? { upfrontShutdownScript: p.shutdownScript } : {}),
    },
    limits: p.limits ?? DEFAULT_LIMITS,
    shutdownScript: p.shutdownScript,
    localAlias: p.localAlias,
    openedAt: context.height,
  };
}

/** What open_channel and accept_channel say alike. */
export function termsOnWire(draft: Draft, context: StepContext) {
  const { local } = draft;
  return {
    dustLimitSatoshis: local.dustLimit,
    maxHtlcValueInFlightMsat: local.maxHtlcValueInFlight,
    channelReserveSatoshis: local.channelReserve,
    htlcMinimumMsat: local.htlcMinimum,
    toSelfDelay: local.toSelfDelay,
    maxAcceptedHtlcs: local.maxAcceptedHtlcs,
    ...local.points,
    firstPerCommitmentPoint: context.signer.perCommitmentPoint(draft.key, 0n),
    tlvs: {
      // BOLT 2, open_channel: present in any case, empty where we do not bind ourselves.
      upfrontShutdownScript: local.upfrontShutdownScript ?? EMPTY,
      channelType: encodeChannelType(draft.type),
    },
  };
}
