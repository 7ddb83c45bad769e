/** What tools keep with the node. */
export * from './datastore.js';
