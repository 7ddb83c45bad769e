/** BOLT 7: validation, sync, and the graph. */
export * from './graph.js';
export { grown, HashIndex, mix, Rows } from './tables.js';
