/** The composition root: a node from its configuration and ports, or on this machine's adapters. */
export type { NodeConfig } from './config.js';
export type { DaemonConfig } from './daemon-config.js';
export { createNode, type Node } from './node.js';
export type { NodePorts } from './ports.js';
export { StartError, startNode } from './start.js';
