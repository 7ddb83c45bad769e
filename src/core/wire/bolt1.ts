/** BOLT 1: setup, control and peer storage. */
import { message } from './message.js';
import { bytes16, chainHash, channelId, rest, u16 } from './primitives.js';
import { restOf } from './structures.js';
import { tlvStream } from './tlv.js';

export const BOLT1 = {
  init: message(16, {
    globalfeatures: bytes16,
    features: bytes16,
    tlvs: tlvStream({
      networks: [1, restOf(chainHash)],
      /** One address descriptor: `decode(addressDescriptor, …)`; what it holds is hearsay. */
      remoteAddr: [3, rest],
    }),
  }),
  error: message(17, { channelId, data: bytes16 }),
  warning: message(1, { channelId, data: bytes16 }),
  ping: message(18, { numPongBytes: u16, ignored: bytes16 }),
  pong: message(19, { ignored: bytes16 }),
  peerStorage: message(7, { blob: bytes16 }),
  peerStorageRetrieval: message(9, { blob: bytes16 }),
} as const;
