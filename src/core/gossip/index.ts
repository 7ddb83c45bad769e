/** BOLT 7: validation, sync, and the graph. */
export * from './graph.js';
export { GossipMachine } from './machine.js';
export { Outpoints } from './outpoints.js';
export { decodeSnapshot, encodeSnapshot, type SnapshotParts } from './snapshot.js';
export {
  channelKeyOf,
  directionOf,
  fundingScriptOf,
  nodeKeyOf,
  policyOf,
  updateChecksum,
  updateKeyOf,
} from './stored.js';
export { grown, HashIndex, mix, Rows } from './tables.js';
export * from './types.js';
