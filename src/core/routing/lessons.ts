/**
 * What a payment teaches the route table (docs/contract.md, "What failures teach"): `payment`
 * makes lessons of a failure or a success; `knowledge` keeps what they say.
 */
import type { Bytes, Msat, NodeId } from '../bytes/index.js';
import type { ChannelDirection } from '../gossip/index.js';

export type { ChannelDirection, Direction } from '../gossip/index.js';

export type Lesson =
  /** The channel could not carry this amount: it has less. */
  | ({ readonly kind: 'upperBound'; readonly amountMsat: Msat } & ChannelDirection)
  /** The channel could carry this amount, and has it still. */
  | ({ readonly kind: 'lowerBound'; readonly amountMsat: Msat } & ChannelDirection)
  /** The channel carried this amount, so that it now lies on the other side. */
  | ({ readonly kind: 'succeeded'; readonly amountMsat: Msat } & ChannelDirection)
  /** Not to be used for a while, or until a fresh channel_update (or a reconnection, if ours). */
  | ({
      readonly kind: 'channelUnusable';
      readonly lasts: 'a_while' | 'until_update';
      readonly reason: string;
    } & ChannelDirection)
  | {
      readonly kind: 'nodeUnusable';
      readonly nodeId: NodeId;
      readonly lasts: 'a_while' | 'until_update';
      readonly reason: string;
    }
  /**
   * The erring node says that our HTLC broke its policy. The enclosed update is verified and used
   * for our own payments; where there is none, or the HTLC as sent already kept to it, the lesson
   * is `channelUnusable` for a while.
   */
  | ({
      readonly kind: 'channelUpdate';
      /** The channel_update with its type, as BOLT 4 encloses it; nothing where it was left out. */
      readonly update: Bytes | undefined;
      readonly reason: string;
      /** What the channel was to carry on, and what the erring node was given for it. */
      readonly amountMsat: Msat;
      readonly feeMsat: Msat;
      readonly cltvDelta: number;
    } & ChannelDirection)
  /** One of these channels or their nodes is at fault, nobody knows which. */
  | {
      readonly kind: 'sharedBlame';
      readonly channels: readonly ChannelDirection[];
      readonly reason: string;
    }
  /** Our peer reconnected or a fresh channel_update came: a "not usable" is lifted. */
  | ({ readonly kind: 'channelUsable' } & ChannelDirection)
  | { readonly kind: 'nodeUsable'; readonly nodeId: NodeId };

/** One hop of a route that was tried, in route order; the first is our own channel. */
export interface TriedHop extends ChannelDirection {
  /** The node at the far end of the channel. */
  readonly nodeId: NodeId;
  /** What the channel carried or was to carry. */
  readonly amountMsat: Msat;
  /** The cumulative `delay` of getroute at this hop. */
  readonly delay: number;
}

export interface RouteFailure {
  /** 0: this node; n: the node at the far end of hop n-1. */
  readonly erringIndex: number;
  readonly failcode: number;
  /** The enclosed channel_update, where the failure has one. */
  readonly channelUpdate?: Bytes;
}

/** BOLT 4, "Failure Messages": the flags in front of a code. */
const BADONION = 0x8000;
const PERM = 0x4000;
const NODE = 0x2000;
const UPDATE = 0x1000;

/**
 * What a failure teaches, by the contract's table. The final node's errors teach nothing.
 * Our own refusal (`erringIndex` 0) is known from the channel itself and teaches nothing either.
 */
