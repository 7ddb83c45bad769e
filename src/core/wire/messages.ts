/** All messages: the union, and the two borders `encodeMessage` and `decodeMessage`. */
import { type Bytes, err, ok, Reader, type Result, Writer } from '../bytes/index.js';
import { BOLT1 } from './bolt1.js';
import { BOLT2 } from './bolt2.js';
import { BOLT7 } from './bolt7.js';
import { asFault, type Codec, type WireError } from './codec.js';
import type { MessageSpec } from './message.js';

export const MESSAGES = { ...BOLT1, ...BOLT2, ...BOLT7 } as const;

type Specs = typeof MESSAGES;
export type MessageKind = keyof Specs;

type BodyOf<S> = S extends MessageSpec<infer T> ? T : never;

/** The message of one kind: `MessageOf<'updateAddHtlc'>`. */
export type MessageOf<K extends MessageKind> = {
  [P in K]: { readonly kind: P } & BodyOf<Specs[P]> extends infer R
    ? { readonly [F in keyof R]: R[F] }
    : never;
}[K];

/** Every message this node knows, discriminated by `kind`. */
export type Message = { [K in MessageKind]: MessageOf<K> }[MessageKind];

/** An odd type we do not know: to be ignored. */
export interface UnknownMessage {
  readonly kind: 'unknown';
  readonly type: number;
  readonly payload: Bytes;
}

export type GossipKind = 'channelAnnouncement' | 'nodeAnnouncement' | 'channelUpdate';

interface Entry {
  readonly kind: MessageKind;
  readonly type: number;
  readonly codec: Codec<object>;
  readonly gossip: boolean;
}

const byKind = new Map<string, Entry>();
const byType = new Map<number, Entry>();
for (const [kind, spec] of Object.entries(MESSAGES) as [MessageKind, MessageSpec<object>][]) {
  const entry = { kind, type: spec.type, codec: spec.codec, gossip: spec.signedFrom !== undefined };
  byKind.set(kind, entry);
  byType.set(spec.type, entry);
}

/** The type number of a kind: 128 for `updateAddHtlc`. */
export const messageType = (kind: MessageKind): number => MESSAGES[kind].type;

/** The message with its type before it. A gossip message that has `raw` is written as it came. */
export function encodeMessage(message: Message): Bytes {
  const entry = byKind.get(message.kind) as Entry;
  if (entry.gossip && 'raw' in message && message.raw !== undefined) return message.raw;
  const writer = new Writer().u16(entry.type);
  entry.codec.encode(writer, message);
  return writer.finish();
}

/**
 * Total. `bytes` is a whole message, its type first, and is not copied into `raw`: the caller
 * gives it away.
 */
export function decodeMessage(bytes: Bytes): Result<Message | UnknownMessage, WireError> {
  if (bytes.length < 2) return err({ code: 'truncated' });
  const reader = new Reader(bytes);
  const type = reader.u16();
  const entry = byType.get(type);
  if (entry === undefined) {
    // BOLT 1, Lightning Message Format: an unknown odd type is ignored, an even one is not.
    return type % 2 === 1
      ? ok({ kind: 'unknown', type, payload: reader.rest() })
      : err({ code: 'unknown_even_message', messageType: type });
  }
  try {
    const body = entry.codec.decode(reader);
    const message = entry.gossip
      ? { kind: entry.kind, ...body, raw: bytes }
      : { kind: entry.kind, ...body };
    return ok(message as Message);
  } catch (thrown) {
    return err({ ...asFault(thrown).toError(), messageType: type });
  }
}

/**
 * BOLT 7: the part of a gossip message that its signatures cover (as a double SHA256): all behind
 * the signatures, fields unknown to us included.
 */
export function signedPart(message: MessageOf<GossipKind>): Bytes {
  return encodeMessage(message).subarray(MESSAGES[message.kind].signedFrom as number);
}
