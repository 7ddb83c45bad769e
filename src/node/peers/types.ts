import type { Bytes, NodeId, Result } from '../../core/bytes/index.js';
import type { FeatureSet, Message } from '../../core/wire/index.js';
import type { Clock, Entropy, Logger, Net, NetAddress, Signer, Store } from '../../ports/index.js';

/** Who dialled: `out` is our own call. */
export type Direction = 'in' | 'out';

/** A peer with whom both inits are exchanged. */
export interface PeerInfo {
  readonly nodeId: NodeId;
  /** What its init offers, both of its bitmaps combined. */
  readonly features: Bytes;
  /** Where it was dialled, or where its call came from. */
  readonly address: NetAddress;
  /** The other end as the net knows it: what a name was resolved to. */
  readonly remote: NetAddress;
  readonly direction: Direction;
}

/** A peer that is connected, or that is kept and will be. */
export interface PeerView {
  readonly nodeId: NodeId;
  readonly connected?: PeerInfo;
  /** Whether a lost connection is made again. */
  readonly kept: boolean;
}

/**
 * `channel`: what the channels handle (32 to 255, stfu, announcement_signatures, error, warning);
 * `gossip`: announcements, updates and queries; `other`: onion messages and peer storage.
 */
export type MessageCategory = 'channel' | 'gossip' | 'other';

/**
 * Told of a peer's messages in the order in which they came. A promise says when the work that a
 * message made is done: while too many are open, nothing more is read from the peer.
 */
export type MessageHandler = (nodeId: NodeId, message: Message) => void | Promise<void>;

/** Why `connect` failed; the codes of Core Lightning are 400, 401 and 402, in this order. */
export type ConnectError =
  | { readonly code: 'no_known_address' }
  /** One cause an address, in words. */
  | { readonly code: 'all_addresses_failed'; readonly message: string }
  /** The handshake was done, but the connection ended before both inits were exchanged. */
  | { readonly code: 'disconnected_during'; readonly message: string };

export type PingError =
  | { readonly code: 'not_connected' }
  /** A ping of more than 65,529 bytes does not fit into a message. */
  | { readonly code: 'too_long'; readonly maximum: number }
  | { readonly code: 'disconnected' };

/** `totlen`: the length of the pong with its type and length fields; 0: no answer was asked for. */
export type PingResult = Result<{ readonly totlen: number }, PingError>;

/** Why a connection ended. */
export interface CloseReason {
  readonly code: /** The other side closed it, or the net broke. */
    | 'lost'
    | 'handshake_failed'
    | 'handshake_timeout'
    /** A frame does not authenticate. */
    | 'bad_frame'
    /** A message that BOLT 1 answers by closing. */
    | 'bad_message'
    | 'bad_init'
    /** Nothing came back for a ping. */
    | 'no_answer'
    /** The peer does not read what we send. */
    | 'not_reading'
    /** Another connection with the same peer was preferred. */
    | 'replaced'
    | 'too_many'
    /** A part of this node asked for it. */
    | 'asked'
    | 'stopping'
    | 'internal';
  readonly message: string;
}

export interface PeerLimits {
  /** Act one to both inits, in milliseconds. */
  readonly handshakeMs: number;
  /** Silence after which a ping is sent, in milliseconds. */
  readonly pingAfterMs: number;
  /** Silence after that ping at which the connection is given up. */
  readonly pongWithinMs: number;
  /** Bytes held for a peer from which on gossip to it is left out. */
  readonly shedGossipBytes: number;
  /** Bytes held for a peer at which it is dropped. */
  readonly dropBytes: number;
  /** Messages of one peer whose handlers are at work, from which on its reading is paused. */
  readonly openHandlers: number;
  /** Messages that need no handler (pings, warnings, unknown types): at once, and a second. */
  readonly junkBurst: number;
  readonly junkPerSecond: number;
  /** Incoming calls whose handshake is not done. */
  readonly pendingIncoming: number;
  /** Connected peers that called us and are not kept. */
  readonly incoming: number;
  /** First and last delay before a kept peer is called again. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export const DEFAULT_LIMITS: PeerLimits = {
  handshakeMs: 30_000,
  pingAfterMs: 60_000,
  pongWithinMs: 30_000,
  shedGossipBytes: 1 << 20,
  dropBytes: 16 << 20,
  openHandlers: 1_000,
  junkBurst: 300,
  junkPerSecond: 50,
  pendingIncoming: 100,
  incoming: 1_000,
  retryMinMs: 1_000,
  retryMaxMs: 300_000,
};

export interface PeersOptions {
  readonly chainHash: Bytes;
  readonly features: FeatureSet;
  /** Where to listen; none: nobody can call us. */
  readonly listen: readonly NetAddress[];
  /** The port of an address that names none. */
  readonly defaultPort: number;
  /** Whether kept peers are called (true); without it they are only waited for. */
  readonly reconnect?: boolean;
  readonly limits?: Partial<PeerLimits>;
}

export interface PeersDeps {
  readonly net: Net;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly signer: Pick<Signer, 'nodeId' | 'ecdh'>;
  readonly store: Pick<Store, 'commit' | 'select'>;
  readonly log: Logger;
  /** Addresses that gossip knows of a node. */
  readonly addresses?: (nodeId: NodeId) => readonly NetAddress[] | Promise<readonly NetAddress[]>;
  /** The disk failed: stop the node. */
  readonly fatal: (error: unknown) => void;
}
