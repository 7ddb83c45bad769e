/** The codec kit and the messages of BOLTs 1, 2 and 7; the feature bits of BOLT 9. */
export * from './addresses.js';
export { ATTRIBUTION_DATA_LENGTH, ONION_PACKET_LENGTH } from './bolt2.js';
export {
  type Codec,
  decode,
  encode,
  Fault,
  type Infer,
  type WireError,
  type WireErrorCode,
} from './codec.js';
export * from './features.js';
export * from './messages.js';
export * from './primitives.js';
export * from './structures.js';
export * from './tlv.js';
