/** A route as a caller gives it, checked and completed. */
import {
  err,
  fromHex,
  type NodeId,
  ok,
  type Result,
  scidToString,
} from '../../core/bytes/index.js';
import { isValidPublicKey } from '../../core/crypto/index.js';
import type { ChannelDirection, Direction, RouteHop } from '../../core/routing/index.js';
import type { PaymentsDeps, SendpayError, SendpayHop } from './types.js';

type RouteError = SendpayError & { code: 'bad_parameter' };

const bad = (field: string, reason: string) =>
  err<RouteError>({ code: 'bad_parameter', field, reason });

/** 0 where the channel leads from the lesser node id to the greater (BOLT 7). */
export const directionOf = (from: NodeId, to: NodeId): Direction => (from < to ? 0 : 1);

/** Contract, sendpay: a malformed route is refused with the name of the field. */
export function checkRoute(
  us: NodeId,
  hops: readonly SendpayHop[],
  channelBetween: PaymentsDeps['channelBetween'],
): Result<RouteHop[], RouteError> {
  if (hops.length === 0) return bad('route', 'it has no hops');
  const out: RouteHop[] = [];
  let from = us;
  for (const [i, hop] of hops.entries()) {
    const field = (name: string) => `route[${i}].${name}`;
    const key = fromHex(hop.id);
    if (key === undefined || !isValidPublicKey(key)) return bad(field('id'), 'it is no node id');
    if (hop.id === from) return bad(field('id'), 'it is the node before it');
    if (hop.amountMsat <= 0n) return bad(field('amount_msat'), 'it must be above zero');
    const before = out[i - 1];
    if (before !== undefined && hop.amountMsat > before.amountMsat)
      return bad(field('amount_msat'), 'it is more than what arrives one hop earlier');
    if (before !== undefined && hop.delay > before.delay)
      return bad(field('delay'), 'it is more than the delay one hop earlier');
    const channel = channelOf(from, hop, channelBetween);
    if (channel === undefined)
      return bad(field('channel'), 'it is not given, and no channel between the nodes is known');
    if (hop.direction !== undefined && hop.direction !== channel.direction)
      return bad(
        field('direction'),
        `${scidToString(channel.scid)} goes to ${hop.id} in direction ${channel.direction}`,
      );
    const { id, amountMsat, delay } = hop;
    out.push({ id, channel: channel.scid, direction: channel.direction, amountMsat, delay });
    from = id;
  }
  return ok(out);
}

function channelOf(
  from: NodeId,
  hop: SendpayHop,
  channelBetween: PaymentsDeps['channelBetween'],
): ChannelDirection | undefined {
  if (hop.channel !== undefined) return { scid: hop.channel, direction: directionOf(from, hop.id) };
  return channelBetween(from, hop.id, hop.amountMsat);
}