export function lessonsOfFailure(hops: readonly TriedHop[], failure: RouteFailure): Lesson[] {
  const { erringIndex, failcode } = failure;
  // BOLT 4: a node that cannot read the onion is named by its predecessor; both may be at fault.
  if ((failcode & BADONION) !== 0) return lessonsOfUnreadable(hops, erringIndex, 'invalid_onion');
  if (erringIndex >= hops.length || erringIndex < 1) return [];
  const out = hops[erringIndex] as TriedHop;
  const into = hops[erringIndex - 1] as TriedHop;
  const outgoing: ChannelDirection = { scid: out.scid, direction: out.direction };
  const unusable = (reason: string, lasts: 'a_while' | 'until_update'): Lesson[] => [
    { kind: 'channelUnusable', ...outgoing, lasts, reason },
  ];
  const reason = failureReason(failcode);
  const policy = (): Lesson[] => [
    {
      kind: 'channelUpdate',
      ...outgoing,
      update: failure.channelUpdate,
      reason,
      amountMsat: out.amountMsat,
      feeMsat: (into.amountMsat - out.amountMsat) as Msat,
      cltvDelta: into.delay - out.delay,
    },
  ];
  switch (failcode) {
    case UPDATE | 7: {
      const lessons: Lesson[] = [{ kind: 'upperBound', ...outgoing, amountMsat: out.amountMsat }];
      for (const { scid, direction, amountMsat } of hops.slice(0, erringIndex))
        lessons.push({ kind: 'lowerBound', scid, direction, amountMsat });
      return lessons;
    }
    case PERM | 8:
    case PERM | 9:
    case PERM | 10:
      return unusable(reason, 'until_update');
    case NODE | 2:
      return [{ kind: 'nodeUnusable', nodeId: into.nodeId, lasts: 'a_while', reason }];
    case PERM | NODE | 2:
    case PERM | NODE | 3:
      return [{ kind: 'nodeUnusable', nodeId: into.nodeId, lasts: 'until_update', reason }];
    case UPDATE | 11:
    case UPDATE | 12:
    case UPDATE | 13:
    case UPDATE | 14:
    case UPDATE | 20:
      return policy();
    // BOLT 4: the payload we made for it, or what it read of it; whoever stands beside it may err.
    case PERM | 22:
      return lessonsOfUnreadable(hops, erringIndex, reason);
    default:
      if ((failcode & UPDATE) !== 0) return policy();
      if ((failcode & NODE) !== 0)
        return [{ kind: 'nodeUnusable', nodeId: into.nodeId, lasts: 'a_while', reason }];
      return unusable(reason, 'a_while');
  }
}

/**
 * An unreadable reply, or a node that could not read our onion: the blame is shared by the
 * channels that could have caused it. `near`: the index of the node that named the fault, where
 * one did; then only its own side and its next hop can be at fault.
 */
export function lessonsOfUnreadable(
  hops: readonly TriedHop[],
  near?: number,
  reason = 'unreadable_reply',
): Lesson[] {
  // Our own channel and the final one: the first is our own link, an honest payee errs readably,
  // yet it may still be the payee that cannot. Only channels past our own peer are blamed.
  const from = near === undefined ? 1 : Math.max(1, near - 1);
  const to = near === undefined ? hops.length : Math.min(hops.length, near + 1);
  const channels = hops.slice(from, to).map(({ scid, direction }) => ({ scid, direction }));
  return channels.length === 0 ? [] : [{ kind: 'sharedBlame', channels, reason }];
}

/** A success moves the amount to the other side of every channel along the route. */
export function lessonsOfSuccess(hops: readonly TriedHop[]): Lesson[] {
  return hops.map(({ scid, direction, amountMsat }) => ({
    kind: 'succeeded',
    scid,
    direction,
    amountMsat,
  }));
}

const REASONS: Readonly<Record<number, string>> = {
  [NODE | 2]: 'temporary_node_failure',
  [PERM | NODE | 2]: 'permanent_node_failure',
  [PERM | NODE | 3]: 'required_node_feature_missing',
  [UPDATE | 7]: 'temporary_channel_failure',
  [PERM | 8]: 'permanent_channel_failure',
  [PERM | 9]: 'required_channel_feature_missing',
  [PERM | 10]: 'unknown_next_peer',
  [UPDATE | 11]: 'amount_below_minimum',
  [UPDATE | 12]: 'fee_insufficient',
  [UPDATE | 13]: 'incorrect_cltv_expiry',
  [UPDATE | 14]: 'expiry_too_soon',
  [UPDATE | 20]: 'channel_disabled',
  21: 'expiry_too_far',
  [PERM | 22]: 'invalid_onion_payload',
};

const failureReason = (failcode: number): string =>
  REASONS[failcode] ?? `failcode ${failcode.toString(16)}`;

/** What is known now about one channel in one direction, or about a node, with fading applied. */
export interface Constraint {
  readonly subject: { readonly channel: ChannelDirection } | { readonly nodeId: NodeId };
  /** At least this much can pass (only above zero). */
  readonly minimumMsat?: Msat;
  /** At most this much can pass. */
  readonly maximumMsat?: Msat;
  readonly unusable?: { readonly until: number | 'update'; readonly reason: string };
  /** The chance that this channel is at fault for an error nobody owned up to, 0 to 1. */
  readonly blame?: number;
  /** Seconds since the epoch: when the newest of it was learned. */
  readonly timestamp: number;
}

/** A constraint as `listconstraints` prints it, and as `learned` in an error's data. */
export interface ConstraintJson {
  readonly short_channel_id_dir?: string;
  readonly node_id?: string;
  readonly minimum_msat?: bigint;
  readonly maximum_msat?: bigint;
  readonly usable?: false;
  readonly until?: number | 'update';
  readonly reason?: string;
  readonly blame_ppm?: number;
  readonly timestamp: number;
}
