/** BOLT 4: packets, payloads, failures, attribution, blinded paths. */
export * from './attribution.js';
export * from './blinding.js';
export {
  createFailure,
  createRawFailure,
  type ReadFailure,
  type ReadFailureError,
  readFailure,
  relayFailure,
} from './errors.js';
export * from './failures.js';
export * from './incoming.js';
export { deriveKey, type KeyType } from './keys.js';
export * from './message.js';
export * from './packet.js';
export * from './payload.js';
