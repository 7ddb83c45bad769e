/** Constraints by name, and as `listconstraints` prints them. */
import { type NodeId, type ShortChannelId, scidFromString, scidToString } from '../bytes/index.js';
import type { Constraint, ConstraintJson, Direction } from './lessons.js';

/** A channel in one direction, as `103x1x0/1`; a node goes by its id. */
export const channelKey = (scid: ShortChannelId, direction: Direction): string =>
  `${scidToString(scid)}/${direction}`;

/** The key of a constraint. */
export const keyOf = (subject: Constraint['subject']): string =>
  'channel' in subject
    ? channelKey(subject.channel.scid, subject.channel.direction)
    : subject.nodeId;

/** What a key names. */
export function parseKey(key: string): Constraint['subject'] | undefined {
  const slash = key.indexOf('/');
  if (slash < 0) return /^[0-9a-f]{66}$/.test(key) ? { nodeId: key as NodeId } : undefined;
  const scid = scidFromString(key.slice(0, slash));
  const direction = key.slice(slash + 1);
  if (scid === undefined || (direction !== '0' && direction !== '1')) return undefined;
  return { channel: { scid, direction: direction === '0' ? 0 : 1 } };
}

/** A constraint as `listconstraints` prints it. */
export function constraintJson(constraint: Constraint): ConstraintJson {
  const { subject, minimumMsat, maximumMsat, unusable, blame, timestamp } = constraint;
  return {
    ...('channel' in subject
      ? { short_channel_id_dir: channelKey(subject.channel.scid, subject.channel.direction) }
      : { node_id: subject.nodeId }),
    ...(minimumMsat === undefined ? {} : { minimum_msat: minimumMsat }),
    ...(maximumMsat === undefined ? {} : { maximum_msat: maximumMsat }),
    ...(unusable === undefined
      ? {}
      : { usable: false as const, until: unusable.until, reason: unusable.reason }),
    ...(blame === undefined ? {} : { blame_ppm: Math.round(blame * 1e6) }),
    timestamp,
  };
}
