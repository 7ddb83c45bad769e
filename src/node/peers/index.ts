/** Connections with other nodes: listening, calling, init, pings, and who gets which message. */
export { Bucket } from './bucket.js';
export { Peers } from './peers.js';
export { parsedAddress, printable, printedAddress } from './text.js';
export {
  type CloseReason,
  type ConnectError,
  DEFAULT_LIMITS,
  type Direction,
  type MessageCategory,
  type MessageHandler,
  type PeerInfo,
  type PeerLimits,
  type PeersDeps,
  type PeersOptions,
  type PeerView,
  type PingError,
  type PingResult,
} from './types.js';
