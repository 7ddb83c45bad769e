import { type Bytes, type NodeId, utf8 } from '../../core/bytes/index.js';
import { type ChannelInput, channelIdOf, hexId } from '../../core/channel/index.js';
import type { Message } from '../../core/wire/index.js';
import type { Opening } from './opening.js';
import type { Entry, Registry } from './registry.js';
import type { ChannelPeers } from './types.js';

interface Deps {
  readonly registry: Registry;
  readonly opening: Opening;
  readonly peers: ChannelPeers;
}

/**
 * Gives a message of a peer to the channel that it is about. The promise resolves when its effects
 * are carried out; nothing to wait for where there is none.
 */
export function deliver(
  nodeId: NodeId,
  message: Message,
  { registry, opening, peers }: Deps,
): Promise<void> | undefined {
  switch (message.kind) {
    case 'openChannel': {
      const peer = peers.connected(nodeId);
      return peer === undefined ? undefined : opening.accept(peer, message);
    }
    case 'error':
    case 'warning': {
      const { channelId } = message;
      const one = registry.find(nodeId, channelId);
      // BOLT 1: channel_id zero speaks of all channels with this peer.
      const meant = channelId.every((b) => b === 0) ? registry.of(nodeId) : one ? [one] : [];
      for (const { runner } of meant) runner.submit({ kind: 'message', message });
      return undefined;
    }
    default: {
      const id = idIn(message);
      if (id === undefined) return undefined;
      const entry = registry.find(nodeId, id);
      if (entry === undefined) {
        // BOLT 1: an error for a channel that we do not know lets the peer go on without it.
        peers.send(nodeId, { kind: 'error', channelId: id, data: utf8('unknown channel') });
        return undefined;
      }
      entry.runner.submit(inputOf(entry, message, registry));
      return entry.runner.flushed();
    }
  }
}

const TAKEN = 'the funding output is that of another channel';

/**
 * A funding output is one channel's, whoever names it again: what spends it, and what its peer says,
 * would not reach the first any more.
 */
function inputOf(entry: Entry, message: Message, registry: Registry): ChannelInput {
  // Only of a channel that the peer opens: any other has its output, and the peer no say in that.
  const names = entry.runner.state.kind === 'waitForFundingCreated';
  if (message.kind !== 'fundingCreated' || !names) return { kind: 'message', message };
  const id = hexId(channelIdOf(message.fundingTxid, message.fundingOutputIndex));
  if (registry.claim(entry, id)) return { kind: 'message', message };
  return { kind: 'command', command: { kind: 'abandonOpening', reason: TAKEN } };
}

function idIn(message: Message): Bytes | undefined {
  if ('channelId' in message) return message.channelId;
  return 'temporaryChannelId' in message ? message.temporaryChannelId : undefined;
}
