/** Byte strings, results and the exhaustiveness check: what every other room stands on. */
export * from './bytes.js';
export * from './reader.js';
export * from './result.js';
export * from './units.js';
