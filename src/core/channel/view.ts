/** A channel in figures, for people, for the node's services and for the RPC. */
import {
  type ChannelId,
  type Msat,
  msat,
  type NodeId,
  type Sat,
  type ShortChannelId,
  satToMsat,
  toHex,
} from '../bytes/index.js';
import { balancesIn, feerateIn, trimThreshold } from './balances.js';
import { boundPolicy, isAnnounced } from './channel-update.js';
import { isReady, realScid } from './facts.js';
import { HTLC_STATES, type Htlc, type HtlcState } from './htlc.js';
import { largestAdd, offerBounds } from './limits.js';
import type { ChannelState, ChannelType, LiveState, RelayPolicy, Side, Tally } from './state.js';
import { channelStatus } from './status.js';
import type { ChannelStatus } from './types.js';

export interface HtlcView {
  readonly direction: 'in' | 'out';
  readonly id: bigint;
  readonly amountMsat: Msat;
  readonly cltvExpiry: number;
  /** Hex. */
  readonly paymentHash: string;
  readonly state: HtlcState;
  /** It has no output in our commitment. */
  readonly localTrimmed: boolean;
}

/** What one side asks of the other. */
export interface SideView {
  readonly dustLimit: Sat;
  /** What this side has to keep. */
  readonly reserve: Sat;
  readonly toSelfDelay: number;
  readonly htlcMinimum: Msat;
  readonly maxHtlcValueInFlight: Msat;
  readonly maxAcceptedHtlcs: number;
}

export interface ChannelView {
  readonly status: ChannelStatus;
  readonly channelId: ChannelId;
  readonly peerId: NodeId;
  /** Both sides have sent channel_ready, and nothing ends it. */
  readonly ready: boolean;
  /** Its peer is connected, and both have agreed on where they stand. */
  readonly online: boolean;
  /** The world knows it by `scid`. */
  readonly announced: boolean;
  readonly opener?: Side;
  readonly private: boolean;
  readonly type?: ChannelType;
  readonly totalMsat: Msat;
  /** Of the total, what is ours when all HTLCs that we offered have failed. */
  readonly toLocalMsat: Msat;
  /** What has gone through it, where that is known from the beginning on. */
  readonly tally?: Tally;
  /** Who began its end, where it has begun. */
  readonly closer?: Side;
  /** The largest HTLC that could be added now, by us and by the peer. */
  readonly spendableMsat: Msat;
  readonly receivableMsat: Msat;
  /** Internal byte order. */
  readonly fundingTxid?: Uint8Array;
  readonly fundingVout?: number;
  readonly fundingConfirmedAt?: number;
  readonly pushMsat: Msat;
  readonly minimumDepth?: number;
  readonly scid?: ShortChannelId;
  readonly localAlias?: ShortChannelId;
  readonly remoteAlias?: ShortChannelId;
  readonly local?: SideView;
  readonly remote?: SideView;
  readonly feeratePerKw?: number;
  /** As our channel_update says it. */
  readonly policy?: RelayPolicy;
  readonly htlcs: readonly HtlcView[];
  readonly closeScripts?: { readonly local?: Uint8Array; readonly remote?: Uint8Array };
  /** The close that both signed. */
  readonly closingTx?: Uint8Array;
  /** Why it failed or ended, where it did. */
  readonly reason?: string;
  /** Our state of it is old or lost: only the peer can close it. */
  readonly behind?: true;
}

export function channelView(s: ChannelState): ChannelView {
  switch (s.kind) {
    case 'live':
      return liveView(s);
    case 'closed':
      return {
        ...empty(s),
        peerId: toHex(s.peerId) as NodeId,
        channelId: toHex(s.channelId) as ChannelId,
        reason: s.reason,
      };
    default: {
      const { params, temporaryChannelId } = s;
      return {
        ...empty(s),
        peerId: toHex(params.peerId) as NodeId,
        channelId: toHex('channelId' in s ? s.channelId : temporaryChannelId) as ChannelId,
        opener: params.opener,
        private: !params.announce,
        type: params.type,
        totalMsat: satToMsat(params.fundingAmount),
        pushMsat: params.pushMsat,
        feeratePerKw: s.feeratePerKw,
        localAlias: params.localAlias,
      };
    }
  }
}

const ZERO = msat(0);

const empty = (s: ChannelState) => ({
  status: channelStatus(s),
  ready: false,
  online: false,
  announced: false,
  private: true,
  totalMsat: ZERO,
  toLocalMsat: ZERO,
  spendableMsat: ZERO,
  receivableMsat: ZERO,
  pushMsat: ZERO,
  htlcs: [],
});

