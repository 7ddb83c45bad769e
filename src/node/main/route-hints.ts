/** What an invoice tells of the ways to us, and what is told of them to who asked for it. */
import { hex, type Msat, type NodeId, type ShortChannelId } from '../../core/bytes/index.js';
import type { RouteHintHop } from '../../core/invoice/index.js';
import type { LiveChannel } from '../channels/index.js';

export interface Hints {
  readonly hints: readonly (readonly RouteHintHop[])[];
  readonly warnings: Readonly<Record<string, string>>;
}

/** `auto`: the private channels where there is no public one. */
export type Expose = 'auto' | 'all' | 'none' | readonly ShortChannelId[];

/**
 * BOLT 11, `r`: the channels by which a payer may come where gossip does not tell. `isDeadEnd`:
 * whether a peer has no channel but with us, so that nobody comes that way.
 */
export function routeHints(
  channels: readonly LiveChannel[],
  expose: Expose,
  amountMsat: Msat | undefined,
  isDeadEnd: (peer: NodeId) => boolean,
): Hints {
  const ready = channels.filter((c) => c.ready);
  const isPublic = (c: LiveChannel): boolean => !c.private && c.scid !== undefined;
  const wanted = (c: LiveChannel): boolean => {
    if (expose === 'none') return false;
    if (Array.isArray(expose)) return scidsOf(c).some((scid) => expose.includes(scid));
    if (isPublic(c)) return false;
    return expose === 'all' || !ready.some(isPublic);
  };
  const hints = ready.filter(wanted).flatMap((c) => {
    const hop = hintOf(c);
    return hop === undefined ? [] : [[hop]];
  });
  const told = ready.filter((c) => isPublic(c) || wanted(c));
  const untold = ready.filter((c) => !told.includes(c));
  const warnings = amountMsat === undefined ? {} : warningsFor(amountMsat, told, untold, isDeadEnd);
  return { hints, warnings };
}

const scidsOf = (c: LiveChannel): readonly ShortChannelId[] =>
  [c.scid, c.localAlias, c.remoteAlias].filter((s) => s !== undefined);

function hintOf(channel: LiveChannel): RouteHintHop | undefined {
  // BOLT 2, channel_ready: a route hint names the channel by the alias the peer gave us.
  const shortChannelId = channel.remoteAlias ?? channel.scid;
  const { peerPolicy } = channel;
  if (shortChannelId === undefined || peerPolicy === undefined) return undefined;
  return {
    nodeId: hex(channel.peerId),
    shortChannelId,
    feeBaseMsat: peerPolicy.feeBaseMsat,
    feeProportionalMillionths: peerPolicy.feeProportionalMillionths,
    cltvExpiryDelta: peerPolicy.cltvExpiryDelta,
  };
}

const receivable = (channels: readonly LiveChannel[]): bigint =>
  channels.reduce((sum, c) => sum + c.receivableMsat, 0n);

/** Why the invoice may not be paid: the first of Core Lightning's warnings that would help to know. */
function warningsFor(
  amountMsat: Msat,
  told: readonly LiveChannel[],
  untold: readonly LiveChannel[],
  isDeadEnd: (peer: NodeId) => boolean,
): Record<string, string> {
  const online = told.filter((c) => c.peerConnected);
  const alone = new Map(told.map((c) => [c.peerId, undefined as boolean | undefined]));
  const leadsOn = ({ peerId }: LiveChannel): boolean => {
    const known = alone.get(peerId) ?? isDeadEnd(peerId);
    alone.set(peerId, known);
    return !known;
  };
  const usable = online.filter(leadsOn);
  if (receivable(usable) >= amountMsat) {
    if (usable.some((c) => c.receivableMsat >= amountMsat)) return {};
    return { warning_mpp: 'The invoice is only payable by MPP-capable payers.' };
  }
  if (receivable(told.filter(leadsOn)) >= amountMsat)
    return {
      warning_offline: 'Insufficient incoming capacity, once offline peers were excluded',
    };
  if (receivable(told) >= amountMsat)
    return {
      warning_deadends: 'Insufficient incoming capacity, once dead-end peers were excluded',
    };
  if (receivable(told) + receivable(untold) >= amountMsat)
    return {
      warning_private_unused:
        'Insufficient incoming capacity, once private channels were excluded ' +
        '(try exposeprivatechannels=true?)',
    };
  return { warning_capacity: 'Insufficient incoming channel capacity to pay invoice' };
}
