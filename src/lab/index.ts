/** Whole Lightning networks in one process, in virtual time, from one seed. See docs/lab.md. */
export type { Audit } from './audit.js';
export {
  BitcoindLabChain,
  EmbeddedLabChain,
  type LabChain,
  type LabChainPort,
} from './chain/index.js';
export { LAB_EPOCH_MS, VirtualClock, type VirtualClockOptions } from './clock.js';
export { LabRpcError } from './commands.js';
export { SeededEntropy } from './entropy.js';
export { Lab, type LabChannelOptions, type LabOptions, type NodeName } from './lab.js';
export { MemoryNet, type MemoryNetOptions, type NetEvent } from './net.js';
export type { LabNode, LabNodeOptions } from './node.js';
export { type CommitFate, LabStore } from './store.js';
export { Trace, type TraceEntry, type TraceOptions } from './trace.js';
