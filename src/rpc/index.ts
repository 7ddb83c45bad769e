/** The JSON-RPC border of a node: commands, their manual pages, and the server on a unix socket. */
export * from './command.js';
export * from './command-table.js';
export * from './errors.js';
export type * from './node-api.js';
