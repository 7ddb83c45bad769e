/** A channel_update that came inside a failure: it serves our own payments, and is not relayed. */
import { type Bytes, equal } from '../../core/bytes/index.js';
import { sha256d, verify } from '../../core/crypto/index.js';
import { type Policy, policyOf } from '../../core/gossip/index.js';
import { feeOf, type Lesson, type RouteTable } from '../../core/routing/index.js';
import { decodeMessage, type MessageOf, signedPart } from '../../core/wire/index.js';

type UpdateLesson = Lesson & { kind: 'channelUpdate' };

/**
 * `explains`: the update is the channel's, well signed, not older than what we have, and the HTLC
 * as sent broke it; the graph has it now. Also where gossip was first: today's nodes leave the
 * update out of their failures, and the HTLC broke the policy that we have learned meanwhile.
 * `silent`: there is none, or it explains nothing.
 */
export function takeUpdate(
  table: RouteTable,
  lesson: UpdateLesson,
  chainHash: Bytes,
  now: number,
): 'explains' | 'silent' {
  const c = table.graph.channel(lesson.scid);
  if (c < 0) return 'silent';
  if (takeEnclosed(table, lesson, c, chainHash, now)) return 'explains';
  const known = table.graph.policy(2 * c + lesson.direction);
  return known !== undefined && breaks(lesson, known) ? 'explains' : 'silent';
}

function takeEnclosed(
  table: RouteTable,
  lesson: UpdateLesson,
  c: number,
  chainHash: Bytes,
  now: number,
): boolean {
  const update = lesson.update === undefined ? undefined : parse(lesson.update);
  if (update === undefined) return false;
  const direction = (update.channelFlags & 1) as 0 | 1;
  if (
    update.shortChannelId !== lesson.scid ||
    direction !== lesson.direction ||
    !equal(update.chainHash, chainHash)
  )
    return false;
  const policy = policyOf(update);
  const known = table.graph.policy(2 * c + direction);
  if (known !== undefined && policy.timestamp < known.timestamp) return false;
  if (!breaks(lesson, policy)) return false;
  const signer = table.graph.nodeId(table.graph.source[2 * c + direction] as number);
  if (!verify(update.signature, sha256d(signedPart(update)), signer)) return false;
  table.setPolicy(c, direction, policy, now);
  return true;
}

/** BOLT 4: some nodes leave the type in front of the message out. */
function parse(bytes: Bytes): MessageOf<'channelUpdate'> | undefined {
  const typed = bytes[0] === 1 && bytes[1] === 2 ? bytes : Uint8Array.of(1, 2, ...bytes);
  const decoded = decodeMessage(typed);
  return decoded.ok && decoded.value.kind === 'channelUpdate' ? decoded.value : undefined;
}

/** Whether the HTLC that failed broke the policy in the way that the failure names. */
function breaks(lesson: UpdateLesson, policy: Policy): boolean {
  const amount = Number(lesson.amountMsat);
  switch (lesson.reason) {
    case 'fee_insufficient':
      return (
        Number(lesson.feeMsat) < feeOf(policy.feeBaseMsat, policy.feeProportionalMillionths, amount)
      );
    case 'incorrect_cltv_expiry':
      return lesson.cltvDelta < policy.cltvDelta;
    case 'amount_below_minimum':
      return amount < policy.htlcMinimumMsat;
    case 'channel_disabled':
      return !policy.enabled;
    default:
      return !policy.enabled || amount > policy.htlcMaximumMsat;
  }
}
