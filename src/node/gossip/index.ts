/** The gossip of a running node. */
export { Gossip } from './gossip.js';
export type { ChannelFilter, ListedChannel, ListedNode } from './listing.js';
export type * from './types.js';
