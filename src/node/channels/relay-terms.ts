/** Our terms for relaying over a channel: how they change, and which ones payers may go by. */
import { err, ok, type Result } from '../../core/bytes/index.js';
import type { ChannelError, RelayPolicy } from '../../core/channel/index.js';
import type { Entry } from './registry.js';
import type { Outgoing } from './switch.js';

/** The channel for an HTLC that is relayed; nothing where it has not yet been funded. */
export function outgoingOver(entry: Entry | undefined, now: number): Outgoing | undefined {
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
