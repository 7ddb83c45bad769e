/** The roles the core's effects are carried out through. */
export * from './chain.js';
export * from './clock.js';
export * from './entropy.js';
export * from './files.js';
export * from './logger.js';
export * from './net.js';
export * from './signer.js';
export * from './store.js';
export * from './verifier.js';