function sideView(s: LiveState, side: Side): SideView {
  const { dustLimit, toSelfDelay, htlcMinimum, maxHtlcValueInFlight, maxAcceptedHtlcs } =
    s.params[side];
  const reserve = s.params[side === 'local' ? 'remote' : 'local'].channelReserve;
  return { dustLimit, reserve, toSelfDelay, htlcMinimum, maxHtlcValueInFlight, maxAcceptedHtlcs };
}

function htlcView(s: LiveState, htlc: Htlc): HtlcView {
  const { id, amountMsat, cltvExpiry, paymentHash, state } = htlc;
  const by = HTLC_STATES[state].offeredBy;
  const feerate = feerateIn(s.commitments.fees, 'local');
  return {
    direction: by === 'local' ? 'out' : 'in',
    id,
    amountMsat,
    cltvExpiry,
    paymentHash: toHex(paymentHash),
    state,
    localTrimmed: amountMsat < trimThreshold(s.params, 'local', by, feerate) * 1000n,
  };
}

/** What `addHtlc` of that side would let pass at most; 0 outside of normal operation. */
export function largestHtlc(s: LiveState, sender: Side): Msat {
  if (channelStatus(s) !== 'CHANNELD_NORMAL') return ZERO;
  return largestAdd(offerBounds(s.params, s.commitments, sender));
}

/** Our balance where every HTLC that is not fulfilled yet fails. */
function toLocal(s: LiveState): Msat {
  let ours: bigint = balancesIn(s.commitments, 'local').local;
  for (const { state, amountMsat } of s.commitments.htlcs) {
    const { offeredBy, presence } = HTLC_STATES[state];
    if (offeredBy === 'local' && presence.local === 'in') ours += amountMsat;
  }
  return msat(ours);
}

/** As far as it is known: a spend of the funding output that comes of itself is the peer's. */
function closerOf({ shutdown, failure, spent }: LiveState): { closer?: Side } {
  if (shutdown.closer !== undefined) return { closer: shutdown.closer };
  if (failure !== undefined) return { closer: failure.sentError ? 'local' : 'remote' };
  const asked = shutdown.localScript !== undefined || shutdown.remoteScript !== undefined;
  return spent === undefined || asked ? {} : { closer: 'remote' };
}

function liveView(s: LiveState): ChannelView {
  const { params, commitments, lockin, shutdown, failure } = s;
  const { localScript, remoteScript, tx } = shutdown;
  const status = channelStatus(s);
  const scid = realScid(s);
  return {
    status,
    channelId: toHex(s.channelId) as ChannelId,
    peerId: toHex(params.peerId) as NodeId,
    ready: isReady(s) && status === 'CHANNELD_NORMAL',
    online: s.link.kind === 'online',
    announced: isAnnounced(s),
    opener: params.opener,
    private: !params.announce,
    type: params.type,
    totalMsat: satToMsat(params.fundingAmount),
    toLocalMsat: toLocal(s),
    ...(commitments.tally === undefined ? {} : { tally: commitments.tally }),
    ...closerOf(s),
    spendableMsat: largestHtlc(s, 'local'),
    receivableMsat: largestHtlc(s, 'remote'),
    fundingTxid: params.fundingTxid,
    fundingVout: params.fundingVout,
    ...(lockin.confirmed === undefined ? {} : { fundingConfirmedAt: lockin.confirmed.height }),
    pushMsat: params.pushMsat,
    minimumDepth: params.minimumDepth,
    ...(scid === undefined ? {} : { scid }),
    localAlias: params.localAlias,
    ...(lockin.remoteAlias === undefined ? {} : { remoteAlias: lockin.remoteAlias }),
    local: sideView(s, 'local'),
    remote: sideView(s, 'remote'),
    feeratePerKw: feerateIn(commitments.fees, 'local'),
    policy: boundPolicy(s),
    htlcs: commitments.htlcs.map((htlc) => htlcView(s, htlc)),
    closeScripts: {
      ...(localScript === undefined ? {} : { local: localScript }),
      ...(remoteScript === undefined ? {} : { remote: remoteScript }),
    },
    ...(tx === undefined ? {} : { closingTx: tx }),
    ...(failure === undefined ? {} : { reason: failure.reason }),
    ...(failure?.behind === true ? { behind: true } : {}),
  };
}
