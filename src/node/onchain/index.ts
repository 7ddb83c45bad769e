/** Follows the channels that end on the chain, and claims what is ours (BOLT 5). */
export { Endings } from './endings.js';
export type * from './types.js';
