/** Our terms for relaying over a channel: how they change, and which ones payers may go by. */
import { err, type Msat, type NodeId, ok, type Result, toHex } from '../../core/bytes/index.js';
import { type ChannelError, largestHtlc, type RelayPolicy } from '../../core/channel/index.js';
import type { NextHop } from '../../core/onion/index.js';
import type { Entry, Registry } from './registry.js';
import type { Outgoing } from './switch.js';

/** Where an HTLC that is relayed goes out; nothing where there is no such channel. */
export function outgoingTo(
  registry: Registry,
  next: NextHop,
  amountMsat: Msat,
  now: number,
): Outgoing | undefined {
  const entry =
    next.kind === 'channel'
      ? registry.byScid(next.shortChannelId)
      : roomyEntry(registry, toHex(next.nodeId) as NodeId, amountMsat);
  if (entry === undefined || entry.runner.state.kind !== 'live') return undefined;
  const { earlier } = entry;
  const { policy } = entry.runner.state.relay;
  return {
    channelId: entry.id,
    policy,
    ...(earlier !== undefined && now < earlier.until && { earlier: earlier.policy }),
    channelUpdate: entry.update,
  };
}

/** A channel with the peer that can carry the amount; where none can, one that says why. */
export function roomyEntry(registry: Registry, peer: NodeId, amountMsat: Msat): Entry | undefined {
  const live = registry.of(peer).filter(({ runner }) => runner.state.kind === 'live');
  // Where there is no choice, the channel itself says whether it can.
  if (live.length < 2) return live[0];
  const roomy = live.find(
    ({ runner: { state } }) => state.kind === 'live' && largestHtlc(state, 'local') >= amountMsat,
  );
  return roomy ?? live[0];
}

/**
 * Changes the terms. Whoever has not heard of it may pay by those of before until `until`,
 * milliseconds since the epoch; of several changes the terms before the last one count.
 */
export async function setRelayTerms(
  entry: Entry,
  policy: Partial<RelayPolicy>,
  until: number,
  ref: number,
): Promise<Result<void, ChannelError>> {
  const { state } = entry.runner;
  const command = { kind: 'setPolicy', ref, policy } as const;
  const result = await entry.runner.command({ kind: 'command', command });
  if (!result.ok) return err(result.error);
  if (state.kind === 'live') entry.earlier = { policy: state.relay.policy, until };
  return ok(undefined);
}
