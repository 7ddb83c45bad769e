/** Whole Lightning networks in one process, in virtual time, from one seed. See docs/lab.md. */
export { LAB_EPOCH_MS, VirtualClock, type VirtualClockOptions } from './clock.js';
export { SeededEntropy } from './entropy.js';
export { MemoryNet, type MemoryNetOptions, type NetEvent } from './net.js';
export { type CommitFate, LabStore } from './store.js';
export { Trace, type TraceEntry, type TraceOptions } from './trace.js';
