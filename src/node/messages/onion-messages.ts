import { type Bytes, type NodeId, type ShortChannelId, toHex } from '../../core/bytes/index.js';
import { type NextHop, readOnionMessage } from '../../core/onion/index.js';
import { hasFeature, type MessageOf } from '../../core/wire/index.js';
import type { Clock, Logger } from '../../ports/index.js';
import { Bucket, type PeerInfo } from '../peers/index.js';

export interface OnionMessagesOptions {
  /** Messages that one peer may send at once, and a second after that; more are dropped. */
  readonly burst: number;
  readonly perSecond: number;
}

export interface OnionMessagesDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Our node's key, as `Signer.ecdh`. */
  ecdh(point: Bytes): Bytes;
  connected(nodeId: NodeId): PeerInfo | undefined;
  /** The peer of a channel, by its short_channel_id or our alias for it. */
  peerOver(scid: ShortChannelId): NodeId | undefined;
  send(nodeId: NodeId, message: MessageOf<'onionMessage'>): boolean;
}

/** A few for each request that a peer relays to us, and no means to flood others. */
const LIMITS: OnionMessagesOptions = { burst: 20, perSecond: 5 };

/**
 * BOLT 4, "Onion Messages": passes on what has another node to reach. They are unreliable by
 * design: what cannot be passed on is dropped, and nobody is told. Nothing is stored.
 */
export class OnionMessages {
  readonly #options: OnionMessagesOptions;
  readonly #deps: OnionMessagesDeps;
  readonly #buckets = new Map<NodeId, Bucket>();

  constructor(options: Partial<OnionMessagesOptions>, deps: OnionMessagesDeps) {
    this.#options = { ...LIMITS, ...options };
    this.#deps = deps;
  }

  received(from: NodeId, message: MessageOf<'onionMessage'>): void {
    // BOLT 4, onion messages: a node may limit their rate by dropping some.
    if (!this.#mayAsk(from)) return;
    const { onionMessagePacket, pathKey } = message;
    const read = readOnionMessage(onionMessagePacket, pathKey, this.#deps.ecdh);
    if (!read.ok) {
      this.#deps.log.debug('onion message ignored', { from, reason: read.error });
      return;
    }
    if (read.value.kind === 'final') {
      this.#deps.log.debug('onion message for us, which we have no use for', { from });
      return;
    }
    const { next, packet } = read.value;
    const to = this.#peerAt(next);
    const peer = to && this.#deps.connected(to);
    if (peer === undefined || !hasFeature(peer.features, 'optionOnionMessages')) return;
    this.#deps.send(peer.nodeId, {
      kind: 'onionMessage',
      pathKey: read.value.pathKey,
      onionMessagePacket: packet,
    });
  }

  peerDisconnected(nodeId: NodeId): void {
    this.#buckets.delete(nodeId);
  }

  #peerAt(next: NextHop): NodeId | undefined {
    if (next.kind === 'node') return toHex(next.nodeId) as NodeId;
    return this.#deps.peerOver(next.shortChannelId);
  }

  #mayAsk(from: NodeId): boolean {
    let bucket = this.#buckets.get(from);
    if (bucket === undefined) {
      bucket = new Bucket(this.#options, this.#deps);
      this.#buckets.set(from, bucket);
    }
    return bucket.tryTake();
  }
}
