/** Stored rows back into the graph: they were checked when they came. */
import {
  type BlockHeight,
  type ShortChannelId,
  scidFromString,
  scidParts,
  toHex,
} from '../bytes/index.js';
import {
  decodeMessage,
  type Message,
  type UnknownMessage,
  unknownRequired,
} from '../wire/index.js';
import type { Outpoints } from './outpoints.js';
import { directionOf, policyOf, updateChecksum } from './stored.js';
import type { GossipOptions, StoredGossip, Topology } from './types.js';

interface RestoreDeps {
  readonly options: GossipOptions;
  readonly topology: Topology;
  readonly outpoints: Outpoints;
  readonly spentAt: Map<ShortChannelId, BlockHeight>;
}

/**
 * Channels first, whatever the order of the rows: updates and nodes need them. Answers the rows
 * whose channel or node is not in the graph.
 */
export function restoreRows(
  rows: readonly StoredGossip[],
  now: number,
  deps: RestoreDeps,
): StoredGossip[] {
  return ['c:', 'u:', 'n:'].flatMap((prefix) =>
    rows.filter((row) => row.key.startsWith(prefix) && !restoreRow(row, now, deps)),
  );
}

/** Whether it had its place. */
function restoreRow(row: StoredGossip, now: number, deps: RestoreDeps): boolean {
  const { topology, spentAt } = deps;
  const { graph } = topology;
  if (row.message.length === 0) {
    const scid = row.key.startsWith('c:') ? scidFromString(row.key.slice(2)) : undefined;
    if (scid === undefined) return true;
    const c = graph.channel(scid);
    spentAt.delete(scid);
    if (c < 0) return true;
    deps.outpoints.remove(c);
    topology.removeChannel(c);
    return true;
  }
  const decoded = decodeMessage(row.message);
  return !decoded.ok || restoreMessage(decoded.value, row, now, deps);
}

function restoreMessage(
  message: Message | UnknownMessage,
  row: StoredGossip,
  now: number,
  { options, topology, outpoints, spentAt }: RestoreDeps,
): boolean {
  const { graph } = topology;
  const routable = (features: Uint8Array): boolean =>
    unknownRequired(features, options.features).length === 0;
  switch (message.kind) {
    case 'channelAnnouncement': {
      const scid = message.shortChannelId;
      const c = topology.addChannel({
        scid,
        node1: message.nodeId1,
        node2: message.nodeId2,
        capacityMsat: row.amountSat * 1000,
      });
      if (!routable(message.features)) graph.setChannelRoutable(c, false);
      graph.setFeatures(c, toHex(message.features));
      if (row.fundingTxid !== undefined) outpoints.add(c, row.fundingTxid, scidParts(scid).output);
      if (row.timestamp > 0) spentAt.set(scid, row.timestamp);
      else spentAt.delete(scid);
      return true;
    }
    case 'channelUpdate': {
      const c = graph.channel(message.shortChannelId);
      if (c < 0) return false;
      const direction = directionOf(message);
      topology.setPolicy(c, direction, policyOf(message), now);
      graph.checksum[2 * c + direction] = updateChecksum(row.message);
      return true;
    }
    case 'nodeAnnouncement': {
      const n = graph.node(message.nodeId);
      if (n < 0) return false;
      graph.nodeTimestamp[n] = message.timestamp;
      if (!routable(message.features)) graph.setNodeRoutable(n, false);
      return true;
    }
    default:
      return true;
  }
}
